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

// What people type from docker and docker compose: it is taken, or answered with the word that does it.
TEST(Habits, OfTypedLinesLeadToAResultOrToTheRightWord) {
  const std::vector<std::pair<const char*, const char*>> lines{
      {"up", ""},
      {"up -d web", ""},
      {"up -d --build --force-recreate", ""},
      {"up -d --no-recreate", ""},
      {"up --always-recreate-deps web", ""},
      {"up --no-start", "--dry-run"},
      {"up --abort-on-container-exit", "belay logs NAME -f"},
      {"up --exit-code-from web", "belay run"},
      {"up -w", "--wait"},
      {"up --watch", "belay up --build"},
      {"create", "belay up"},
      {"scale web=3", "belay up --scale"},
      {"down", ""},
      {"down --rmi all", ""},
      {"down --rmi local -t 3", ""},
      {"down --rmi some", "local"},
      {"rm -f web", ""},
      {"rm -sf", ""},
      {"rm --volumes web", "belay down -v"},
      {"rmi web", "belay cleanup"},
      {"prune", "belay cleanup"},
      {"system prune -a", "belay cleanup"},
      {"ps -a", ""},
      {"ps -q", ""},
      {"ps --format json", "belay ps --json"},
      {"ps --filter status=exited", "--status"},
      {"list", "belay ls"},
      {"container ls", "belay ps"},
      {"image ls", "belay images"},
      {"volume ls", "belay volumes"},
      {"network ls", "belay config --networks"},
      {"inspect web", "belay config"},
      {"info", "belay doctor"},
      {"logs -f --tail 100 web", ""},
      {"logs --index 2 web", ""},
      {"exec -it web bash", ""},
      {"exec -d web sleep 9", ""},
      {"exec --index 2 -T web id", ""},
      {"attach web", "belay logs NAME -f"},
      {"run --rm web id", ""},
      {"run --build web id", "belay build"},
      {"events", ""},
      {"events -f --json --since 10m web", ""},
      {"wait web", ""},
      {"stats", "docker stats"},
      {"top web", ""},
      {"diff web", "--diff"},
      {"kill -s HUP web", ""},
      {"pause web", ""},
      {"port web 80", ""},
      {"cp web:/etc/hosts .", ""},
      {"commit web web:2", "belay build"},
      {"pull --policy missing", ""},
      {"push web", ""},
      {"publish", "belay push"},
      {"build --no-cache web", ""},
      {"config --environment", ""},
      {"config --services", ""},
      {"convert", "belay config"},
      {"watch", "belay up --build"},
      {"compose up -d", "belay as docker-compose"},
      {"stack deploy shop", "belay up"},
      {"login registry.example", "docker login"},
      {"save web", "belay backup"},
      {"load web", "belay restore"},
      {"tag web web:2", "belay stable"},
      {"rename web www", "belay export"},
      {"update web", "belay apply"},
  };
  for (const auto& [line, word] : lines) {
    try {
      parse_command_line(shell_words(line));
      EXPECT_EQ(std::string_view(word), "") << line << " is taken";
    } catch (const UsageError& error) {
      EXPECT_STRNE(word, "") << line << ": " << error.what();
      const std::string said = std::string(error.what()) + " " + error.hint();
      EXPECT_NE(said.find(word), std::string::npos) << line << ": " << said;
    }
  }
}

}  // namespace
}  // namespace belay::cli
