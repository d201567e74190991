#include "cli/plan_file.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/file_marks.h"
#include "declared/definitions.h"

namespace belay::cli {

namespace {

constexpr std::int64_t version = 2;

std::string digest_of(std::string_view text) {
  // FNV-1a: tells whether a text is another one, no more.
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return format("{:016x}-{:x}", hash, text.size());
}

const Declaration* declaration_of(const Declarations& declared, const std::string& name) {
  const auto found = std::find_if(declared.apps.begin(), declared.apps.end(),
                                  [&](const Declaration& declaration) { return declaration.name.text() == name; });
  return found == declared.apps.end() ? nullptr : &*found;
}

std::map<std::string, std::string> rests_on(const DeclaredInput& input, const declared::DeclaredApp& app) {
  std::map<std::string, std::string> digests;
  std::vector<fs::path> files;
  if (app.origin.starts_with("user-data")) {
    digests["user-data"] = digest_of(input.user_data.value_or(""));
  } else if (!app.origin.empty()) {
    files.emplace_back(app.origin.substr(0, app.origin.find('#')));
  }
  if (const Declaration* declaration = declaration_of(input.declared, app.name))
    files.insert(files.end(), declaration->watched.begin(), declaration->watched.end());
  for (const auto& [path, mark] : change::file_marks(files)) digests[path] = mark.digest;
  for (const auto& action : app.change.plan.actions)
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step))
      digests["image of " + create->name] = create->image;
  return digests;
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

PlannedApp read_app(const Node& node) {
  PlannedApp app;
  app.name = needed(node, "name").as_text("name");
  app.kind = needed(node, "kind").as_text("kind");
  app.lines = read_texts(needed(node, "lines"), "lines");
  for (const auto& member : needed(node, "rests_on").as_map("rests_on"))
    app.rests_on[member.key] = member.value.as_text(member.key);
  app.creates = read_texts(needed(node, "creates"), "creates");
  return app;
}

// Whether anything would be done: nothing else has to stay as it was.
bool is_to_do(const PlannedApp& app) {
  return !app.lines.empty() || app.kind == "broken";
}

std::string shown_name(const declared::DeclaredApp& app) {
  return app.name.empty() ? app.origin : app.name;
}

PlannedApp planned_app(const declared::DeclaredApp& app) {
  PlannedApp planned;
  planned.name = shown_name(app);
  planned.kind = std::string(to_text(app.kind));
  planned.lines = app.differences;
  for (const auto& action : app.change.plan.actions) {
    planned.lines.push_back(format("{} — {}", plan::step_text(action.step), action.reason));
    if (declared::is_shared(action.step)) planned.creates.push_back(planned.lines.back());
  }
  return planned;
}

// The app's lines, but for those that make something which some app of the plan makes.
std::vector<std::string> own_lines(const PlannedApp& app, const std::set<std::string>& shared) {
  std::vector<std::string> lines;
  std::copy_if(app.lines.begin(), app.lines.end(), std::back_inserter(lines),
               [&](const std::string& line) { return !shared.contains(line); });
  return lines;
}

}  // namespace

std::vector<PlannedApp> planned_apps(const DeclaredOutcome& outcome) {
  std::vector<PlannedApp> apps;
  for (const auto& app : outcome.host.apps) {
    PlannedApp planned = planned_app(app);
    if (is_to_do(planned)) planned.rests_on = rests_on(outcome.input, app);
    apps.push_back(std::move(planned));
  }
  return apps;
}

std::string objection(const std::vector<PlannedApp>& plan, const declared::DeclaredApp& now) {
  const PlannedApp doing = planned_app(now);
  const PlannedApp* planned = nullptr;
  std::set<std::string> shared;
  for (const auto& app : plan) {
    shared.insert(app.creates.begin(), app.creates.end());
    if (app.name == doing.name) planned = &app;
  }
  if (planned == nullptr) return "it is not in the plan";
  return own_lines(*planned, shared) == own_lines(doing, shared) ? ""
                                                                 : "what would be done is no longer what the plan says";
}

void write_plan_file(const fs::path& path, const PlanFile& plan) {
  Node apps = Node::list();
  for (const auto& app : plan.apps) {
    Node rests = Node::map();
    for (const auto& [what, digest] : app.rests_on) rests.set(what, Node::text(digest));
    Node node = Node::map();
    node.set("name", Node::text(app.name));
    node.set("kind", Node::text(app.kind));
    node.set("lines", texts(app.lines));
    node.set("rests_on", std::move(rests));
    node.set("creates", texts(app.creates));
    apps.add(std::move(node));
  }
  Node node = Node::map();
  node.set("belay_plan", Node::number(version));
  node.set("folder", Node::text(plan.folder.string()));
  node.set("settings_file", Node::text(plan.settings_file.string()));
  node.set("aws", Node::boolean(plan.aws));
  node.set("pull", Node::boolean(plan.pull));
  node.set("thorough", Node::boolean(plan.thorough));
  node.set("allow_empty", Node::boolean(plan.allow_empty));
  if (!plan.take_over.empty()) node.set("take_over", texts(plan.take_over));
  node.set("apps", std::move(apps));
  write_file_durably(path, document::write_json(node, 2) + "\n", 0600);
}

PlanFile read_plan_file(const fs::path& path) {
  const Node node = document::read_json(read_file(path), path.string());
  if (!node.is_map())
    throw ConfigError({path.string(), 0, 0}, "this is not a plan of Belay",
                      "Plans are written by: belay plan DIR -o FILE.");
  if (needed(node, "belay_plan").as_int("belay_plan") != version)
    throw ConfigError(needed(node, "belay_plan").where(), "this plan was written by another version of Belay",
                      "Make it anew: belay plan DIR -o FILE.");
  PlanFile plan;
  plan.folder = needed(node, "folder").as_text("folder");
  plan.settings_file = needed(node, "settings_file").as_text("settings_file");
  plan.aws = needed(node, "aws").as_bool("aws");
  plan.pull = needed(node, "pull").as_bool("pull");
  plan.thorough = needed(node, "thorough").as_bool("thorough");
  plan.allow_empty = needed(node, "allow_empty").as_bool("allow_empty");
  if (const Node* names = node.find("take_over")) plan.take_over = read_texts(*names, "take_over");
  for (const auto& app : needed(node, "apps").as_list("apps")) plan.apps.push_back(read_app(app));
  return plan;
}

std::optional<std::string> first_difference(const std::vector<PlannedApp>& then, const std::vector<PlannedApp>& now) {
  const auto find = [](const std::vector<PlannedApp>& apps, const std::string& name) {
    const auto found = std::find_if(apps.begin(), apps.end(), [&](const auto& app) { return app.name == name; });
    return found == apps.end() ? nullptr : &*found;
  };
  for (const auto& app : now) {
    const PlannedApp* before = find(then, app.name);
    if (before == nullptr) return format("{} was not there", app.name);
    if (app == *before) continue;
    if (app.kind != before->kind) return format("{} was to be '{}', and is '{}' now", app.name, before->kind, app.kind);
    for (const auto& [what, digest] : app.rests_on) {
      const auto known = before->rests_on.find(what);
      if (known == before->rests_on.end() || known->second != digest)
        return format("{} has changed for {} since the plan was made", what, app.name);
    }
    return format("the steps for {} are different now", app.name);
  }
  for (const auto& app : then)
    if (find(now, app.name) == nullptr) return format("{} is not there any more", app.name);
  return {};
}

}  // namespace belay::cli
