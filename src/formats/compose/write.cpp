#include "formats/compose/write.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml_write.h"
#include "formats/compose/declaration.h"
#include "formats/compose/write_parts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

// In the scheme fixed a container is called like its service; replicas get their names from Compose.
Spec named(const ExportedApp& app) {
  Spec spec = app.spec;
  if (app.scheme != NamingScheme::fixed) return spec;
  for (Service& service : spec.services) {
    const auto is_replica = [&](const Service& other) {
      return &other != &service && other.group_name() == service.group_name();
    };
    if (service.container_name.empty() && std::none_of(spec.services.begin(), spec.services.end(), is_replica))
      service.container_name = service.name;
  }
  return spec;
}

bool has_service(const Spec& spec, const std::string& name) {
  return std::any_of(spec.services.begin(), spec.services.end(),
                     [&](const Service& each) { return each.name == name; });
}

// What is said of one app is said of its services, as far as there is a word for it.
void add_app(Spec& all, const ExportedApp& app, std::vector<Leftover>& left) {
  Spec spec = named(app);
  for (Service& service : spec.services) {
    if (has_service(all, service.name))
      throw Error(ErrorCode::conflict, format("two apps have a service {}: one file cannot hold both", service.name),
                  "Write each app to a file of its own: belay export --compose NAME.");
    if (service.order == SwapOrder::by_rule) service.order = spec.order;
    all.services.push_back(std::move(service));
  }
  const auto leave = [&](const char* field, const std::string& value) {
    left.push_back({format("{}.{}", app.name.text(), field), format("{}.{}: - {}", app.name.text(), field, value)});
  };
  if (spec.settle) leave("settle", belay::duration_text(*spec.settle));
  if (spec.wait_timeout) leave("wait_timeout", belay::duration_text(*spec.wait_timeout));
  if (spec.rolling) leave("rolling", "yes");
  if (spec.snapshot) leave("snapshot", "yes");
  for (const auto& [container, signal] : spec.signals) leave("signals", format("{} to {}", signal, container));
  all.networks.merge(spec.networks);
  all.volumes.merge(spec.volumes);
}

// A container of the file is one of its services.
void refer_to_services(const Spec& all, Service& service) {
  constexpr std::string_view of_container = "container:", of_service = "service:";
  const auto is_in_the_file = [&](const std::string& name) { return has_service(all, name) && name != service.name; };
  for (auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode})
    if (mode->starts_with(of_container) && is_in_the_file(mode->substr(of_container.size())))
      *mode = std::string(of_service) + mode->substr(of_container.size());
  for (auto& other : service.volumes_from)
    if (is_in_the_file(other.substr(0, other.find(':')))) other = std::string(of_service) + other;
}

// Other apps of the file, by the containers that the definition names.
void add_needs_of_apps(Spec& all, const ExportedApp& app) {
  if (!app.declared) return;
  for (const Service& own : app.spec.services)
    for (Service& service : all.services) {
      if (service.name != own.name) continue;
      for (const auto& other : app.declared->needs)
        if (has_service(all, other) && other != service.name) service.needs.push_back({other});
      refer_to_services(all, service);
    }
}

Spec combined(const Export& what, std::vector<Leftover>& left) {
  if (what.apps.size() == 1) return named(what.apps[0]);
  Spec all;
  for (const ExportedApp& app : what.apps) add_app(all, app, left);
  Spec with_needs = all;
  for (const ExportedApp& app : what.apps) add_needs_of_apps(with_needs, app);
  try {
    std::ignore = in_order_of_needs(with_needs);
    return with_needs;
  } catch (const Error&) {
    // They name each other in a circle, which a definition may and a Compose file may not.
    return all;
  }
}

