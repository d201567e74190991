#include <algorithm>
#include <set>
#include <tuple>

#include "base/bytes.h"
#include "base/format.h"
#include "model/check_service.h"
#include "model/fields.h"
#include "model/least_memory.h"

namespace belay {

namespace {

void refuse_nul(const std::string& text, const std::string& what) {
  if (text.find('\0') != std::string::npos) throw Error(ErrorCode::bad_value, format("{} has a NUL character", what));
}

// The texts of any field, down to the last. What a file that Belay writes holds may be anything.
void refuse_nuls(const std::string& value, const std::string& field) {
  refuse_nul(value, field);
}
template <fields::Described T>
void refuse_nuls(const T& value, const std::string& field);
template <class T>
void refuse_nuls(const T& /*number*/, const std::string& /*field*/) {}
template <class T>
void refuse_nuls(const std::optional<T>& value, const std::string& field) {
  if (value) refuse_nuls(*value, field);
}
template <class T>
void refuse_nuls(const std::vector<T>& values, const std::string& field) {
  for (const auto& value : values) refuse_nuls(value, field);
}
template <class T>
void refuse_nuls(const std::map<std::string, T>& values, const std::string& field) {
  for (const auto& [key, value] : values) {
    refuse_nul(key, "a name in " + field);
    refuse_nuls(value, field);
  }
}
template <fields::Described T>
void refuse_nuls(const T& value, const std::string& /*field*/) {
  if constexpr (std::is_same_v<T, ServiceFile>)
    refuse_nul(value.target, "the path of a file");
  else
    fields::each(value, [](const char* name, const auto& field) { refuse_nuls(field, name); });
}

// What the kernel takes as one argument or variable (MAX_ARG_STRLEN), its end included, and as all of them together
// with the usual stack of 8 MiB. More is found out only when the container starts; one engine even hangs in that.
constexpr size_t longest_argument = 131'072;
constexpr size_t all_arguments = 2'097'152;

class Arguments {
 public:
  void add(const std::string& text, const std::string& what) {
    refuse_nul(text, what);
    if (text.size() >= longest_argument)
      throw Error(ErrorCode::bad_value,
                  format("{} has {} bytes: the kernel takes less than {}", what, text.size(), longest_argument),
                  "Put it in a file and bind that.");
    constexpr size_t end_and_pointer = 9;
    sum_ += text.size() + end_and_pointer;
    if (sum_ > all_arguments)
      throw Error(
          ErrorCode::bad_value,
          format("command and variables together are more than the {} bytes that the kernel takes", all_arguments),
          "Put some of it in a file and bind that.");
  }
  void add(const std::optional<std::vector<std::string>>& words, std::string_view of) {
    if (!words) return;
    for (size_t i = 0; i < words->size(); ++i) add((*words)[i], format("word {} of the {}", i + 1, of));
  }

