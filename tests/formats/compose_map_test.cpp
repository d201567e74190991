// A resolved Compose project in Belay's terms. The inputs are in the long form that loading gives, several projects a
// file. docs/formats/compose-keys.md is written from the table of keys: ACCEPT=1 writes it anew.

#include <gtest/gtest.h>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"
#include "formats/compose/map.h"
#include "formats/compose/map_keys.h"
#include "golden.h"

namespace belay::formats::compose {
namespace {

using document::Node;

Project project_of(const Node& root) {
  Project project;
  project.name = root.find("name") == nullptr ? "shop" : root.find("name")->raw();
  project.folder = "/srv/shop";
  project.root = root;
  return project;
}

std::string pairs_text(const std::map<std::string, std::string>& pairs) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : pairs) texts.push_back(format("{}={}", key, value));
  return join(texts, " ");
}

void add(std::string& text, std::string_view name, const std::string& value) {
  if (!value.empty()) text += format(" {}: {};", name, value);
}

std::string build_text(const Build& build) {
  std::string text = build.is_remote() ? " remote" : "";
  add(text, "context", build.context);
  add(text, "dockerfile", build.dockerfile);
  add(text, "dockerfile_inline", build.dockerfile_inline);
  add(text, "target", build.target);
  add(text, "network", build.network);
  add(text, "platform", build.platform);
  add(text, "arguments", pairs_text(build.arguments));
  add(text, "labels", pairs_text(build.labels));
  add(text, "tags", join(build.tags, " "));
  add(text, "cache_from", join(build.cache_from, " "));
  add(text, "extra_hosts", join(build.extra_hosts, " "));
  add(text, "secrets", join(build.secrets, " "));
  if (build.shm_size) add(text, "shm_size", format("{}", build.shm_size->value));
  for (const auto& limit : build.ulimits) add(text, limit.name, format("{}:{}", limit.soft, limit.hard));
  if (build.no_cache) text += " no_cache;";
  if (build.pull) text += " pull;";
  for (const auto& obstacle : build.obstacles)
    add(text, "obstacle", format("{} {}", error_name(obstacle.code()), obstacle.what()));
  return text;
}

std::string hook_text(std::string_view when, const std::vector<Hook>& hooks) {
  std::string text;
  for (const Hook& hook : hooks) {
    text += format("    {}:", when);
    add(text, "command", join(hook.command, " | "));
    add(text, "image", hook.image);
    add(text, "user", hook.user);
    add(text, "working_dir", hook.working_dir);
    add(text, "environment", pairs_text(hook.environment));
    text += format("{}{}\n", hook.privileged ? " privileged" : "", hook.per_replica ? " per replica" : "");
  }
  return text;
}

std::string rest_text(const Mapped& mapped) {
  std::string text;
  for (const auto& [service, build] : mapped.builds) text += format("  build {}:{}\n", service, build_text(build));
  for (const auto& [service, policy] : mapped.pull)
    text += format("  pull {}: {} {}\n", service, static_cast<int>(policy.kind), duration_text(policy.period));
  for (const auto& [service, hooks] : mapped.hooks)
    text += format("  hooks {}:\n{}{}{}", service, hook_text("pre_start", hooks.pre_start),
                   hook_text("post_start", hooks.post_start), hook_text("pre_stop", hooks.pre_stop));
  for (const auto& [service, name] : mapped.container_names) text += format("  name {}: {}\n", service, name);
  std::vector<std::string> may_end;
  for (const auto& service : mapped.spec.services)
    if (service.may_end) may_end.push_back(service.name);
  if (!may_end.empty()) text += format("  possible jobs: {}\n", join(may_end, ", "));
  const Settings& settings = mapped.settings;
  const Policies usual;
  if (settings.snapshot) text += "  snapshot before each change\n";
  if (settings.policies.on_unhealthy != usual.on_unhealthy || settings.policies.on_drift != usual.on_drift ||
      settings.policies.heal_budget != usual.heal_budget || settings.policies.soak)
    text += format("  policies: {} {} {} {}\n", static_cast<int>(settings.policies.on_unhealthy),
                   static_cast<int>(settings.policies.on_drift), settings.policies.heal_budget,
                   duration_text(settings.policies.soak.value_or(Milliseconds(0))));
  if (settings.policies.backup)
    text += format("  backup: {} to {}, keep {}\n", settings.policies.backup->schedule, settings.policies.backup->place,
                   settings.policies.backup->keep);
  for (const auto& [service, schedule] : mapped.schedules) text += format("  schedule {}: {}\n", service, schedule);
  if (!settings.policies.update.window.empty()) text += format("  update: {}\n", settings.policies.update.window);
  for (const auto& [service, own] : mapped.updates)
    text += format("  update {}: {} '{}' {}\n", service, own.pattern, own.window, own.pull);
  for (const auto& path : mapped.watched) text += format("  watched: {}\n", path.string());
  for (const auto& remark : mapped.remarks)
    text += format("  remark: {}: {} {}\n", remark.where.text(), remark.key, remark.text);
  return text;
}