void leave_policies(const Export& what, std::vector<Leftover>& left) {
  for (const ExportedApp& app : what.apps) {
    if (!app.declared) continue;
    const auto leave = [&](const char* field) {
      left.push_back(
          {format("{}.{}", app.name.text(), field), format("{}.{} of its definition", app.name.text(), field)});
    };
    const Policies &policies = app.declared->policies, usual;
    if (policies.restart_with) leave("restart_with");
    for (const auto& [service, build] : app.declared->builds)
      if (!build.secrets.empty()) leave("build.secrets");
    for (const auto& [service, build] : app.declared->builds)
      if (build.obstacle)
        left.push_back({format("{}.{}.build", app.name.text(), service),
                        format("{}.build: keys that Belay cannot build with", service)});
    if (what.apps.size() == 1) continue;
    if (policies.on_unhealthy != usual.on_unhealthy) leave("on_unhealthy");
    if (policies.on_drift != usual.on_drift) leave("on_drift");
    if (policies.heal_budget != usual.heal_budget) leave("heal_budget");
    if (policies.soak) leave("soak");
    if (policies.backup) leave("backup");
  }
}

std::vector<Group> groups_of(const Spec& spec) {
  std::vector<Group> groups;
  for (const Service& service : spec.services) {
    if (!service.prepares.empty()) continue;
    const auto known = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return group.front()->group_name() == service.group_name();
    });
    if (known == groups.end())
      groups.push_back({&service});
    else
      known->push_back(&service);
  }
  return groups;
}

Node written_root(Writing& writing) {
  define_network_keys(writing);
  define_volume_keys(writing);
  Node services = Node::map();
  for (const Group& group : groups_of(writing.spec))
    services.set(group.front()->group_name(), written_service(writing, group));
  Node root = Node::map();
  root.set("name", plain(writing.name));
  write_settings(writing, root);
  root.set("services", std::move(services));
  put_full(root, "networks", std::move(writing.networks));
  put_full(root, "volumes", std::move(writing.volumes));
  put_full(root, "configs", std::move(writing.configs));
  return root;
}

// Nothing but the file and its variables: that is what another machine has of it.
Spec read_back(const std::string& text, const std::string& variables) {
  Outside outside;
  outside.folder = outside.home = "/project";
  outside.read = [&](const fs::path& path) -> std::optional<std::string> {
    if (path == "/project/compose.yaml") return text;
    return path == "/project/.env" ? std::optional(variables) : std::nullopt;
  };
  return declared_project(load({}, outside)).declaration.spec;
}

std::string comment(const std::string& text) {
  std::string lines;
  for (const auto& line : split(text, '\n')) lines += "# " + printable(line) + "\n";
  return lines;
}

std::string head(const Writing& writing, const std::vector<Leftover>& left) {
  std::string text = comment(format("{}: written by belay export --compose.", writing.name));
  if (!writing.what.variables_apart) text += comment("The values of variables are in it: keep it private.");
  const auto is_external = [](const auto& member) { return member.value.find("external") != nullptr; };
  const auto& volumes = writing.volumes.members();
  if (std::any_of(volumes.begin(), volumes.end(), is_external))
    text += comment("External volumes hold data that is there already. On another host, make them first.");
  if (!left.empty()) text += comment("Compose has no word for this, so it is not in the file:");
  for (const Leftover& leftover : left) text += comment("  " + leftover.text);
  return text + "\n";
}

}  // namespace

std::string project_name(const std::string& name) {
  std::string clean;
  for (const char c : lower(name)) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_letter || (!clean.empty() && (c == '-' || c == '_'))) clean += c;
  }
  return clean.size() < 2 ? "app-" + clean : clean;
}

WrittenProject write_project(const Export& what) {
  WrittenProject written;
  const Spec spec = combined(what, written.leftovers);
  leave_policies(what, written.leftovers);
  Writing writing{project_name(what.project), spec, what, ApartValues(what.variables_apart)};
  const Node root = written_root(writing);
  written.text = document::yaml_text(root);
  written.variables = writing.variables.text();
  try {
    for (Leftover& leftover : leftovers(spec, read_back(written.text, written.variables)))
      written.leftovers.push_back(std::move(leftover));
  } catch (const Error& error) {
    written.leftovers.push_back({"", format("the file cannot be read as it is: {}", error.what())});
  }
  // The volumes go into the head, so it comes last.
  writing.volumes = root.find("volumes") == nullptr ? Node::map() : *root.find("volumes");
  written.text = head(writing, written.leftovers) + written.text;
  return written;
}

}  // namespace belay::formats::compose
