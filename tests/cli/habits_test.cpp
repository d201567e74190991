#include "cli/habits.h"

#include <gtest/gtest.h>
#include <set>

#include "base/errors.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/parse.h"

namespace belay::cli {
namespace {

// The commands that an answer names: each word behind "belay ".
std::vector<std::string> commands_in(std::string_view answer) {
  std::vector<std::string> names;
  for (size_t at = answer.find("belay "); at != std::string_view::npos; at = answer.find("belay ", at + 1)) {
    const std::string_view rest = answer.substr(at + 6);
    names.emplace_back(rest.substr(0, rest.find_first_of(" ,;.:")));
  }
  return names;
}

TEST(Habits, AreNoCommandsAndAreAnsweredWithCommands) {
  std::set<std::string_view> seen;
  for (const auto& habit : habits()) {
    EXPECT_TRUE(seen.insert(habit.word).second) << habit.word;
    EXPECT_EQ(find_command(habit.word), nullptr) << habit.word;
    EXPECT_TRUE(habit.answer.ends_with('.')) << habit.word;
    for (const auto& name : commands_in(habit.answer)) EXPECT_NE(find_command(name), nullptr) << habit.answer;
    try {
      parse_command_line(std::vector<std::string>{std::string(habit.word), "web"});
      ADD_FAILURE() << habit.word;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.hint(), habit.answer);
    }
  }
}

TEST(Habits, OfLookingAreNeverAnsweredWithAChange) {
  for (const auto& habit : habits()) {
    if (!habit.looks) continue;
    for (const auto& name : commands_in(habit.answer)) {
      const Command* command = find_command(name);
      ASSERT_NE(command, nullptr) << name;
      EXPECT_TRUE(command->group == Group::look || name == "doctor") << habit.word << ": " << name;
    }
  }
}

TEST(Habits, OfOptionsAreAnsweredWhereTheCommandHasThemNot) {
  for (const auto& habit : habit_options()) {
    const Command* command = find_command(habit.command);
    ASSERT_NE(command, nullptr) << habit.command;
    EXPECT_EQ(command->find_option(habit.option), nullptr) << habit.command << " --" << habit.option;
    for (const auto& name : commands_in(habit.answer)) EXPECT_NE(find_command(name), nullptr) << habit.answer;
    try {
      parse_command_line(std::vector<std::string>{std::string(habit.command), "--" + std::string(habit.option)});
      ADD_FAILURE() << habit.command << " --" << habit.option;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.hint(), habit.answer) << habit.command << " --" << habit.option;
    }
  }
}

TEST(Habits, OfCommandLinesAreTaken) {
  for (const char* line : {"ps",
                           "ps -a",
                           "ps web --services",
                           "ps --status running --status paused --names",
                           "top web",
                           "cp web:/etc/hosts .",
                           "cp -a --index 2 ./a web:/b",
                           "push --ignore-push-failures web",
                           "exec --privileged web id",
                           "up --force-recreate",
                           "up --no-build",
                           "config --profiles",
                           "config -o resolved.yaml",
                           "exec -it web sh -c 'exit 3'",
                           "exec -T -u root -w / -e A=b web env",
                           "exec --index 2 web ls -l",
                           "logs -f --tail 10 web db",
                           "logs --since 10m --until 1m -t",
                           "logs --no-log-prefix",
                           "kill -s HUP web",
                           "kill",
                           "pause web",
                           "unpause",
                           "port web 80",
                           "stop -t 5 web db",
                           "stop",
                           "start web db",
                           "start",
                           "restart -t 3 web",
                           "restart",
                           "up -d --wait --remove-orphans --scale web=2 --pull always -t 5",
                           "up --no-deps web",
                           "up --build -d",
                           "down -t 3 --remove-orphans",
                           "down -v --yes-lose-data shop",
                           "images",
                           "volumes",
                           "pull",
                           "pull web --include-deps --ignore-pull-failures",
                           "build",
                           "build web db --no-cache",
                           "config",
                           "config -f a.yaml -f b.yaml --origins",
                           "config -q",
                           "config ./shop --json",
                           "config --services",
                           "config web --variables"}) {
    EXPECT_NO_THROW(parse_command_line(shell_words(line))) << line;
  }
}

}  // namespace
}  // namespace belay::cli