 private:
  size_t sum_ = 0;
};

void check_texts(const Service& service) {
  Arguments arguments;
  arguments.add(service.entrypoint, "entrypoint");
  arguments.add(service.command, "command");
  for (const auto& [name, value] : service.environment) {
    refuse_nul(name, "the name of a variable");
    arguments.add(name + "=" + value, format("the variable {}", name));
  }
  if (service.health)
    for (const auto& word : service.health->test) Arguments().add(word, "a word of the health check");
  for (const auto& [name, value] : service.labels) {
    refuse_nul(name, "the name of a label");
    refuse_nul(value, format("the label {}", name));
  }
  for (const auto& mount : service.mounts) {
    refuse_nul(mount.source, "the source of a mount");
    refuse_nul(mount.target, "the mount point of a mount");
  }
  refuse_nuls(service, "");
}

void refuse_a_check(const Service& service, const Check& check) {
  check_the(check);
  if (!check.certificate.empty() && !check.certificate.starts_with('/'))
    throw Error(ErrorCode::bad_value, format("the certificate '{}' is not an absolute path", check.certificate));
  if (service.job)
    throw Error(ErrorCode::bad_value, format("{} is a job", service.name),
                "A job proves itself by its end: leave the check out.");
  if (check.kind != Check::Kind::exec && service.network_mode == "none")
    throw Error(ErrorCode::bad_value, "a container without a network cannot be asked",
                "Use a check that runs a command in it: exec.");
}

}  // namespace

void check_service(const Service& service) {
  check_texts(service);
  if (service.scheduled && service.number > 1)
    throw Error(ErrorCode::bad_value, format("{} is run by the clock, and has replicas", service.group_name()),
                "Leave its replicas or its schedule out.");
  // None stands for no limit.
  if (const auto& memory = service.resources.memory; memory && memory->value != 0 && *memory < least_memory)
    throw Error(ErrorCode::bad_value,
                format("{} of memory are less than the engine gives a container", byte_text(*memory)),
                "The least is 6m.");
  for (size_t i = 0; i < service.ports.size(); ++i) {
    const auto& port = service.ports[i];
    if (port.container_port == 0) throw Error(ErrorCode::bad_value, "port 0 cannot be published");
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
      throw Error(ErrorCode::bad_value,
                  format("the protocol '{}' of port {} is not tcp, udp or sctp", port.protocol, port.container_port));
    for (size_t j = 0; j < i; ++j)
      if (clash(port, service.ports[j]))
        throw Error(ErrorCode::bad_value, format("the host port {} is asked for twice: {} and {}", *port.host_port,
                                                 service.ports[j].text(), port.text()));
  }
  std::set<std::string> targets;
  for (const auto& mount : service.mounts) {
    if (!mount.target.starts_with('/'))
      throw Error(ErrorCode::bad_value,
                  format("the mount point '{}' is not an absolute path in the container", mount.target));
    if (!targets.insert(mount.target).second)
      throw Error(ErrorCode::bad_value, format("two mounts go to {}", mount.target));
    if (mount.kind == Mount::Kind::image && mount.source.empty())
      throw Error(ErrorCode::bad_value, format("the mount for {} names no image", mount.target));
    if (mount.kind == Mount::Kind::bind && !mount.source.starts_with('/'))
      throw Error(ErrorCode::bad_value,
                  format("the host path '{}' for {} is not absolute", mount.source, mount.target));
  }
  for (const auto& file : service.files) {
    if (!file.target.starts_with('/') || file.target.back() == '/')
      throw Error(ErrorCode::bad_value, format("'{}' is no path of a file in the container", file.target));
    if (!targets.insert(file.target).second)
      throw Error(ErrorCode::bad_value, format("two files or mounts go to {}", file.target));
    if (service.read_only)
      throw Error(ErrorCode::bad_value,
                  format("{} is to be written into the container, which is read-only", file.target),
                  "Bind a file of the host there instead.");
  }
  for (const auto& check : service.checks)
    doing(format("the check '{}'", question(check)), [&] { refuse_a_check(service, check); });
  for (const auto& name : service.removed_variables)
    if (service.environment.contains(name))
      throw Error(ErrorCode::bad_value, format("the variable {} is set and taken out at once", name));
  if (!service.network_mode.empty() && !service.networks.empty())
    throw Error(ErrorCode::bad_value, format("network mode '{}' excludes joining the network {}", service.network_mode,
                                             service.networks[0].network));
  if ((service.network_mode.starts_with("container:") || service.network_mode.starts_with("service:")) &&
      !service.ports.empty())
    throw Error(ErrorCode::bad_value, "a container that shares another's network cannot publish ports of its own");
}

namespace {

void check_needs(const Spec& spec) {
  for (const auto& service : spec.services)
    for (const Need& need : all_needs(service)) {
      const auto other = std::find_if(spec.services.begin(), spec.services.end(),
                                      [&](const Service& each) { return each.name == need.service; });
      if (other == spec.services.end()) {
        if (need.required)
          throw Error(ErrorCode::bad_value,
                      format("the service {} needs {}, and there is no such service", service.name, need.service));
        continue;
      }
      if (need.condition == Need::Condition::completed && !other->job)
        throw Error(ErrorCode::bad_value,
                    format("the service {} waits for the end of {}, which is no job", service.name, need.service));
      if (need.condition == Need::Condition::completed && other->scheduled)
        throw Error(ErrorCode::bad_value, format("the service {} waits for the end of {}, which is run by the clock",
                                                 service.name, need.service));
      if (need.condition == Need::Condition::healthy && other->job)
        throw Error(ErrorCode::bad_value,
                    format("the service {} waits for the health of {}, which is a job", service.name, need.service));
    }
  std::ignore = in_order_of_needs(spec);
}

// Whether `definition` says nothing but that it is external.
template <class Definition>
bool is_only_external(Definition definition) {
  definition.external = false;
  definition.labels.clear();
  return definition == Definition{};
}

void check_definitions(const Spec& spec) {
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorCode::bad_value, format("{} is external, so nothing else can be said of it", what),
                "Leave out its driver and options, or let Belay make it (external: false).");
  };
  for (const auto& [name, network] : spec.networks) {
    refuse_nul(name, "the name of a network");
    if (network.external && !is_only_external(network)) refuse(format("the network {}", name));
    if (name == "host" || name == "none" || (name == "bridge" && !network.external))
      throw Error(ErrorCode::bad_value, format("{} is a network of the engine's own and cannot be defined", name));
    for (const auto& pool : network.pools)
      if (pool.subnet.empty() && !(pool.gateway.empty() && pool.ip_range.empty() && pool.aux_addresses.empty()))
        throw Error(ErrorCode::bad_value, format("the network {} has addresses without their subnet", name));
  }
  for (const auto& [name, volume] : spec.volumes) {
    refuse_nul(name, "the name of a volume");
    if (volume.external && !is_only_external(volume)) refuse(format("the volume {}", name));
  }
}

}  // namespace

void check_spec(const Spec& spec) {
  std::set<std::string> names;
  for (const auto& service : spec.services) {
    if (!names.insert(service.name).second)
      throw Error(ErrorCode::bad_value, format("two services are called {}", service.name));
    check_service(service);
  }
  check_needs(spec);
  check_definitions(spec);
  for (size_t i = 0; i < spec.services.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      for (const auto& a : spec.services[i].ports)
        for (const auto& b : spec.services[j].ports)
          if (clash(a, b))
            throw Error(ErrorCode::bad_value, format("the services {} and {} both ask for host port {}",
                                                     spec.services[j].name, spec.services[i].name, *a.host_port));
}

}  // namespace belay
