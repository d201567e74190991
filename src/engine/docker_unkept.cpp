#include "engine/docker_unkept.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "engine/docker_mounts.h"
#include "engine/docker_service.h"
#include "engine/json.h"

namespace belay::engine {

namespace {

using Names = std::vector<std::string_view>;

bool is_one_of(std::string_view word, const Names& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// How the container was begun, not what it is.
const Names of_the_beginning{"ConsoleSize", "AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce"};
// The image alone says these.
const Names of_the_image{"Image", "OnBuild", "Shell", "ArgsEscaped"};
// What a network gives, not what was asked of it.
const Names given_by_networks{"NetworkID",         "EndpointID",          "Gateway",
                              "IPAddress",         "IPPrefixLen",         "IPv6Gateway",
                              "GlobalIPv6Address", "GlobalIPv6PrefixLen", "DNSNames"};
// Maps whose keys are the user's: one that is there says something, whatever its value.
const Names maps_of_the_user{"Annotations", "DriverOpts", "Sysctls", "StorageOpt", "Labels", "Options"};

// The paths that every engine since 20.10 hides, or keeps from being written, unless told otherwise. Newer ones add
// some of their own below /proc and /sys.
const Names always_masked{"/proc/asound",     "/proc/acpi",        "/proc/kcore", "/proc/keys",   "/proc/latency_stats",
                          "/proc/timer_list", "/proc/sched_debug", "/proc/scsi",  "/sys/firmware"};
const Names always_read_only{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

bool is_usual(const std::vector<std::string>& paths, const Names& always) {
  const auto is_there = [&](std::string_view path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  const auto is_of_the_kernel = [](const std::string& path) {
    return path.starts_with("/proc/") || path.starts_with("/sys/");
  };
  return std::all_of(always.begin(), always.end(), is_there) &&
         std::all_of(paths.begin(), paths.end(), is_of_the_kernel);
}

std::string usual_network(const std::string& mode) {
  return mode == "default" || mode == "bridge" ? std::string() : mode;
}

// "/db:/web/database" and "db:database" are the same link.
std::set<std::string> plain_links(JsonView links) {
  std::set<std::string> result;
  for (const std::string& link : links.texts()) {
    const auto parts = split(link, ':');
    const std::string& last = parts.back();
    result.insert((link.starts_with('/') ? parts[0].substr(1) : parts[0]) + ":" + last.substr(last.rfind('/') + 1));
  }
  return result;
}

std::vector<std::string> plain_command(JsonView words) {
  const auto command = words.texts();
  return command == std::vector<std::string>{""} ? std::vector<std::string>() : command;
}

std::set<std::string> bindings_of(JsonView bindings) {
  std::set<std::string> result;
  bindings.each_item([&](JsonView binding) {
    const std::string port = binding["HostPort"].text();
    result.insert(binding["HostIp"].text() + "|" + (port == "0" ? "" : port));
  });
  return result;
}

class Comparison {
 public:
  Comparison(JsonView inspection, JsonView image, const EngineDefaults& defaults, ApiMinor api)
      : inspection_(inspection),
        config_(inspection["Config"]),
        host_(inspection["HostConfig"]),
        image_(image["Config"]),
        image_config_(decode_image(image).config),
        defaults_(defaults),
        service_(decode_service(inspection, image ? &image_config_ : nullptr, defaults)),
        body_(JsonDocument::parse(create_body({.name = service_.name,
                                               .image = service_.image,
                                               .service = service_,
                                               .labels = {},
                                               .restart = service_.restart},
                                              api))) {}

  std::vector<UnkeptSetting> result() && {
    compare_config();
    compare_host_config();
    compare_mounts();
    compare_networks();
    return std::move(found_);
  }

 private:
  void note(const std::string& name, std::string_view setting) { found_.push_back(unkept_setting(name, setting)); }
  void note(const std::string& name) { note(name, name); }

  // `name` is what it is called, `setting` the same without places in lists and names of networks.
  void compare(const std::string& name, const std::string& setting, JsonView has, JsonView gets) {
    const bool every_key = has.is_object() && is_one_of(setting.substr(setting.rfind('.') + 1), maps_of_the_user);
    if ((every_key ? has.keys().empty() : has.says_nothing()) || has.same(gets)) return;
    if (!gets || (!has.is_object() && !has.is_list())) return note(name, setting);
    if (has.is_list()) return compare_items(name, setting, has, gets);
    has.each_member([&](std::string_view key, JsonView value) {
      const std::string under = format("{}.{}", name, key);
      if (every_key && value.text().empty() && !gets[key]) return note(under, setting);
      compare(under, format("{}.{}", setting, key), value, gets[key]);
    });
  }

  void compare_items(const std::string& name, const std::string& setting, JsonView has, JsonView gets) {
    std::vector<JsonView> others;
    gets.each_item([&](JsonView item) { others.push_back(item); });
    size_t index = 0;
    has.each_item([&](JsonView item) {
      const JsonView other = index < others.size() ? others[index] : JsonView();
      compare(format("{}[{}]", name, index++), setting, item, other);
    });
  }

  void compare_config() {
    const JsonView gets = body_.root();
    static const Names apart{"Hostname",   "Domainname", "MacAddress", "Env",          "Cmd",
                             "Entrypoint", "Labels",     "Volumes",    "ExposedPorts", "Healthcheck"};
    config_.each_member([&](std::string_view key, JsonView value) {
      if (is_one_of(key, of_the_beginning) || is_one_of(key, of_the_image) || is_one_of(key, apart)) return;
      const std::string name(key);
      if (!value.same(image_[key])) compare(name, name, value, gets[key]);
    });
    compare_names(gets);
    compare_environment(gets["Env"]);
    compare_command(gets);
    compare_labels(gets["Labels"]);
    compare_ports(gets["ExposedPorts"]);
    config_["Healthcheck"].each_member([&](std::string_view key, JsonView value) {
      const std::string name = format("Healthcheck.{}", key);
      if (!value.same(image_["Healthcheck"][key])) compare(name, name, value, gets["Healthcheck"][key]);
    });
  }

  void compare_names(JsonView gets) {
    if (host_["NetworkMode"].text().starts_with("container:")) return;  // it shows the other's names
    const std::string name = config_["Hostname"].text();
    const bool is_given = name == inspection_["Id"].text().substr(0, 12) || name == defaults_.host_name;
    if (!is_given) compare("Hostname", "Hostname", config_["Hostname"], gets["Hostname"]);
    compare("Domainname", "Domainname", config_["Domainname"], gets["Domainname"]);
    if (config_["MacAddress"].text() != service_.mac_address) note("MacAddress");
  }

  void compare_environment(JsonView gets) {
    const auto environment = decode_environment(gets);
    std::set<std::string> present;
    for (const std::string& variable : config_["Env"].texts()) {
      const size_t equals = variable.find('=');
      const std::string name = variable.substr(0, equals);
      present.insert(name);
      if (equals == std::string::npos) {
        if (!environment_without(gets, name)) found_.push_back({format("Env.{}", name), format("--env {}", name)});
        continue;
      }
      const std::string value = variable.substr(equals + 1);
      const auto set = environment.find(name);
      const auto inherited = image_config_.environment.find(name);
      const bool kept = set != environment.end()
                            ? set->second == value
                            : inherited != image_config_.environment.end() && inherited->second == value;
      if (!kept) note(format("Env.{}", name));
    }
    // One that was taken away ("-e NAME" without a value) would come back.
    for (const auto& [name, value] : image_config_.environment)
      if (!present.contains(name) && !environment_without(gets, name))
        found_.push_back({format("Env without {}", name), format("--env {}", name)});
  }

  static bool environment_without(JsonView variables, const std::string& name) {
    const auto texts = variables.texts();
    return std::find(texts.begin(), texts.end(), name) != texts.end();
  }

  void compare_command(JsonView gets) {
    const bool own_entrypoint = bool(gets["Entrypoint"]);
    if (plain_command(config_["Entrypoint"]) !=
        plain_command(own_entrypoint ? gets["Entrypoint"] : image_["Entrypoint"]))
      note("Entrypoint");
    // Under none at all the image's command stays.
    const bool has_entrypoint = own_entrypoint && !gets["Entrypoint"].texts().empty();
    const auto command = gets["Cmd"]      ? gets["Cmd"].texts()
                         : has_entrypoint ? std::vector<std::string>()
                                          : image_["Cmd"].texts();
    if (config_["Cmd"].texts() != command) note("Cmd");
  }

  void compare_labels(JsonView gets) {
    const auto kept = gets.text_map();
    for (const auto& label : config_["Labels"].text_map()) {
      const auto inherited = image_config_.labels.find(label.first);
      const bool of_image = inherited != image_config_.labels.end() && inherited->second == label.second;
      const auto found = kept.find(label.first);
      if (!of_image && !label.first.starts_with("belay.") && (found == kept.end() || found->second != label.second))
        note(format("Labels.{}", label.first));
    }
  }

  void compare_ports(JsonView exposed) {
    const auto& inherited = image_config_.exposed_ports;
    for (const std::string& port : config_["ExposedPorts"].keys())
      if (!exposed[port] && std::find(inherited.begin(), inherited.end(), port) == inherited.end())
        note(format("ExposedPorts.{}", port));
    const JsonView bindings = body_.root()["HostConfig"]["PortBindings"];
    host_["PortBindings"].each_member([&](std::string_view port, JsonView wanted) {
      if (bindings_of(wanted) != bindings_of(bindings[port]))
        found_.push_back({format("PortBindings.{}", port), "--publish of a range of host ports for one port"});
    });
  }

  void compare_host_config() {
    const JsonView gets = body_.root()["HostConfig"];
    static const Names apart{"Binds",       "Mounts",      "Tmpfs",         "PortBindings", "Links",
                             "NetworkMode", "MaskedPaths", "ReadonlyPaths", "SecurityOpt",  "LogConfig"};
    host_.each_member([&](std::string_view key, JsonView value) {
      const std::string name(key);
      if (is_one_of(key, of_the_beginning) || is_one_of(key, apart) || is_default(name, value)) return;
      compare(name, name, value, gets[key]);
    });
    compare_paths("MaskedPaths", always_masked);
    compare_paths("ReadonlyPaths", always_read_only);
    compare_security(gets["SecurityOpt"]);
    const JsonView log = host_["LogConfig"];
    const bool own_log = gets["LogConfig"] || log["Type"].text() != defaults_.log_driver;
    if (own_log) compare("LogConfig", "LogConfig", log, gets["LogConfig"]);
    const std::string mode = host_["NetworkMode"].text(), first = gets["NetworkMode"].text();
    const bool is_same = usual_network(mode) == usual_network(first);
    const bool is_its_id = inspection_["NetworkSettings"]["Networks"][first]["NetworkID"].text() == mode;
    if (!is_same && !is_its_id) note("NetworkMode");
  }

  // What the engine fills in where nobody said anything.
  bool is_default(const std::string& key, JsonView value) const {
    const std::string text = value.text();
    if (key == "IpcMode") return text == "private";
    if (key == "Isolation") return text == "default";
    if (key == "Runtime") return text == defaults_.runtime;
    if (key == "CgroupnsMode")
      return text == (host_["Privileged"].truth() ? "host" : defaults_.cgroupns_mode) ||
             text == defaults_.cgroupns_mode;
    if (key == "ShmSize") return value.number() == (64 << 20);
    if (key == "MemorySwappiness") return value.number() < 0;
    return false;
  }

  void compare_paths(const std::string& key, const Names& always) {
    const JsonView paths = host_[key];
    if (!paths.is_list() || host_["Privileged"].truth() || is_usual(paths.texts(), always)) return;
    if (!paths.same(body_.root()["HostConfig"][key])) note(key);
  }

  void compare_security(JsonView gets) {
    const auto kept = gets.texts();
    for (const std::string& option : host_["SecurityOpt"].texts()) {
      const bool by_the_engine =
          option == "label=disable" &&
          (host_["Privileged"].truth() || host_["PidMode"].text() == "host" || host_["IpcMode"].text() == "host");
      if (!by_the_engine && std::find(kept.begin(), kept.end(), option) == kept.end())
        note(format("SecurityOpt.{}", option.substr(0, option.find_first_of("=:"))));
    }
  }

  void compare_mounts() {
    const auto gets = mounts_by_target(body_.root(), body_.root()["HostConfig"]);
    for (const auto& [target, mount] : mounts_by_target(config_, host_)) {
      if (mount.is_anonymous() && image_["Volumes"].has(target)) continue;
      const auto other = gets.find(target);
      if (other == gets.end()) {
        const auto type = mount.settings.find("Type");
        found_.push_back({mount.name, format("--mount type={}", type == mount.settings.end() ? "" : type->second)});
        continue;
      }
      for (const auto& [setting, value] : mount.settings) {
        const auto kept = other->second.settings.find(setting);
        if (kept == other->second.settings.end() || kept->second != value)
          note(format("{}.{}", mount.name, setting), format("Mounts.{}", setting));
      }
    }
  }

  void compare_networks() {
    const std::string mode = host_["NetworkMode"].text();
    if (mode == "host" || mode == "none" || mode.starts_with("container:")) return;
    const JsonView first = body_.root()["NetworkingConfig"]["EndpointsConfig"];
    if (plain_links(host_["Links"]) != plain_links(body_.root()["HostConfig"]["Links"])) note("Links");
    inspection_["NetworkSettings"]["Networks"].each_member([&](std::string_view network, JsonView endpoint) {
      const std::string name(network);
      if (first[name]) return compare_endpoint(name, endpoint, first[name]);
      for (const NetworkLink& link : later_networks(service_)) {
        if (link.network != name) continue;
        const auto connection = JsonDocument::parse(connect_body("", link));
        return compare_endpoint(name, endpoint, connection.root()["EndpointConfig"]);
      }
      compare_endpoint(name, endpoint, {});
    });
  }

  void compare_endpoint(const std::string& network, JsonView has, JsonView gets) {
    const std::string name = format("Networks.{}", network);
    if (plain_links(has["Links"]) != plain_links(gets["Links"])) note(name + ".Links");
    auto aliases = has["Aliases"].texts();
    const auto kept = gets["Aliases"].texts();
    std::erase_if(aliases, [&](const std::string& alias) {
      return alias == inspection_["Id"].text().substr(0, 12) || alias == config_["Hostname"].text() ||
             std::find(kept.begin(), kept.end(), alias) != kept.end();
    });
    if (!aliases.empty()) note(name + ".Aliases");
    // One that the network gave stands there too, but only while the container runs.
    const bool is_joined = !has["EndpointID"].text().empty();
    const std::string address = has["MacAddress"].text();
    if (!is_joined && !address.empty() && address != service_.mac_address)
      found_.push_back({name + ".MacAddress", "--network …,mac-address=…"});
    has.each_member([&](std::string_view key, JsonView value) {
      if (is_one_of(key, given_by_networks) || is_one_of(key, {"Links", "Aliases", "MacAddress"})) return;
      if (key != "IPAMConfig") return compare(format("{}.{}", name, key), format("Networks.{}", key), value, gets[key]);
      value.each_member([&](std::string_view part, JsonView address_part) {
        compare(format("{}.IPAMConfig.{}", name, part), format("Networks.IPAMConfig.{}", part), address_part,
                gets[key][part]);
      });
    });
  }

  const JsonView inspection_, config_, host_, image_;
  const ImageConfig image_config_;
  const EngineDefaults& defaults_;
  const Service service_;
  const JsonDocument body_;
  std::vector<UnkeptSetting> found_;
};

}  // namespace

std::vector<UnkeptSetting> unkept_settings(JsonView inspection, JsonView image, const EngineDefaults& defaults,
                                           ApiMinor api) {
  return Comparison(inspection, image, defaults, api).result();
}

}  // namespace belay::engine
