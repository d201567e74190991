#include "formats/dockerstra/map.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/keywords.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/dockerstra/tests.h"
#include "formats/mounts.h"
#include "model/naming.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

bool may_stand_in(const Keyword& keyword, Step step) {
  return keyword.step == step || (step == Step::creation && keyword.step == Step::startup);
}

std::string_view word_of(Step step) {
  return step == Step::build ? "build" : step == Step::creation ? "creation" : "startup";
}

// Refuses what is unknown or cannot be done; says where a keyword belongs that stands in the wrong step.
void check_keywords(const Node& map, Step step, std::string_view what) {
  std::vector<std::string> known;
  for (const Keyword& keyword : keywords())
    if (may_stand_in(keyword, step)) known.emplace_back(keyword.name);
  for (const Member& member : map.members()) {
    const Keyword *here = nullptr, *elsewhere = nullptr;
    for (const Keyword& keyword : keywords())
      if (keyword.name == member.key) (may_stand_in(keyword, step) ? here : elsewhere) = &keyword;
    if (here != nullptr && here->treatment == Treatment::refused) {
      ConfigError error(member.key_where, format("\"{}\" cannot be done: {}", member.key, here->text), "Leave it out.");
      error.set_code(ErrorCode::unsupported);
      throw error;
    }
    if (here != nullptr) continue;
    std::string hint = elsewhere != nullptr ? format("It belongs to \"{}\".", word_of(elsewhere->step))
                                            : did_you_mean(member.key, known);
    throw ConfigError(member.key_where, format("unknown keyword \"{}\" in {}", printable(member.key), what),
                      std::move(hint));
  }
}

void lay_settings(Node& below, const Node& above) {
  for (const Member& member : above.members())
    if (member.key != "host_config") {
      below.remove(member.key);
      below.add_member(member);
    }
}

Wanted wanted_of(const Unit& unit, const Container& container, const fs::path& folder) {
  check_keywords(container.build, Step::build, format("the build of {}", container.name));
  check_keywords(container.creation, Step::creation, format("the creation of {}", container.name));
  check_keywords(container.startup, Step::startup, format("the startup of {}", container.name));
  Wanted wanted{unit, container, Node::map(), folder, build_folder(unit, container)};
  if (const Node* host = container.creation.find("host_config"); host != nullptr && !host->is_null()) {
    host->as_map("\"host_config\"");
    check_keywords(*host, Step::startup, format("the host_config of {}", container.name));
    lay_settings(wanted.settings, *host);
  }
  lay_settings(wanted.settings, container.creation);
  lay_settings(wanted.settings, container.startup);
  return wanted;
}

Service service_of(const Wanted& wanted) {
  Service service;
  service.name = wanted.container.name;
  service.container_name = engine_name(wanted.container);
  if (!AppName::is_valid(service.container_name))
    refuse(*wanted.find("name"), format("'{}' cannot be the name of a container", printable(service.container_name)));
  service.image = image_of(wanted.unit, wanted.container);
  map_creation(wanted, service);
  map_startup(wanted, service);
  map_limits(wanted, service);
  map_mounts(wanted, service);
  service.order = SwapOrder::stop_first;
  service.job = !wanted.container.job.is_null();
  return service;
}

void add_need(Service& service, const std::string& other, Need::Condition condition) {
  const bool is_there =
      std::any_of(service.needs.begin(), service.needs.end(), [&](const Need& need) { return need.service == other; });
  if (!is_there && other != service.name) service.needs.push_back({other, condition});
}

bool is_on_the_default_bridge(const Service& service) {
  return service.network_mode.empty() && service.networks.empty();
}

// Links within the unit are names on a network of its own: they hold, whichever of the two is made anew.
void join_linked(const Unit& unit, Spec& spec) {
  std::set<std::string> linked;
  std::map<std::string, std::vector<std::string>> aliases;
  for (Service& service : spec.services)
    std::erase_if(service.links, [&](const std::string& link) {
      const Container* other = container_of_unit(unit, link.substr(0, link.find(':')));
      const auto target = std::find_if(spec.services.begin(), spec.services.end(), [&](const Service& each) {
        return other != nullptr && each.name == other->name;
      });
      if (target == spec.services.end()) return false;
      if (!is_on_the_default_bridge(service) || !is_on_the_default_bridge(*target)) return false;
      linked.insert({service.name, target->name});
      aliases[target->name].push_back(link.substr(link.find(':') + 1));
      return true;
    });
  for (Service& service : spec.services)
    if (linked.contains(service.name)) service.networks.push_back({unit.address.unit, aliases[service.name], "", ""});
}

// A container starts when those that it links to have been started, and those that an order before it waits for
// ("attach") have ended. All others start side by side.
void set_needs(const Unit& unit, const std::set<std::string>& attached, Spec& spec) {
  std::vector<std::string> ended;
  for (Service& service : spec.services) {
    for (const std::string& job : ended) add_need(service, job, Need::Condition::completed);
    if (attached.contains(service.name)) ended.push_back(service.name);
    for (const auto& link : service.links) {
      const Container* other = container_of_unit(unit, link.substr(0, link.find(':')));
      const bool is_made =
          other != nullptr && std::any_of(spec.services.begin(), spec.services.end(),
                                          [&](const Service& each) { return each.name == other->name; });
      if (is_made) add_need(service, other->name, Need::Condition::started);
    }
  }
}

