#include <algorithm>
#include <array>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "model/fields.h"

namespace belay {

namespace {

constexpr const char* hidden = "(hidden)";
// What is there but empty, as against what is not there.
constexpr const char* empty = "(empty)";

// A spec as leaves: "env.LOG_LEVEL" → "info". Lists are one leaf with their elements in order.
using Leaves = std::map<std::string, std::string>;

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(bool value) {
  return value ? "yes" : "no";
}
template <std::integral T>
std::string text_of(T value) {
  return format("{}", value);
}
std::string text_of(ByteCount value) {
  return value.value < 0 ? "unlimited" : byte_text(value);
}
std::string text_of(Milliseconds value) {
  return duration_text(value);
}
std::string text_of(SwapOrder value) {
  return value == SwapOrder::by_rule ? "by rule" : value == SwapOrder::start_first ? "start first" : "stop first";
}
std::string text_of(const PortBinding& port) {
  return port.text();
}
std::string text_of(const Mount& mount) {
  const std::string source = mount.kind == Mount::Kind::tmpfs ? "(memory)"
                             : mount.source.empty()           ? "(anonymous)"
                                                              : mount.source;
  std::string text = source + ":" + mount.target;
  if (mount.read_only) text += ":ro";
  if (!mount.options.empty()) text += (mount.read_only ? "," : ":") + mount.options;
  if (mount.kind == Mount::Kind::image) text += " of the image";
  if (!mount.subpath.empty()) text += " from " + mount.subpath;
  if (!mount.recursive.empty()) text += ", what is mounted below: " + mount.recursive;
  if (mount.must_exist) text += " if there";
  for (const auto& [name, value] : mount.labels) text += format(" {}={}", name, value);
  return text;
}
std::string text_of(const NetworkLink& link) {
  std::string text = link.network;
  if (!link.aliases.empty()) text += " as " + join(link.aliases, ", ");
  if (!link.ipv4.empty()) text += " at " + link.ipv4;
  if (!link.ipv6.empty()) text += " at " + link.ipv6;
  for (const auto& address : link.link_local_ips) text += " at " + address;
  if (!link.mac_address.empty()) text += " with " + link.mac_address;
  for (const auto& [name, value] : link.options) text += format(" {}={}", name, value);
  if (link.gateway_priority) text += format(", gateway priority {}", *link.gateway_priority);
  return text;
}
std::string text_of(const RestartPolicy& policy) {
  return policy.maximum_retries > 0 ? format("{}:{}", policy.name, policy.maximum_retries) : policy.name;
}
std::string text_of(const Need& need) {
  constexpr std::array conditions{"", " healthy", " completed"};
  return format("{}{}{}{}", need.service, conditions.at(static_cast<size_t>(need.condition)),
                need.required ? "" : " if there", need.restart ? " restarts it" : "");
}
std::string text_of(const Device& device) {
  return format("{}:{}:{}", device.host_path, device.container_path, device.permissions);
}
std::string text_of(const Ulimit& limit) {
  return format("{}={}:{}", limit.name, limit.soft, limit.hard);
}
std::string text_of(const HealthCheck& check) {
  std::vector<std::string> words;
  for (const auto& word : check.test) words.push_back(shell_quoted(word));
  std::string text = join(words, " ");
  if (check.interval) text += " every " + duration_text(*check.interval);
  if (check.timeout) text += " within " + duration_text(*check.timeout);
  if (check.start_period) text += " after " + duration_text(*check.start_period);
  if (check.retries) text += format(" {} retries", *check.retries);
  if (check.start_interval) text += " at first every " + duration_text(*check.start_interval);
  return text;
}
std::string text_of(const DeviceRequest& request) {
  std::string text = request.driver.empty() ? "any driver" : request.driver;
  if (request.count) text += *request.count < 0 ? " all" : format(" {}", *request.count);
  for (const auto* words : {&request.device_ids, &request.capabilities})
    if (!words->empty()) text += " " + join(*words, "+");
  for (const auto& [name, value] : request.options) text += format(" {}={}", name, value);
  return text;
}
std::string text_of(const BlockLimit& limit) {
  return format("{} {}={}", limit.kind, limit.path, limit.value);
}
// Another content has another sum, without a word of it.
std::uint64_t sum_of(const std::string& content) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char c : content) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}
std::string text_of(const ServiceFile& file) {
  return format("{} ({} bytes, sum {:016x}, {}:{} {:o})", file.target, file.content.size(), sum_of(file.content),
                file.uid, file.gid, file.mode);
}
std::string text_of(const HookCommand& hook) {
  std::string text;
  for (const auto& word : hook.command) text += (text.empty() ? "" : " ") + shell_quoted(word);
  if (!hook.user.empty()) text += " as " + hook.user;
  if (!hook.working_dir.empty()) text += " in " + hook.working_dir;
  for (const auto& [name, value] : hook.environment) text += format(" {} (sum {:016x})", name, sum_of(value));
  return hook.privileged ? text + " privileged" : text;
}
std::string text_of(const AddressPool& pool) {
  std::string text = pool.subnet.empty() ? "any subnet" : pool.subnet;
  if (!pool.gateway.empty()) text += " by " + pool.gateway;
  if (!pool.ip_range.empty()) text += " from " + pool.ip_range;
  for (const auto& [host, address] : pool.aux_addresses) text += format(" without {} of {}", address, host);
  return text;
}
// Quoted where the list could be misread: {"a, b"} is not {"a", "b"}.
std::string element(const std::string& text) {
  if (!text.empty() && text.find_first_of(",'") == std::string::npos) return text;
  const std::string quoted = shell_quoted(text);
  return quoted.starts_with('\'') ? quoted : "'" + quoted + "'";
}
template <class T>
std::string text_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const auto& value : values) {
    if constexpr (std::is_same_v<T, std::string>)
      texts.push_back(element(value));
    else
      texts.push_back(text_of(value));
  }
  return join(texts, ", ");
}

