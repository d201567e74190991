#include <algorithm>
#include <array>
#include <set>

#include "base/format.h"
#include "formats/check_values.h"
#include "formats/compose/map_parts.h"
#include "formats/compose/write_parts.h"
#include "formats/mounts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

const Service* find_service(const Spec& spec, const std::string& name) {
  const auto found =
      std::find_if(spec.services.begin(), spec.services.end(), [&](const Service& each) { return each.name == name; });
  return found == spec.services.end() ? nullptr : &*found;
}

const char* condition_word(Need::Condition condition) {
  switch (condition) {
    case Need::Condition::healthy:
      return "service_healthy";
    case Need::Condition::completed:
      return "service_completed_successfully";
    case Need::Condition::started:
      break;
  }
  return "service_started";
}

Node written_hook(Writing& writing, const Service& service, const HookCommand& hook) {
  Node node = Node::map();
  node.set("command", plain_texts(hook.command));
  put_text(node, "user", hook.user);
  put_text(node, "working_dir", hook.working_dir);
  Node variables = Node::map();
  for (const auto& [name, value] : hook.environment)
    variables.set(name, writing.variables.value(service.group_name(), name, value));
  put_full(node, "environment", std::move(variables));
  put_true(node, "privileged", hook.privileged);
  return node;
}

// Whether the job cannot be told as the service with a few things changed: then it is told as an image of its own.
bool has_another_image(const Service& service, const Service& job) {
  const auto& own = job.environment;
  const bool lacks_one = std::any_of(service.environment.begin(), service.environment.end(),
                                     [&](const auto& variable) { return !own.contains(variable.first); });
  return job.image != service.image || job.entrypoint != service.entrypoint || lacks_one ||
         job.removed_variables != service.removed_variables || (job.user.empty() && !service.user.empty()) ||
         (job.working_dir.empty() && !service.working_dir.empty());
}

Node written_preparation(Writing& writing, const Service& service, const Service& job, bool per_replica) {
  const bool is_apart = has_another_image(service, job);
  Node node = Node::map();
  if (is_apart) node.set("image", plain(job.image));
  if (job.command) node.set("command", plain_texts(*job.command));
  if (is_apart || job.user != service.user) put_text(node, "user", job.user);
  if (is_apart || job.working_dir != service.working_dir) put_text(node, "working_dir", job.working_dir);
  Node variables = Node::map();
  for (const auto& [name, value] : job.environment) {
    const auto same = service.environment.find(name);
    if (!is_apart && same != service.environment.end() && same->second == value) continue;
    variables.set(name, writing.variables.value(job.name, name, value));
  }
  put_full(node, "environment", std::move(variables));
  put_true(node, "privileged", job.privileged);
  put_true(node, "per_replica", per_replica);
  return node;
}

Node written_preparations(Writing& writing, const Service& service) {
  Node list = Node::list();
  for (const Service& job : writing.spec.services) {
    if (job.prepares != service.group_name() || !job.name.starts_with(service.name + "-pre-start-")) continue;
    const std::string number = job.name.substr(service.name.size() + std::string("-pre-start-").size());
    const bool per_replica = find_service(writing.spec, format("{}-2-pre-start-{}", service.name, number)) != nullptr;
    list.add(written_preparation(writing, service, job, per_replica));
  }
  return list;
}

bool is_waited_for(const Spec& spec, const std::string& name, bool to_its_end) {
  for (const Service& other : spec.services)
    for (const Need& need : all_needs(other))
      if (need.service == name && (need.condition == Need::Condition::completed) == to_its_end) return true;
  return false;
}

Node written_checks(const std::vector<Check>& checks) {
  Node list = Node::list();
  for (const Check& check : checks) list.add(plain(check_node(check)));
  return list;
}

Node time_text(Milliseconds time) {
  Node holder = Node::map();
  put_time(holder, "time", time);
  return *holder.find("time");
}

Node written_update(const UpdatePolicy& update, const UpdatePolicy& usual) {
  Node node = Node::map();
  if (update.pull != usual.pull) node.set("pull", Node::boolean(update.pull));
  if (update.pattern != usual.pattern) node.set("pattern", plain(update.pattern));
  if (update.window != usual.window) node.set("window", plain(update.window));
  if (update.jitter != usual.jitter) node.set("jitter", time_text(update.jitter));
  if (update.minimum_age != usual.minimum_age) node.set("minimum_age", time_text(update.minimum_age));
  return node;
}

const ExportedApp* app_of(const Writing& writing, const Service& service) {
  for (const ExportedApp& app : writing.what.apps)
    if (find_service(app.spec, service.name) != nullptr) return &app;
  return nullptr;
}

// What is said of the whole app. Of several apps in one file it can only be said for all at once.
const Policies* policies_of_all(const Writing& writing) {
  const auto& apps = writing.what.apps;
  return apps.size() == 1 && apps[0].declared ? &apps[0].declared->policies : nullptr;
}

void put_update_of(const Writing& writing, const Service& service, Node& settings) {
  const ExportedApp* app = app_of(writing, service);
  if (app == nullptr || !app->declared) return;
  const Policies* all = policies_of_all(writing);
  const UpdatePolicy usual = all == nullptr ? UpdatePolicy{} : all->update;
  put_full(settings, "update", written_update(update_policy(*app->declared, service), usual));
}