void check_references(const Unit& unit, const Spec& spec) {
  const auto refuse_missing = [&](const Service& service, const std::string& other, std::string_view why) {
    const bool is_there = std::any_of(spec.services.begin(), spec.services.end(),
                                      [&](const Service& each) { return each.name == other; });
    if (!is_there)
      throw ConfigError(unit.find(service.name)->where,
                        format("{} {} {}, and no order makes it", service.name, why, other),
                        format("Put an order before it: - {}: {{command: create}}.", other));
  };
  constexpr std::string_view of_service = "service:";
  for (const Service& service : spec.services) {
    for (const auto& from : service.volumes_from)
      if (from.starts_with(of_service))
        refuse_missing(service, split(from.substr(of_service.size()), ':').front(), "has the volumes of");
    for (const auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode})
      if (mode->starts_with(of_service))
        refuse_missing(service, mode->substr(of_service.size()), "shares a namespace with");
  }
}

bool is_true_argument(const Order& order, std::string_view name) {
  const Node* node = order.argument(name);
  return node != nullptr && node->as_bool(format("\"{}\"", name));
}

}  // namespace

std::string engine_name(const Container& container) {
  const Node* name = container.creation.find("name");
  return name == nullptr || name->is_null() ? container.name : name->as_text("\"name\"");
}

const Container* container_of_unit(const Unit& unit, const std::string& name) {
  if (const Container* named = unit.find(name)) return named;
  for (const Container& container : unit.containers)
    if (engine_name(container) == name) return &container;
  return nullptr;
}

Mapped map_unit(const Unit& unit, const fs::path& folder) {
  Mapped mapped;
  std::map<std::string, Service> services;
  std::set<std::string> names;
  for (const Container& container : unit.containers) {
    if (only_looks(container)) continue;
    Service service = service_of(wanted_of(unit, container, folder));
    if (!names.insert(service.container_name).second)
      throw ConfigError(container.where, format("two containers would be called {}", service.container_name),
                        "Give one of them another name: creation: {name: NAME}.");
    mapped.images[container.name] = service.image;
    if (auto build = build_of(unit, container)) mapped.builds[container.name] = std::move(*build);
    services.emplace(container.name, std::move(service));
  }
  std::map<std::string, size_t> places;
  std::set<std::string> started, attached;
  for (const Order& order : unit.orders) {
    if (order.command != "create" && order.command != "start") continue;
    if (!services.contains(order.container))
      throw ConfigError(order.where, format("{} has no image: it only says where checks look", order.container),
                        "Leave the order out, or say creation: {image: NAME}.");
    const auto [place, is_new] = places.emplace(order.container, mapped.spec.services.size());
    if (is_new) mapped.spec.services.push_back(services.at(order.container));
    if (order.command == "create") continue;
    started.insert(order.container);
    if (is_true_argument(order, "attach")) attached.insert(order.container);
    if (const Node* timeout = order.argument("timeout"))
      mapped.spec.services[place->second].stop_timeout =
          static_cast<int>(integer_value(*timeout, "\"timeout\"", 0, 1'000'000));
  }
  for (Service& service : mapped.spec.services)
    service.job = service.job || attached.contains(service.name) || !started.contains(service.name);
  for (const fs::path& path : bound_settings(mapped.spec)) mapped.watched.push_back(path);
  std::erase_if(mapped.builds, [&](const auto& build) { return !places.contains(build.first); });
  set_needs(unit, attached, mapped.spec);
  join_linked(unit, mapped.spec);
  check_references(unit, mapped.spec);
  at({unit.file.string(), 0, 0}, [&] { check_spec(mapped.spec); });
  return mapped;
}

Declaration declaration_of(const Unit& unit, const fs::path& folder) {
  if (!AppName::is_valid(unit.address.unit))
    throw ConfigError(
        {unit.file.string(), 0, 0}, format("'{}' cannot be the name of an app", printable(unit.address.unit)),
        "Give the unit's file or folder a name of letters, digits, '-', '_' and '.', at least two of them.");
  for (const Order& order : unit.orders)
    if (order.command != "create" && order.command != "start" && order.command != "build")
      throw ConfigError(order.where, format("the order \"{}\" makes and starts nothing", order.command));
  Mapped mapped = map_unit(unit, folder);
  Declaration declared{AppName(unit.address.unit)};
  declared.spec = std::move(mapped.spec);
  declared.builds = std::move(mapped.builds);
  declared.origin = unit.file.string();
  declared.origin_kind = Origin::unit;
  declared.place = {unit.file.string(), 1, 1};
  declared.watched = std::move(mapped.watched);
  declared.scheme = NamingScheme::fixed;
  for (const Service& service : declared.spec.services) {
    declared.pulls[service.name] = Pull::missing;
    for (const Mount& mount : service.mounts)
      if (mount.kind == Mount::Kind::volume &&
          mount.source != volume_name(declared.scheme, AppName(service.name), mount.target))
        declared.named_volumes.insert(mount.source);
  }
  return declared;
}

}  // namespace belay::formats::dockerstra
