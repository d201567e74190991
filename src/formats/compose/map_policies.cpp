#include <algorithm>

#include "base/format.h"
#include "formats/check_values.h"
#include "formats/compose/map_parts.h"
#include "formats/definition_values.h"
#include "formats/dockerup_policies.h"
#include "model/labels.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

Hook mapped_hook(const Node& node) {
  Hook hook{node.where()};
  hook.command = texts_of(node, "command");
  hook.image = text_of(node, "image");
  hook.user = text_of(node, "user");
  hook.working_dir = text_of(node, "working_dir");
  hook.environment = pairs_of(node, "environment");
  hook.privileged = is_true(node, "privileged");
  hook.per_replica = is_true(node, "per_replica");
  if (hook.command.empty() && hook.image.empty()) throw ConfigError(node.where(), "the hook has no command");
  return hook;
}

// "every_12h", "every_2d"; days and weeks are not words of parse_duration.
Milliseconds period_of(const Node& node, const std::string& text) {
  constexpr std::string_view every = "every_";
  std::string rest = text.substr(every.size());
  int factor = 1;
  if (rest.ends_with('d') || rest.ends_with('w')) {
    factor = rest.back() == 'd' ? 24 : 168;
    rest.back() = 'h';
  }
  Node time = Node::text(rest);
  time.set_where(node.where());
  return duration_at(time, "pull_policy") * factor;
}

fs::path in_project(const Mapping& mapping, const std::string& path) {
  return (mapping.project.folder / path).lexically_normal();
}

void map_watch(Mapping& mapping, const Node& settings) {
  const Node* watch = settings.find("watch");
  if (watch == nullptr) return;
  std::vector<std::string> paths;
  if (watch->is_list())
    paths = texts_of(settings, "watch");
  else
    paths.push_back(watch->as_text("watch"));
  for (const auto& each : paths) {
    const fs::path path = in_project(mapping, each);
    for (const char* folder : {"/proc", "/sys", "/dev"})
      if (path == folder || path.string().starts_with(format("{}/", folder)))
        refuse_key(*watch, ErrorCode::bad_value, format("what is in {} has no content that could be watched", folder),
                   "Remove it from x-belay.watch.");
    mapping.mapped.settings.watched.push_back(path);
    mapping.watch(path);
  }
}

}  // namespace

void map_hooks(Mapping& mapping, const ServiceBlock& block) {
  Hooks hooks;
  const auto take = [&](const char* key, std::vector<Hook>& into) {
    for (const Node& node : items_of(block.node, key)) into.push_back(mapped_hook(node));
  };
  take("pre_start", hooks.pre_start);
  take("post_start", hooks.post_start);
  take("pre_stop", hooks.pre_stop);
  if (!hooks.pre_start.empty() || !hooks.post_start.empty() || !hooks.pre_stop.empty())
    mapping.mapped.hooks.emplace(block.name, std::move(hooks));
}

void map_pull_policy(Mapping& mapping, const ServiceBlock& block) {
  const Node* node = block.node.find("pull_policy");
  if (node == nullptr || node->is_null()) return;
  const std::string& word = node->as_scalar("pull_policy");
  PullPolicy policy;
  using Kind = PullPolicy::Kind;
  if (word == "always")
    policy.kind = Kind::always;
  else if (word == "never")
    policy.kind = Kind::never;
  else if (word == "build")
    policy.kind = Kind::build;
  else if (word == "daily")
    policy = {Kind::every, std::chrono::hours(24)};
  else if (word == "weekly")
    policy = {Kind::every, std::chrono::hours(168)};
  else if (word.starts_with("every_"))
    policy = {Kind::every, period_of(*node, word)};
  else if (word != "missing" && word != "if_not_present")
    throw ConfigError(node->where(), format("pull_policy is always, never, missing, build, daily, weekly or "
                                            "every_TIME, not '{}'",
                                            word));
  if (policy.kind == Kind::build && block.node.find("build") == nullptr)
    throw ConfigError(node->where(), format("{} is to be built, and nothing says how", block.name), "Give it a build.");
  mapping.mapped.pull.emplace(block.name, policy);
}

void map_schedule(Mapping& mapping, const ServiceBlock& block, const Node& settings, Service& service) {
  auto schedule = defined_schedule(settings, service);
  if (!schedule) return;
  const Node* job = settings.find("job");
  if (job != nullptr && !is_true(settings, "job"))
    throw ConfigError(job->where(), format("{} has a schedule, so it is a job", block.name));
  mapping.mapped.schedules[block.name] = std::move(*schedule);
}

void map_settings_of(Mapping& mapping, const ServiceBlock& block, Service& service) {
  const Node* settings = block_of(block.node, "x-belay");
  if (settings == nullptr) return;
  document::refuse_unknown_keys(*settings, {"job", "order", "watch", "backup", "check", "update", "schedule"},
                                "\"x-belay\"");
  service.job = is_true(*settings, "job");
  map_schedule(mapping, block, *settings, service);
  if (const Node* order = settings->find("order"))
    service.order = choice_value(*order, "\"order\"", {"start-first", "stop-first"}) == "start-first"
                        ? SwapOrder::start_first
                        : SwapOrder::stop_first;
  if (const Node* check = settings->find("check")) service.checks = check_values(*check, mapping.project.folder);
  map_watch(mapping, *settings);
  const Node* backup = block_of(*settings, "backup");
  if (backup == nullptr) return;
  document::refuse_unknown_keys(*backup, {"before", "after"}, "\"backup\"");
  if (const Node* before = backup->find("before"))
    service.labels[labels::backup_before] = before->as_text("\"before\"");
  if (const Node* after = backup->find("after")) service.labels[labels::backup_after] = after->as_text("\"after\"");
}

// After those of the app, which count where a service says nothing.
void map_updates(Mapping& mapping, const ServiceBlock& block) {
  const Node* settings = block_of(block.node, "x-belay");
  const Node* update = settings == nullptr ? nullptr : block_of(*settings, "update");
  if (update != nullptr)
    mapping.mapped.updates[block.name] = defined_update(*update, block.node, mapping.mapped.settings.policies.update);
}

void map_settings(Mapping& mapping) {
  const Node* settings = block_of(mapping.project.root, "x-belay");
  if (settings == nullptr) return;
  static const std::vector<std::string> keys{"order",        "settle",   "wait_timeout", "soak",
                                             "on_unhealthy", "on_drift", "heal_budget",  "update",
                                             "snapshot",     "watch",    "backup"};
  document::refuse_unknown_keys(*settings, keys, "\"x-belay\"");
  mapping.mapped.settings.policies = defined_policies(*settings);
  mapping.mapped.settings.updates = settings->find("update") != nullptr;
  mapping.mapped.settings.snapshot = is_true(*settings, "snapshot");
  // What deploy says of single services gives way to what is said of the whole.
  Spec said;
  define_swap(said, *settings);
  Spec& spec = mapping.mapped.spec;
  if (said.order != SwapOrder::by_rule) spec.order = said.order;
  if (said.rolling) spec.rolling = true;
  if (said.settle) spec.settle = said.settle;
  if (said.wait_timeout) spec.wait_timeout = said.wait_timeout;
  map_watch(mapping, *settings);
}

}  // namespace belay::formats::compose
