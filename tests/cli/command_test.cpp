#include "cli/command.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/errors.h"
#include "cli/help.h"

namespace belay::cli {
namespace {

TEST(CommandTable, HasEachCommandOnceWithAPageThatIsItsOwn) {
  std::set<std::string_view> names;
  for (const auto& command : commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    const std::string page(help_page(command.name));
    EXPECT_TRUE(page.starts_with("# belay " + std::string(command.name) + "\n")) << command.name;
    EXPECT_NE(page.find("\n## Examples\n"), std::string::npos) << command.name;
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with('.')) << command.name;
  }
  EXPECT_EQ(names.size(), 71u);
}

TEST(CommandTable, GivesNoOptionTwoMeanings) {
  for (const auto& command : commands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    const auto add = [&](const Option& option) {
      EXPECT_TRUE(names.insert(option.name).second) << command.name << " --" << option.name;
      if (option.letter != 0) {
        EXPECT_TRUE(letters.insert(option.letter).second) << command.name << " -" << option.letter;
      }
      EXPECT_FALSE(option.summary.empty()) << command.name << " --" << option.name;
      EXPECT_EQ(option.kind == Kind::words, !option.choices.empty()) << command.name << " --" << option.name;
    };
    for (const auto& option : global_options()) add(option);
    for (const auto& option : command.options) add(option);
  }
}

TEST(CommandTable, PutsOptionalWordsBehindRequiredOnesAndRepeatsOnlyTheLast) {
  for (const auto& command : commands()) {
    bool optional = false;
    for (const auto& positional : command.positionals) {
      EXPECT_FALSE(optional && positional.required) << command.name;
      optional = optional || !positional.required;
      EXPECT_TRUE(!positional.repeated || &positional == &command.positionals.back()) << command.name;
    }
  }
}

TEST(CommandTable, OffersADryRunOfEveryCommandThatChangesApps) {
  for (const auto& command : commands())
    if (command.group == Group::change) {
      EXPECT_NE(command.find_option("dry-run"), nullptr) << command.name;
    }
}

// tests/promises/preview_test.cpp compares those with what the run does; docs/architecture.md ("Previews") says why the
// others have no plan. A command that is new belongs into one of these lists.
TEST(CommandTable, HasAPreviewOfEveryCommandOrAReasonWhyNot) {
  const std::set<std::string_view> previewed{
      "build", "deploy", "start",   "stop",     "restart",   "rollback", "retry", "stable",    "apply",   "up",
      "down",  "backup", "restore", "snapshot", "snapshots", "drill",    "try",   "start-all", "cleanup", "remove",
      "adopt", "import", "kill",    "pause",    "unpause",   "unit",     "rm",    "set",       "unset",   "create"};
  const std::set<std::string_view> only_records{"autostart", "recover", "backups", "render", "forget"};
  // What is shown is the very plan that runs.
  const std::set<std::string_view> one_plan{"pull", "push", "run", "cp", "service"};
  const std::set<std::string_view> without{"history", "verify", "serve", "as", "help", "shell", "notify"};
  for (const auto& command : commands()) {
    const bool has_preview = command.find_option("dry-run") != nullptr;
    EXPECT_EQ(has_preview, previewed.contains(command.name) || only_records.contains(command.name) ||
                               one_plan.contains(command.name))
        << command.name;
    EXPECT_TRUE(has_preview || command.group == Group::look || command.group == Group::program ||
                without.contains(command.name) || command.name == "doctor")
        << command.name;
  }
}

// docs/json.md describes what they print. A command that is new takes --json, or has a reason here.
TEST(CommandTable, OffersJsonOfEveryCommandOrAReasonWhyNot) {
  const std::map<std::string_view, std::string_view> without{{"as", "the other tool's words"},
                                                             {"attach", "what a container writes, as it is"},
                                                             {"completion", "a script"},
                                                             {"cp", "files; it has no result"},
                                                             {"declare", "a definition, which is JSON"},
                                                             {"exec", "the output of a command"},
                                                             {"export", "a Compose file"},
                                                             {"help", "a page"},
                                                             {"logs", "what a container wrote, as it is"},
                                                             {"run", "the output of a command"},
                                                             {"serve", "a log; with --progress json, of objects"},
                                                             {"shell", "the output of a command"}};
  for (const auto& command : commands())
    EXPECT_NE(command.find_option("json") != nullptr, without.contains(command.name)) << command.name;
}

TEST(CommandTable, WritesUsageLines) {
  EXPECT_EQ(usage_line(command_named("start")),
            "belay start [OPTION]… [NAME[/SERVICE[/N]]] [new|last|stable|rN|NAME] [CONFIG|NAME…]");
  EXPECT_EQ(usage_line(command_named("shell")), "belay shell [OPTION]… NAME[/SERVICE[/N]] [COMMAND…]");
  EXPECT_EQ(usage_line(command_named("autostart")), "belay autostart [OPTION]… [NAME] [last|stable|none]");
  EXPECT_EQ(usage_line(command_named("completion")), "belay completion bash|zsh|fish");
}

TEST(CommandTable, SaysWhatAnUnknownCommandMayHaveMeant) {
  try {
    command_named("strat");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "there is no command 'strat'");
    EXPECT_EQ(error.hint(), "Did you mean 'start'?");
  }
}

}  // namespace
}  // namespace belay::cli