template <class T>
void add_leaf(Leaves& leaves, const std::string& path, const T& value) {
  if (std::string text = text_of(value); !text.empty()) leaves[path] = std::move(text);
}
template <class T>
void add_leaf(Leaves& leaves, const std::string& path, const std::optional<T>& value) {
  if (!value) return;
  const std::string text = text_of(*value);
  leaves[path] = text.empty() ? empty : text;
}
void add_leaf(Leaves& leaves, const std::string& path, const std::map<std::string, std::string>& values) {
  for (const auto& [key, value] : values) leaves[path + "." + key] = value.empty() ? empty : value;
}
void add_leaf(Leaves& leaves, const std::string& path, bool value) {
  if (value) leaves[path] = "yes";
}
// Headers are leaves of their own: what one of them says may be a secret.
void add_leaf(Leaves& leaves, const std::string& path, const std::vector<Check>& checks) {
  for (size_t i = 0; i < checks.size(); ++i) {
    const std::string own = checks.size() == 1 ? path : format("{}.{}", path, i + 1);
    leaves[own] = to_text(checks[i]);
    add_leaf(leaves, own + ".headers", checks[i].headers);
  }
}
// Its parts are leaves of their own.
void add_leaf(Leaves& leaves, const std::string&, const Resources& resources) {
  fields::each(resources, [&](const char* name, const auto& field) { add_leaf(leaves, name, field); });
}

Leaves leaves_of(const Service& service) {
  Leaves leaves;
  fields::each(service, [&](const char* name, const auto& field) {
    const std::string_view which = name;
    // The only one of its group has a number as well.
    if (which != "name" && (which != "number" || service.number != 1) &&
        (which != "order" || service.order != SwapOrder::by_rule))
      add_leaf(leaves, name, field);
  });
  return leaves;
}

template <fields::Described T>
Leaves leaves_of(const T& definition) {
  Leaves leaves;
  fields::each(definition, [&](const char* name, const auto& field) { add_leaf(leaves, name, field); });
  return leaves;
}
// That it is there at all counts as well.
template <class Definition>
void add_definitions(Leaves& leaves, const std::string& path, const std::map<std::string, Definition>& definitions) {
  for (const auto& [name, definition] : definitions) {
    const Leaves own = leaves_of(definition);
    for (const auto& [field, value] : own) leaves[format("{}.{}.{}", path, name, field)] = value;
    if (own.empty()) leaves[format("{}.{}", path, name)] = "defined";
  }
}

bool is_in_place(const std::string& field) {
  static const std::vector<std::string> fields_in_place = [] {
    std::vector<std::string> names{"restart", "networks", "needs",        "group",   "number",  "order",
                                   "rolling", "settle",   "wait_timeout", "may_end", "snapshot"};
    const Resources resources;
    fields::each(resources, [&](const char* name, const auto&) { names.emplace_back(name); });
    return names;
  }();
  // What is signalled and checked is asked when the app starts, hooks run at the next start and stop, and where a
  // project's files are is no part of its containers.
  return field.starts_with("post_start") || field.starts_with("pre_stop") || field.starts_with("signals.") ||
         field.starts_with("project.") || field.starts_with("checks") ||
         std::find(fields_in_place.begin(), fields_in_place.end(), field) != fields_in_place.end();
}

// "o" of a share has "username=…,password=…".
bool holds_a_secret_option(std::string_view name, const std::string& value) {
  const auto parts = split(value, ',');
  return holds_a_secret(name, value) || std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
           const size_t equals = part.find('=');
           return equals != std::string::npos && holds_a_secret(std::string_view(part).substr(0, equals), "");
         });
}

