#include "formats/dockerup_policies.h"

#include <tuple>

#include "base/format.h"
#include "base/text.h"
#include "formats/definition_values.h"
#include "model/keep.h"
#include "model/schedule.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

// What the node says goes before `policy`.
UpdatePolicy read_update(const Node& node, UpdatePolicy policy) {
  if (const Node* pull = node.find("pull")) policy.pull = pull->as_bool("\"pull\"");
  if (const Node* pattern = node.find("pattern")) policy.pattern = word_value(*pattern, "\"pattern\"");
  if (const Node* window = node.find("window")) policy.window = word_value(*window, "\"window\"");
  if (const Node* jitter = node.find("jitter")) policy.jitter = time_value(*jitter, "\"jitter\"");
  if (const Node* age = node.find("minimum_age")) policy.minimum_age = time_value(*age, "\"minimum_age\"");
  return policy;
}

// A pattern chooses among tags, so the image must not be pinned already.
void refuse_pattern_of_digest(const Node& definition, const Node& update) {
  const Node* pattern = update.find("pattern");
  const Node* image = definition.find("image");
  if (pattern == nullptr || image == nullptr || image->raw().find('@') == std::string::npos) return;
  throw ConfigError(pattern->where(), "\"pattern\" chooses a tag, but the image is fixed by its digest",
                    "Remove the '@sha256:…' of the image, or the pattern.");
}

OnUnhealthy on_unhealthy(const Node& node) {
  const std::string word = choice_value(node, "\"on_unhealthy\"", {"restart", "rollback", "stop", "notify"});
  if (word == "rollback") return OnUnhealthy::rollback;
  if (word == "stop") return OnUnhealthy::stop;
  return word == "notify" ? OnUnhealthy::notify : OnUnhealthy::restart;
}

OnDrift on_drift(const Node& node) {
  return choice_value(node, "\"on_drift\"", {"repair", "report"}) == "report" ? OnDrift::report : OnDrift::repair;
}

std::string schedule_value(const Node& node) {
  return parsed_value(node, "\"schedule\"", [](const std::string& text) {
    std::ignore = Schedule::parse(text);
    return std::string(trim(text));
  });
}

BackupPolicy backup_policy(const Node& node) {
  document::refuse_unknown_keys(node, {"schedule", "place", "keep", "while", "with_image"}, "\"backup\"");
  BackupPolicy policy;
  policy.schedule = schedule_value(required(node, "schedule", "\"backup\""));
  if (const Node* place = node.find("place")) {
    policy.place = word_value(*place, "\"place\"");
    // A definition is in no folder of its own: user-data has none.
    if (!policy.place.starts_with('/') && policy.place.find(':') == std::string::npos)
      refuse(*place, format("the place '{}' is no absolute path", printable(policy.place)),
             "Write a folder like /srv/backups, sftp://HOST/PATH or rclone:REMOTE:PATH.");
  }
  if (const Node* keep = node.find("keep"))
    policy.keep = parsed_value(*keep, "\"keep\"", [](const std::string& text) { return to_text(parse_keep(text)); });
  if (const Node* meanwhile = node.find("while")) {
    const std::string word = choice_value(*meanwhile, "\"while\"", {"paused", "stopped", "running"});
    policy.data_is_read = word == "paused"    ? BackupPolicy::While::paused
                          : word == "stopped" ? BackupPolicy::While::stopped
                                              : BackupPolicy::While::running;
  }
  if (const Node* image = node.find("with_image")) policy.with_image = image->as_bool("\"with_image\"");
  return policy;
}

bool is_set(const Node* map, std::string_view key) {
  const Node* node = map == nullptr ? nullptr : map->find(key);
  return node != nullptr && node->as_bool(format("\"{}\"", key));
}

void set_order(Spec& spec, const Node& definition, const Node* update) {
  // Said or not said makes a difference: without a word the setting "order" counts.
  const bool is_said = update != nullptr && update->find("eager") != nullptr;
  const bool eager = is_set(update, "eager");
  if (is_said) spec.order = eager ? SwapOrder::start_first : SwapOrder::stop_first;
  const Node* order = definition.find("order");
  if (order == nullptr) return;
  const std::string word = choice_value(*order, "\"order\"", {"start-first", "stop-first"});
  if (is_said && eager != (word == "start-first"))
    throw ConfigError(order->where(), format("\"order\" says {}, \"update.eager\" says {}", word,
                                             eager ? "start-first" : "stop-first"));
  spec.order = word == "start-first" ? SwapOrder::start_first : SwapOrder::stop_first;
}

}  // namespace

const std::vector<std::string>& policy_keys() {
  static const std::vector<std::string> keys{"update",       "replicas", "order",        "settle",   "wait_timeout",
                                             "signal",       "soak",     "on_unhealthy", "on_drift", "heal_budget",
                                             "restart_with", "backup",   "schedule"};
  return keys;
}

Policies defined_policies(const Node& definition) {
  Policies policies;
  if (const Node* update = definition.find("update")) {
    static const std::vector<std::string> keys{"pull",   "eager",  "rolling",    "pattern",
                                               "window", "jitter", "minimum_age"};
    document::refuse_unknown_keys(*update, keys, "\"update\"");
    policies.update = read_update(*update, {});
    refuse_pattern_of_digest(definition, *update);
  }
  if (const Node* node = definition.find("on_unhealthy")) policies.on_unhealthy = on_unhealthy(*node);
  if (const Node* node = definition.find("on_drift")) policies.on_drift = on_drift(*node);
  if (const Node* node = definition.find("heal_budget"))
    policies.heal_budget = static_cast<int>(integer_value(*node, "\"heal_budget\"", 0, 1000));
  if (const Node* node = definition.find("backup")) policies.backup = backup_policy(*node);
  policies.restart_with = is_set(&definition, "restart_with");
  if (const Node* node = definition.find("soak")) policies.soak = time_value(*node, "\"soak\"");
  return policies;
}

std::optional<std::string> defined_schedule(const Node& definition, Service& service) {
  const Node* node = definition.find("schedule");
  if (node == nullptr) return {};
  std::string schedule = schedule_value(*node);
  const Node* restart = definition.find("restart");
  const std::string& policy = service.restart.name;
  if (policy == "always" || policy == "unless-stopped")
    refuse(restart != nullptr ? *restart : *node, format("what runs by a schedule is not restarted: {}", policy),
           "Leave \"restart\" out; or write on-failure:3, where the engine is to try again.");
  service.job = service.scheduled = true;
  return schedule;
}

UpdatePolicy defined_update(const Node& update, const Node& service, const UpdatePolicy& of_the_app) {
  document::refuse_unknown_keys(update, {"pull", "pattern", "window", "jitter", "minimum_age"}, "\"update\"");
  refuse_pattern_of_digest(service, update);
  return read_update(update, of_the_app);
}

void define_swap(Spec& spec, const Node& definition) {
  const Node* update = definition.find("update");
  set_order(spec, definition, update);
  spec.rolling = is_set(update, "rolling");
  if (const Node* node = definition.find("settle")) spec.settle = time_value(*node, "\"settle\"");
  if (const Node* node = definition.find("wait_timeout")) spec.wait_timeout = time_value(*node, "\"wait_timeout\"");
  const Node* signals = definition.find("signal");
  if (signals == nullptr) return;
  for (const Member& member : signals->as_map("\"signal\"")) {
    if (trim(member.key).empty()) throw ConfigError(member.key_where, "a signal goes to a container without a name");
    spec.signals.emplace(member.key, signal_value(member.value, format("the signal for {}", printable(member.key))));
  }
}

}  // namespace belay::formats
