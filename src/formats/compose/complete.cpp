#include "formats/compose/complete.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/paths.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

bool is_on(const Member& service, const Request& request, const std::vector<std::string>& profiles) {
  const Node* wanted = service.value.find("profiles");
  if (wanted == nullptr || wanted->items().empty()) return true;
  if (std::find(request.services.begin(), request.services.end(), service.key) != request.services.end()) return true;
  for (const Node& profile : wanted->items())
    for (const std::string& given : profiles)
      if (given == "*" || given == profile.raw()) return true;
  return false;
}

// The profiles of services that are named on the command line are on for all.
std::vector<std::string> with_named_services(std::vector<std::string> profiles, const Node& services,
                                             const Request& request) {
  for (const std::string& name : request.services) {
    const Node* service = services.find(name);
    const Node* own = service == nullptr ? nullptr : service->find("profiles");
    if (own == nullptr) continue;
    for (const Node& profile : own->items())
      if (std::find(profiles.begin(), profiles.end(), profile.raw()) == profiles.end())
        profiles.push_back(profile.raw());
  }
  return profiles;
}

// A profile that no service has switches nothing on, and is no part of what the project is made from.
void drop_unknown_profiles(Project& project, const Node& services, Loading& loading) {
  std::set<std::string> known;
  for (const Member& service : services.members())
    if (const Node* own = service.value.find("profiles"))
      for (const Node& profile : own->items()) known.insert(profile.raw());
  std::erase_if(project.profiles, [&](const std::string& profile) {
    if (profile == "*" || known.contains(profile)) return false;
    const std::vector<std::string> names(known.begin(), known.end());
    loading.notice(Notice::Kind::dropped, {project.files.empty() ? std::string() : project.files.front(), 0, 0},
                   format("no service has the profile {}{}", printable(profile),
                          names.empty() ? "; none has any" : format("; the profiles are {}", join(names, ", "))));
    return true;
  });
}

void imply(Node& service, const std::string& name, bool restart, const Node& at) {
  if (service.find("depends_on") == nullptr) put(service, "depends_on", Node::map(), at);
  Node& dependencies = *service.find("depends_on");
  if (dependencies.find(name) != nullptr) return;
  Node dependency = Node::map();
  put(dependency, "condition", Node::text("service_started"), at);
  put(dependency, "required", Node::boolean(true), at);
  put(dependency, "restart", Node::boolean(restart), at);
  put(dependencies, name, std::move(dependency), at);
}

void imply_dependencies(Node& service) {
  if (const Node* links = service.find("links")) {
    const Node copy = *links;
    for (const Node& link : copy.items()) imply(service, link.raw().substr(0, link.raw().find(':')), true, link);
  }
  for (const char* key : {"network_mode", "pid", "ipc", "uts", "cgroup"}) {
    const Node* found = service.find(key);
    if (found == nullptr || !found->raw().starts_with("service:")) continue;
    const Node mode = *found;
    imply(service, mode.raw().substr(8), true, mode);
  }
  if (const Node* others = service.find("volumes_from")) {
    const Node copy = *others;
    for (const Node& other : copy.items())
      if (!other.raw().starts_with("container:"))
        imply(service, other.raw().substr(0, other.raw().find(':')), false, other);
  }
}

void complete_dependencies(Node& service) {
  Node* dependencies = service.find("depends_on");
  if (dependencies == nullptr) return;
  for (Member& member : dependencies->members()) {
    if (member.value.find("required") == nullptr) put(member.value, "required", Node::boolean(true), member.value);
    if (member.value.find("restart") == nullptr) put(member.value, "restart", Node::boolean(false), member.value);
  }
}

void complete_build(Node& service) {
  Node* build = service.find("build");
  if (build == nullptr) return;
  if (build->find("dockerfile") == nullptr && build->find("dockerfile_inline") == nullptr)
    put(*build, "dockerfile", Node::text("Dockerfile"), *build);
}

void complete_healthcheck(Node& service) {
  Node* check = service.find("healthcheck");
  const Node* disable = check == nullptr ? nullptr : check->find("disable");
  if (disable == nullptr) return;
  const Node at = *disable;
  if (at.raw() == "true") {
    Node none = Node::list();
    none.add(text_at("NONE", at));
    put(*check, "test", std::move(none), at);
  }
  check->remove("disable");
}

void complete_service(Node& service) {
  complete_build(service);
  complete_healthcheck(service);
  imply_dependencies(service);
  complete_dependencies(service);
  if (Node* policy = service.find("pull_policy"); policy != nullptr && policy->raw() == "if_not_present")
    *policy = text_at("missing", *policy);
  Node* networks = service.find("networks");
  if (service.find("network_mode") == nullptr && service.find("provider") == nullptr &&
      (networks == nullptr || networks->members().empty())) {
    put(service, "networks", Node::map(), service);
    networks = service.find("networks");
    put(*networks, "default", Node::map(), service);
  }
  if (networks != nullptr)
    for (Member& member : networks->members())
      if (member.value.is_null()) {
        const Node at = member.value;
        member.value = Node::map();
        member.value.set_where(at.where().line > 0 ? at.where() : member.key_where);
      }
  const Node* deploy = service.find("deploy");
  const Node* replicas = deploy == nullptr ? nullptr : deploy->find("replicas");
  if (service.find("scale") == nullptr && replicas != nullptr) put(service, "scale", *replicas, *replicas);
  std::erase_if(service.members(), [](const Member& member) { return member.value.is_null(); });
}

void add_default_network(Node& model) {
  Node* networks = model.find("networks");
  if (networks != nullptr && networks->find("default") != nullptr) return;
  for (const Member& member : model.find("services")->members()) {
    const Node* wanted = member.value.find("networks");
    if (wanted == nullptr || wanted->find("default") == nullptr) continue;
    if (networks == nullptr) put(model, "networks", Node::map(), model);
    put(*model.find("networks"), "default", Node::map(), *wanted->find("default"));
    return;
  }
}

void name_section(Node& model, const std::string& section, const std::string& project) {
  Node* entries = model.find(section);
  if (entries == nullptr) return;
  for (Member& member : entries->members()) {
    if (member.value.is_null()) {
      member.value = Node::map();
      member.value.set_where(member.key_where);
    }
    const Node* external = member.value.find("external");
    const bool is_external = external != nullptr && external->raw() == "true";
    if (!is_external) member.value.remove("external");
    if (member.value.find("name") == nullptr)
      put(member.value, "name", Node::text(is_external ? member.key : project + "_" + member.key), member.value);
  }
}

}  // namespace

void apply_profiles(Node& model, const Request& request, Loading& loading) {
  Node& services = *model.find("services");
  Project& project = loading.project;
  project.profiles = with_named_services(project.profiles, services, request);
  drop_unknown_profiles(project, services, loading);
  std::vector<Member> on;
  for (Member& member : services.members()) {
    if (is_on(member, request, project.profiles))
      on.push_back(std::move(member));
    else
      project.off.push_back(member.key);
  }
  services.members() = std::move(on);
}

void complete(Node& model, Loading& loading) {
  name_build_contexts(model);
  for (Member& member : model.find("services")->members()) complete_service(member.value);
  add_default_network(model);
  for (const char* section : {"networks", "volumes", "configs", "secrets"})
    name_section(model, section, loading.project.name);
  model.remove("version");
  std::erase_if(model.members(), [](const Member& member) {
    return member.key != "services" && member.value.is_map() && member.value.members().empty();
  });
  model.set("name", Node::text(loading.project.name));
}

}  // namespace belay::formats::compose