// Variables, and whatever else has names of the user's own: options of a log driver hold tokens too.
bool is_secret(const std::string& field, const std::string& value) {
  static const std::vector<std::string> maps = [] {
    std::vector<std::string> names;
    const Service service;
    fields::each(service, [&](const char* name, const auto& values) {
      if constexpr (std::is_same_v<decltype(values), const std::map<std::string, std::string>&>)
        names.push_back(format("{}.", name));
    });
    return names;
  }();
  // Whatever its name is: an Authorization is as secret as a token.
  if (field.starts_with("checks") && field.find(".headers.") != std::string::npos) return true;
  constexpr std::string_view options = ".options.";
  if (const size_t at = field.find(options);
      at != std::string::npos && (field.starts_with("networks.") || field.starts_with("volumes.")) &&
      holds_a_secret_option(std::string_view(field).substr(at + options.size()), value))
    return true;
  return std::any_of(maps.begin(), maps.end(), [&](const std::string& map) {
    return field.starts_with(map) && holds_a_secret(std::string_view(field).substr(map.size()), value);
  });
}

}  // namespace

std::string FieldChange::text() const {
  if (before.empty()) return format("{}: + {}", field, after);
  if (after.empty()) return format("{}: - {}", field, before);
  return format("{}: {} → {}", field, before, after);
}

std::vector<FieldChange> differences(const Spec& before, const Spec& after) {
  std::vector<FieldChange> changes;
  const auto compare = [&](const std::string& prefix, const Leaves& old_leaves, const Leaves& new_leaves) {
    Leaves all = old_leaves;
    all.insert(new_leaves.begin(), new_leaves.end());
    for (const auto& [field, unused] : all) {
      const auto old_leaf = old_leaves.find(field);
      const auto new_leaf = new_leaves.find(field);
      if (old_leaf != old_leaves.end() && new_leaf != new_leaves.end() && old_leaf->second == new_leaf->second)
        continue;
      FieldChange change{prefix + field, old_leaf == old_leaves.end() ? "" : old_leaf->second,
                         new_leaf == new_leaves.end() ? "" : new_leaf->second, is_in_place(field)};
      for (std::string* value : {&change.before, &change.after})
        if (!value->empty() && is_secret(field, *value)) *value = hidden;
      changes.push_back(std::move(change));
    }
  };
  std::map<std::string, std::pair<const Service*, const Service*>> pairs;
  for (const auto& service : before.services) pairs[service.name].first = &service;
  for (const auto& service : after.services) pairs[service.name].second = &service;
  // Of replicas that come or go their number says enough.
  const auto replicas = [](const Spec& spec, const std::string& group) {
    return std::count_if(spec.services.begin(), spec.services.end(),
                         [&](const Service& service) { return service.group_name() == group; });
  };
  std::set<std::string> told;
  for (const auto& [name, pair] : pairs) {
    const Service& either = pair.first != nullptr ? *pair.first : *pair.second;
    const std::string& group = either.group_name();
    if ((pair.first == nullptr || pair.second == nullptr) && either.number > 1 && replicas(before, group) > 0 &&
        replicas(after, group) > 0) {
      if (told.insert(group).second)
        changes.push_back({group + ".replicas", std::to_string(replicas(before, group)),
                           std::to_string(replicas(after, group)), false});
      continue;
    }
    const std::string prefix = pairs.size() > 1 ? name + "." : "";
    compare(prefix, pair.first != nullptr ? leaves_of(*pair.first) : Leaves{},
            pair.second != nullptr ? leaves_of(*pair.second) : Leaves{});
  }
  Leaves old_policies, new_policies;
  const auto policies = [](const Spec& spec, Leaves& leaves) {
    if (spec.order != SwapOrder::by_rule) add_leaf(leaves, "order", spec.order);
    add_leaf(leaves, "rolling", spec.rolling);
    add_leaf(leaves, "signals", spec.signals);
    add_leaf(leaves, "settle", spec.settle);
    add_leaf(leaves, "wait_timeout", spec.wait_timeout);
    add_leaf(leaves, "snapshot", spec.snapshot);
    add_definitions(leaves, "networks", spec.networks);
    add_definitions(leaves, "volumes", spec.volumes);
    if (spec.project)
      fields::each(*spec.project,
                   [&](const char* name, const auto& field) { add_leaf(leaves, format("project.{}", name), field); });
  };
  policies(before, old_policies);
  policies(after, new_policies);
  compare("", old_policies, new_policies);
  return changes;
}