std::string outcome(const Node& root) {
  try {
    const Mapped mapped = map_project(project_of(root));
    return spec_to_json(mapped.spec, 2) + "\n" + rest_text(mapped);
  } catch (const Error& error) {
    return format("  code: {}\n{}", error_name(error.code()), error_lines(error));
  }
}

std::vector<Node> documents(const fs::path& file) {
  return document::read_yaml(read_file(file), file.filename().string());
}

TEST(ComposeMapping, IsAsExpected) {
  for (const auto& input : inputs("compose_map", ".yaml")) {
    std::string text;
    for (const Node& root : documents(input)) text += format("line {}\n{}\n", root.where().line, outcome(root));
    expect_golden(input, text);
  }
}

TEST(ComposeMapping, WholeFilesBecomeSpecs) {
  for (const auto& input : inputs("compose_stacks", ".yaml")) {
    Outside outside;
    outside.folder = "/srv/shop";
    outside.home = "/root";
    outside.read = [&](const fs::path& path) {
      return path == "/srv/shop/compose.yaml" ? std::optional(read_file(input)) : std::nullopt;
    };
    const Mapped mapped = map_project(load({}, outside));
    expect_golden(input, spec_to_json(mapped.spec, 2) + "\n" + rest_text(mapped));
  }
}

void collect(const Node& node, const std::string& path, std::set<std::string>& paths) {
  for (const Node& item : node.items()) collect(item, path, paths);
  for (const auto& member : node.members()) {
    const std::string its_path = path_of_member(path, member.key);
    paths.insert(its_path);
    collect(member.value, its_path, paths);
  }
}

TEST(ComposeMapping, EveryKeyOfTheTableHasAnExample) {
  std::set<std::string> mapped, refused, noted;
  for (const auto& input : inputs("compose_map", ".yaml"))
    for (const Node& root : documents(input)) {
      std::set<std::string> paths;
      collect(root, {}, paths);
      try {
        const Mapped result = map_project(project_of(root));
        mapped.insert(paths.begin(), paths.end());
        for (const auto& remark : result.remarks) noted.insert(remark.text);
      } catch (const Error& error) {
        for (const auto& path : paths)
          if (const KeyRule* rule = find_rule(path); rule != nullptr && rule->code == error.code())
            refused.insert(path);
      }
    }
  for (const KeyRule& rule : key_rules()) {
    const std::string path(rule.path);
    if (rule.treatment == Treatment::refused) {
      EXPECT_TRUE(refused.contains(path)) << path;
      EXPECT_FALSE(rule.hint.empty()) << path;
    } else {
      EXPECT_TRUE(mapped.contains(path)) << path;
    }
    if (rule.treatment == Treatment::noted) {
      EXPECT_TRUE(noted.contains(std::string(rule.text))) << path;
    }
  }
}

TEST(ComposeMapping, ThePageOfKeysIsTheTable) {
  std::string table =
      "# Keys of Compose files\n\n"
      "What Belay makes of each key. *noted*: it has no effect, and Belay says so. *silent*: it has none, and nobody "
      "would expect\none. *refused*: the file is not taken, and the error has this code ([errors](../errors.md)). Any "
      "other key is refused as\nunknown, but for those that begin with `x-`. *unbuilt*: an image that is there is "
      "used, and Belay says that it "
      "cannot build\nit; where it is to be built, that is an error with the code `needs_buildx`.\n\n"
      "| key | treatment | what becomes of it |\n|---|---|---|\n";
  for (const KeyRule& rule : key_rules()) {
    constexpr std::array words{"mapped", "noted", "silent", "refused", "unbuilt"};
    const std::string word = words.at(static_cast<size_t>(rule.treatment));
    table +=
        format("| `{}` | {} | {} |\n", rule.path,
               rule.treatment == Treatment::refused ? format("refused: `{}`", error_name(rule.code)) : word, rule.text);
  }
  const fs::path page = fs::path(TEST_DATA) / "../../docs/formats/compose-keys.md";
  if (std::getenv("ACCEPT") != nullptr) write_file_durably(page, table);
  EXPECT_EQ(read_file_if_present(page).value_or("(no such file: run with ACCEPT=1)"), table);
}

}  // namespace
}  // namespace belay::formats::compose