// Files whose content counts although no rule says so: of the project that is written, the folder is not known yet.
std::vector<std::string> watched_files(const Writing& writing) {
  std::vector<std::string> paths;
  for (const ExportedApp& app : writing.what.apps) {
    if (!app.declared) continue;
    const std::set<fs::path> by_rule = bound_settings(app.spec, {});
    for (const fs::path& path : app.declared->watched)
      if (!by_rule.contains(path)) paths.push_back(path.string());
  }
  return paths;
}

Node written_backup(const BackupPolicy& policy) {
  Node backup = Node::map();
  put_text(backup, "schedule", policy.schedule);
  put_text(backup, "place", policy.place);
  put_text(backup, "keep", policy.keep);
  if (policy.data_is_read == BackupPolicy::While::stopped) put_text(backup, "while", "stopped");
  if (policy.data_is_read == BackupPolicy::While::running) put_text(backup, "while", "running");
  put_true(backup, "with_image", policy.with_image);
  return backup;
}

// nullptr: nobody says when the clock starts it.
const std::string* schedule_of(const Writing& writing, const Service& service) {
  const ExportedApp* app = app_of(writing, service);
  if (app == nullptr || !app->declared) return nullptr;
  const auto found = app->declared->schedules.find(service.group_name());
  return found == app->declared->schedules.end() ? nullptr : &found->second;
}

void put_policies(const Policies& policies, Node& settings) {
  constexpr std::array unhealthy_words{"restart", "rollback", "stop", "notify"};
  const Policies usual;
  if (policies.on_unhealthy != usual.on_unhealthy)
    settings.set("on_unhealthy", Node::text(unhealthy_words.at(static_cast<size_t>(policies.on_unhealthy))));
  if (policies.on_drift != usual.on_drift) settings.set("on_drift", Node::text("report"));
  if (policies.heal_budget != usual.heal_budget) settings.set("heal_budget", Node::number(policies.heal_budget));
  if (policies.soak) settings.set("soak", time_text(*policies.soak));
  if (policies.backup) put_full(settings, "backup", written_backup(*policies.backup));
}

}  // namespace

void write_needs(const Writing& writing, const Service& service, Node& node) {
  Node needs = Node::map();
  std::vector<std::string> names;
  bool is_plain = true;
  for (const Need& need : service.needs) {
    const Service* other = find_service(writing.spec, need.service);
    if (other != nullptr && !other->prepares.empty()) continue;
    const std::string name = other == nullptr ? need.service : other->group_name();
    if (needs.find(name) != nullptr) continue;
    Node written = Node::map();
    written.set("condition", Node::text(condition_word(need.condition)));
    if (!need.required) written.set("required", Node::boolean(false));
    put_true(written, "restart", need.restart);
    is_plain = is_plain && need.condition == Need::Condition::started && need.required && !need.restart;
    names.push_back(name);
    needs.set(name, std::move(written));
  }
  put_full(node, "depends_on", is_plain ? plain_texts(names) : std::move(needs));
}

void write_hooks(Writing& writing, const Service& service, Node& node) {
  put_full(node, "pre_start", written_preparations(writing, service));
  Node after = Node::list(), before = Node::list();
  for (const HookCommand& hook : service.post_start) after.add(written_hook(writing, service, hook));
  for (const HookCommand& hook : service.pre_stop) before.add(written_hook(writing, service, hook));
  put_full(node, "post_start", std::move(after));
  put_full(node, "pre_stop", std::move(before));
}

void write_settings_of(const Writing& writing, const Service& service, Node& node) {
  Node settings = Node::map();
  const std::string* schedule = schedule_of(writing, service);
  if (schedule != nullptr) put_text(settings, "schedule", *schedule);
  if (service.job && schedule == nullptr && !is_waited_for(writing.spec, service.name, true))
    settings.set("job", Node::boolean(true));
  if (!service.job && !service.may_end && may_end_by_itself(service, is_waited_for(writing.spec, service.name, false)))
    settings.set("job", Node::boolean(false));
  if (service.order == SwapOrder::start_first) settings.set("order", Node::text("start-first"));
  // Compose stops first unless the whole file says otherwise.
  if (service.order == SwapOrder::stop_first && writing.spec.order != SwapOrder::by_rule)
    settings.set("order", Node::text("stop-first"));
  put_full(settings, "check", written_checks(service.checks));
  put_update_of(writing, service, settings);
  put_full(node, "x-belay", std::move(settings));
}

void write_settings(const Writing& writing, Node& root) {
  const Spec& spec = writing.spec;
  Node settings = Node::map();
  if (spec.order != SwapOrder::by_rule)
    settings.set("order", Node::text(spec.order == SwapOrder::start_first ? "start-first" : "stop-first"));
  put_time(settings, "settle", spec.settle);
  put_time(settings, "wait_timeout", spec.wait_timeout);
  put_true(settings, "snapshot", spec.snapshot);
  const Policies* policies = policies_of_all(writing);
  Node update = policies == nullptr ? Node::map() : written_update(policies->update, {});
  put_true(update, "rolling", spec.rolling);
  put_full(settings, "update", std::move(update));
  if (policies != nullptr) put_policies(*policies, settings);
  put_texts(settings, "watch", watched_files(writing));
  put_full(root, "x-belay", std::move(settings));
}

}  // namespace belay::formats::compose