namespace {

template <class Definition>
std::vector<FieldChange> changes_of(const std::string& path, const Definition& before, const Definition& after) {
  Spec old_one, new_one;
  if constexpr (std::is_same_v<Definition, NetworkDefinition>) {
    old_one.networks["x"] = before;
    new_one.networks["x"] = after;
  } else {
    old_one.volumes["x"] = before;
    new_one.volumes["x"] = after;
  }
  std::vector<FieldChange> changes = differences(old_one, new_one);
  std::erase_if(changes, [&](const FieldChange& change) { return change.field == path; });
  for (auto& change : changes) change.field.erase(0, path.size() + 1);
  return changes;
}

}  // namespace

std::vector<FieldChange> differences(const NetworkDefinition& before, const NetworkDefinition& after) {
  return changes_of("networks.x", before, after);
}
std::vector<FieldChange> differences(const VolumeDefinition& before, const VolumeDefinition& after) {
  return changes_of("volumes.x", before, after);
}

namespace {

bool names_network(const std::vector<NetworkLink>& links, const NetworkLink& wanted) {
  return std::any_of(links.begin(), links.end(), [&](const NetworkLink& link) { return link == wanted; });
}

// A container cannot be moved to or from the default bridge, and a link that stays must stay as it is: another alias
// would break the connections that the old one carries.
bool can_change_networks(const Service& before, const Service& after) {
  if (before.networks == after.networks) return true;
  if (before.networks.empty() || after.networks.empty()) return false;
  return std::all_of(after.networks.begin(), after.networks.end(), [&](const NetworkLink& link) {
    const bool was_joined = std::any_of(before.networks.begin(), before.networks.end(),
                                        [&](const NetworkLink& old) { return old.network == link.network; });
    return !was_joined || names_network(before.networks, link);
  });
}

// The engine can move a limit but not lift it, and what was set for the first time could not be taken back.
bool limits_the_same(const Resources& before, const Resources& after) {
  const auto set = [](const Resources& resources) {
    std::vector<bool> set_ones;
    fields::each(resources, [&](const char*, const auto& field) {
      set_ones.push_back(field != std::remove_cvref_t<decltype(field)>{});
    });
    return set_ones;
  };
  return set(before) == set(after);
}

}  // namespace

std::vector<std::string> limits_that_differ(const Resources& wanted, const Resources& present) {
  Leaves wanted_leaves, present_leaves;
  add_leaf(wanted_leaves, "", wanted);
  add_leaf(present_leaves, "", present);
  std::vector<std::string> names;
  for (const auto& [name, value] : wanted_leaves) {
    const auto shown = present_leaves.find(name);
    const bool may_be_dropped = name == "memory_swap" || name == "kernel_memory" || name == "blkio_weight";
    if (shown == present_leaves.end() ? !may_be_dropped : shown->second != value) names.push_back(name);
  }
  return names;
}

bool can_go_on(const Service& before, const Service& after) {
  Spec old_one, new_one;
  old_one.services = {before};
  new_one.services = {after};
  const auto changes = differences(old_one, new_one);
  return before.name == after.name &&
         std::all_of(changes.begin(), changes.end(), [](const FieldChange& change) { return change.in_place; }) &&
         can_change_networks(before, after) && limits_the_same(before.resources, after.resources);
}

bool can_change_in_place(const Spec& before, const Spec& after) {
  if (before.services.size() != after.services.size()) return false;
  const auto changes = differences(before, after);
  if (changes.empty() || !std::all_of(changes.begin(), changes.end(), [](const auto& c) { return c.in_place; }))
    return false;
  for (size_t i = 0; i < before.services.size(); ++i) {
    const Service &old_one = before.services[i], &new_one = after.services[i];
    if (old_one.name != new_one.name || !can_change_networks(old_one, new_one) ||
        !limits_the_same(old_one.resources, new_one.resources))
      return false;
  }
  return true;
}

Spec without_secrets(Spec spec) {
  for (auto& service : spec.services)
    fields::each(service, [](const char*, auto& values) {
      if constexpr (std::is_same_v<decltype(values), std::map<std::string, std::string>&>)
        for (auto& [name, value] : values)
          if (holds_a_secret(name, value)) value = hidden;
    });
  const auto hide = [](auto& definitions) {
    for (auto& [name, definition] : definitions)
      for (auto& [option, value] : definition.options)
        if (holds_a_secret_option(option, value)) value = hidden;
  };
  for (auto& service : spec.services) {
    for (auto& file : service.files) file.content = hidden;
    for (auto& check : service.checks)
      for (auto& [name, value] : check.headers) value = hidden;
    for (auto* hooks : {&service.post_start, &service.pre_stop})
      for (auto& hook : *hooks)
        for (auto& [name, value] : hook.environment)
          if (holds_a_secret(name, value)) value = hidden;
  }
  hide(spec.networks);
  hide(spec.volumes);
  return spec;
}

}  // namespace belay
