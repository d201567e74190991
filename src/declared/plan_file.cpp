#include "declared/plan_file.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "declared/plan_json.h"
#include "declared/plan_rests.h"
#include "document/json.h"
#include "plan/sequence.h"

namespace belay::declared {

namespace {

using document::Node;

// 1 and 2 had the steps as sentences, for a comparison with another plan; 3 knew no projects.
constexpr std::int64_t file_version = 4;
constexpr const char* make_it_anew = "Make it anew: belay plan DIR -o FILE.";

Node list_of(const std::vector<std::string>& words) {
  Node list = Node::list();
  for (const auto& word : words) list.add(Node::text(word));
  return list;
}

std::vector<std::string> read_texts(const Node& node, std::string_view what) {
  std::vector<std::string> values;
  for (const auto& item : node.as_list(what)) values.push_back(item.as_text(what));
  return values;
}

const Node& needed(const Node& map, std::string_view key) {
  if (const Node* node = map.find(key)) return *node;
  throw ConfigError(map.where(), format("this is not a plan of Belay: '{}' is missing", key),
                    "Plans are written by: belay plan DIR -o FILE.");
}

// Seals the node: whoever edits the file would have something run that nobody planned.
void seal(Node& node) {
  node.set("digest", Node::text(digest_of(document::write_json(node))));
}

void refuse_edited(const Node& node, const std::string& what) {
  const std::string digest = needed(node, "digest").as_text("digest");
  Node sealed = node;
  sealed.remove("digest");
  if (digest_of(document::write_json(sealed)) != digest)
    throw ConfigError(node.where(), format("{} is not what Belay wrote here", what), make_it_anew);
}

DeclaredApp::Kind kind_from(const Node& node) {
  using Kind = DeclaredApp::Kind;
  for (const auto kind :
       {Kind::unchanged, Kind::change, Kind::repair, Kind::removal, Kind::held, Kind::trouble, Kind::broken})
    if (to_text(kind) == node.as_text("kind")) return kind;
  throw ConfigError(node.where(), format("'{}' is nothing that a plan does with an app", node.raw()), make_it_anew);
}

Node written(const PlannedApp& app) {
  Node facts = Node::map();
  for (const auto& [what, fact] : app.steps.facts) facts.set(what, Node::text(fact));
  Node node = Node::map();
  node.set("name", Node::text(app.name));
  node.set("kind", Node::text(std::string(to_text(app.kind))));
  node.set("differences", list_of(app.differences));
  node.set("release_id", Node::text(app.steps.identity));
  node.set("facts", std::move(facts));
  node.set("images", to_node(app.steps.images));
  node.set("change", to_node(app.steps.change));
  node.set("snapshots", to_node(app.steps.snapshots));
  node.set("clean_up", to_node(app.steps.clean_up));
  seal(node);
  return node;
}

PlannedApp read_app(const Node& node) {
  PlannedApp app;
  app.name = needed(node, "name").as_text("name");
  app.kind = kind_from(needed(node, "kind"));
  app.differences = read_texts(needed(node, "differences"), "differences");
  app.steps.identity = needed(node, "release_id").as_text("release_id");
  for (const auto& member : needed(node, "facts").as_map("facts"))
    app.steps.facts[member.key] = member.value.as_text(member.key);
  app.steps.images = plan_from(needed(node, "images"));
  app.steps.change = plan_from(needed(node, "change"));
  app.steps.snapshots = plan_from(needed(node, "snapshots"));
  app.steps.clean_up = plan_from(needed(node, "clean_up"));
  document::refuse_unknown_keys(
      node,
      {"name", "kind", "differences", "release_id", "facts", "images", "change", "snapshots", "clean_up", "digest"},
      "the plan of an app");
  refuse_edited(node, format("the plan of {}", app.name));
  return app;
}

Node written(const formats::compose::Request& project) {
  Node node = Node::map();
  const auto set_path = [&](const char* key, const std::optional<fs::path>& path) {
    if (path) node.set(key, Node::text(path->string()));
  };
  set_path("folder", project.folder);
  set_path("project_folder", project.project_folder);
  node.set("files", list_of(project.files));
  std::vector<std::string> env_files;
  for (const auto& file : project.env_files) env_files.push_back(file.string());
  node.set("env_files", list_of(env_files));
  if (project.name) node.set("name", Node::text(*project.name));
  node.set("profiles", list_of(project.profiles));
  return node;
}

formats::compose::Request read_project_of(const Node& node) {
  formats::compose::Request project;
  if (const Node* folder = node.find("folder")) project.folder = folder->as_text("folder");
  if (const Node* folder = node.find("project_folder")) project.project_folder = folder->as_text("project_folder");
  project.files = read_texts(needed(node, "files"), "files");
  for (const auto& file : read_texts(needed(node, "env_files"), "env_files")) project.env_files.emplace_back(file);
  if (const Node* name = node.find("name")) project.name = name->as_text("name");
  project.profiles = read_texts(needed(node, "profiles"), "profiles");
  return project;
}

// What was planned for which is told apart by its name, or by its place where it has none.
const PlannedApp* find(const std::vector<PlannedApp>& apps, const std::string& name) {
  const auto found = std::find_if(apps.begin(), apps.end(), [&](const auto& app) { return app.name == name; });
  return found == apps.end() ? nullptr : &*found;
}

std::optional<std::string> difference(const PlannedApp& before, const PlannedApp& app) {
  if (app.kind != before.kind)
    return format("{} was to be '{}', and is '{}' now", app.name, to_text(before.kind), to_text(app.kind));
  if (const auto moved = first_moved(before.steps.facts, app.steps.facts)) return format("{}: {}", app.name, *moved);
  for (const auto part :
       {&PlannedSteps::images, &PlannedSteps::change, &PlannedSteps::snapshots, &PlannedSteps::clean_up})
    if (const auto other = plan::first_difference(before.steps.*part, app.steps.*part))
      return format("{}: {}", app.name, *other);
  if (app.differences != before.differences) return format("what differs in {} is something else now", app.name);
  return {};
}

}  // namespace

std::vector<PlannedApp> planned_apps(const DeclaredHost& host) {
  std::vector<PlannedApp> apps;
  for (const auto& app : host.apps) {
    apps.push_back({app.name.empty() ? app.origin : app.name, app.kind, app.differences, app.planned});
  }
  return apps;
}

std::map<std::string, PlannedSteps> steps_by_app(const std::vector<PlannedApp>& apps) {
  std::map<std::string, PlannedSteps> steps;
  for (const auto& app : apps) steps[app.name] = app.steps;
  return steps;
}

void write_plan_file(const fs::path& path, const PlanFile& plan) {
  Node apps = Node::list();
  for (const auto& app : plan.apps) apps.add(written(app));
  Node node = Node::map();
  node.set("belay_plan", Node::number(file_version));
  node.set("folder", Node::text(plan.folder.string()));
  node.set("settings_file", Node::text(plan.settings_file.string()));
  node.set("aws", Node::boolean(plan.aws));
  node.set("pull", Node::boolean(plan.pull));
  node.set("thorough", Node::boolean(plan.thorough));
  node.set("allow_empty", Node::boolean(plan.allow_empty));
  node.set("take_over", list_of(plan.take_over));
  if (plan.project) node.set("project", written(*plan.project));
  node.set("apps", std::move(apps));
  seal(node);
  write_file_durably(path, document::write_json(node, 2) + "\n", 0600);
}

PlanFile read_plan_file(const fs::path& path) {
  const Node node = document::read_json(read_file(path), path.string());
  if (!node.is_map() || node.find("belay_plan") == nullptr) {
    const std::string folder = shell_quoted(path.has_parent_path() ? path.parent_path().string() : ".");
    throw ConfigError({path.string(), 0, 0}, "this is not a plan of Belay",
                      format("Plans are written by: belay plan DIR -o FILE. A definition is applied with those beside "
                             "it: belay apply {}",
                             folder));
  }
  if (needed(node, "belay_plan").as_int("belay_plan") != file_version)
    throw ConfigError(needed(node, "belay_plan").where(), "this plan was written by another version of Belay",
                      make_it_anew);
  PlanFile plan;
  plan.folder = needed(node, "folder").as_text("folder");
  plan.settings_file = needed(node, "settings_file").as_text("settings_file");
  plan.aws = needed(node, "aws").as_bool("aws");
  plan.pull = needed(node, "pull").as_bool("pull");
  plan.thorough = needed(node, "thorough").as_bool("thorough");
  plan.allow_empty = needed(node, "allow_empty").as_bool("allow_empty");
  plan.take_over = read_texts(needed(node, "take_over"), "take_over");
  if (const Node* project = node.find("project")) plan.project = read_project_of(*project);
  for (const auto& app : needed(node, "apps").as_list("apps")) plan.apps.push_back(read_app(app));
  refuse_edited(node, "the plan");
  return plan;
}

std::optional<std::string> first_difference(const std::vector<PlannedApp>& then, const std::vector<PlannedApp>& now) {
  for (const auto& app : now) {
    const PlannedApp* before = find(then, app.name);
    if (before == nullptr) return format("{} was not there", app.name);
    if (auto other = difference(*before, app)) return other;
  }
  for (const auto& app : then)
    if (find(now, app.name) == nullptr) return format("{} is not there any more", app.name);
  return {};
}

}  // namespace belay::declared
