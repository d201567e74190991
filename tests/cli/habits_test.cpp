#include "cli/habits.h"

#include <gtest/gtest.h>
#include <set>
#include <span>

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
      parse_command_line(std::vector<std::string>{std::string(habit.word)});
      ADD_FAILURE() << habit.word;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.hint(), habit.answer);
    }
  }
}

// Of "belay WORD web" the answer is the line to be typed.
TEST(Habits, AreAnsweredWithTheNameThatWasTyped) {
  for (const auto& habit : habits()) {
    if (is_other_program(habit.word)) continue;
    try {
      parse_command_line(std::vector<std::string>{std::string(habit.word), "shop"});
      ADD_FAILURE() << habit.word;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.hint(), with_name(habit.answer, std::vector<std::string>{"shop"})) << habit.word;
      EXPECT_EQ(error.hint().find(" NAME "), std::string::npos) << error.hint();
    }
  }
  const auto answered = [](std::string_view answer, const std::string& words) {
    return with_name(answer, shell_words(words));
  };
  constexpr std::string_view answer = "belay logs NAME prints it, belay set NAME, NAMED and KEY_NAME.";
  EXPECT_EQ(answered(answer, "shop"), "belay logs shop prints it, belay set shop, NAMED and KEY_NAME.");
  EXPECT_EQ(answered(answer, "inspect shop"), "belay logs shop prints it, belay set shop, NAMED and KEY_NAME.");
  EXPECT_EQ(answered(answer, "-u shop"), "belay logs shop prints it, belay set shop, NAMED and KEY_NAME.");
  EXPECT_EQ(answered(answer, "--signal HUP shop"), "belay logs shop prints it, belay set shop, NAMED and KEY_NAME.");
  for (const char* unclear : {"", "ls", "--signal HUP", "A=b", "./shop", "-x", "rm -f"})
    EXPECT_EQ(answered(answer, unclear), answer) << unclear;
}

void expect_only_looking(std::string_view word, std::string_view answer) {
  for (const auto& name : commands_in(answer)) {
    const Command* command = find_command(name);
    ASSERT_NE(command, nullptr) << name;
    EXPECT_TRUE(command->group == Group::look || name == "doctor" || name == "help") << word << ": " << name;
  }
}

TEST(Habits, OfLookingAreNeverAnsweredWithAChange) {
  for (const auto& habit : habits())
    if (habit.looks) expect_only_looking(habit.word, habit.answer);
  for (const auto& phrase : phrases())
    if (phrase.looks) expect_only_looking(phrase.second, phrase.answer);
}

TEST(Habits, OfTwoWordsComeBeforeWhatTheSecondOneMeansAlone) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& phrase : phrases()) {
    EXPECT_TRUE(seen.emplace(phrase.first, phrase.second).second) << phrase.first << " " << phrase.second;
    EXPECT_EQ(find_command(without_alias(phrase.first)), nullptr) << phrase.first;
    EXPECT_NE(find_habit(phrase.first), nullptr) << phrase.first;
    EXPECT_TRUE(phrase.answer.ends_with('.')) << phrase.answer;
    for (const auto& name : commands_in(phrase.answer)) EXPECT_NE(find_command(name), nullptr) << phrase.answer;
    for (const bool behind_docker : {false, true}) {
      std::vector<std::string> line{std::string(phrase.first), std::string(phrase.second)};
      if (behind_docker) line.insert(line.begin(), "docker");
      try {
        parse_command_line(line);
        ADD_FAILURE() << phrase.first << " " << phrase.second;
      } catch (const UsageError& error) {
        EXPECT_EQ(error.hint(), phrase.answer);
      }
    }
  }
}

TEST(Habits, OfOtherWordsStandForACommand) {
  std::set<std::string_view> seen;
  for (const auto& alias : aliases()) {
    EXPECT_TRUE(seen.insert(alias.word).second) << alias.word;
    EXPECT_EQ(find_command(alias.word), nullptr) << alias.word;
    EXPECT_EQ(find_habit(alias.word), nullptr) << alias.word;
    const Command* command = find_command(alias.command);
    ASSERT_NE(command, nullptr) << alias.word;
    // A word that only looks where it comes from must not change anything here.
    EXPECT_TRUE(command->group == Group::look || command->name == "doctor") << alias.word;
    EXPECT_EQ(parse_command_line(std::vector<std::string>{std::string(alias.word)}).command, command) << alias.word;
  }
}

TEST(Habits, OfSecondWordsAreAnsweredWithCommands) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const auto& habit : habit_words()) {
    EXPECT_TRUE(seen.emplace(habit.command, habit.word).second) << habit.command << " " << habit.word;
    const Command* command = find_command(habit.command);
    ASSERT_NE(command, nullptr) << habit.command;
    // What has another first word answers by itself.
    const Kind kind = command->positionals.front().kind;
    EXPECT_TRUE(kind == Kind::app || kind == Kind::words || habit.command == "config") << habit.command;
    EXPECT_TRUE(habit.answer.ends_with('.')) << habit.answer;
    EXPECT_FALSE(commands_in(habit.answer).empty()) << habit.answer;
    for (const auto& name : commands_in(habit.answer)) EXPECT_NE(find_command(name), nullptr) << habit.answer;
  }
}

TEST(Habits, OfOptionsAreAnsweredWhereTheCommandHasThemNot) {
  for (const auto& habit : habit_options()) {
    // Those of any command have rows among the typed lines below.
    const bool is_of_any = habit.command == "*";
    const Command* command = is_of_any ? nullptr : find_command(habit.command);
    ASSERT_TRUE(command != nullptr || is_of_any || habit.command.empty()) << habit.command;
    if (command != nullptr)
      EXPECT_EQ(command->find_option(habit.option), nullptr) << habit.command << " --" << habit.option;
    for (const auto& name : commands_in(habit.answer)) EXPECT_NE(find_command(name), nullptr) << habit.answer;
    try {
      std::vector<std::string> line{(habit.option.size() == 1 ? "-" : "--") + std::string(habit.option)};
      if (command != nullptr) line.insert(line.begin(), std::string(habit.command));
      parse_command_line(line);
      ADD_FAILURE() << habit.command << " --" << habit.option;
    } catch (const UsageError& error) {
      // Before any command there may be an answer of its own.
      const std::string_view answer = is_of_any ? answer_to_option("", habit.option) : habit.answer;
      EXPECT_EQ(error.hint(), answer) << habit.command << " --" << habit.option;
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
      {"up --no-start", ""},
      {"up --no-start -d web", ""},
      {"up --abort-on-container-exit", "belay logs NAME -f"},
      {"up --exit-code-from web", "belay run"},
      {"up -w", "--wait"},
      {"up --watch", "belay up --build"},
      {"create", ""},
      {"create --build web db", ""},
      {"scale web=3", "belay up --scale"},
      {"down", ""},
      {"down --rmi all", ""},
      {"down --rmi local -t 3", ""},
      {"down --rmi some", "local"},
      {"rm -f web", ""},
      {"rm -sf", ""},
      {"rm --volumes web", ""},
      {"rm -fsv web", ""},
      {"rmi web", "belay cleanup"},
      {"prune", "belay cleanup"},
      {"system prune -a", "belay df"},
      {"disk", ""},
      {"size", ""},
      {"ps -a", ""},
      {"ps -q", ""},
      {"ps --format json", ""},
      {"ps --filter status=exited", "--status"},
      {"list", ""},
      {"container ls", "belay ps lists"},
      {"container logs web", "Leave container out: belay logs web"},
      {"container inspect web", "Leave container out: belay config web"},
      {"container prune", "belay cleanup"},
      {"containers", ""},
      {"pods", ""},
      {"projects", ""},
      {"image prune -a", "belay cleanup"},
      {"image rm web:1", "belay cleanup"},
      {"image pull web", "belay pull"},
      {"image build .", "Leave image out: belay build ."},
      {"image inspect web", "belay images NAME"},
      {"volume prune", "belay remove NAME --volumes"},
      {"volume rm webdata", "Volumes hold data"},
      {"volume create x", "belay deploy NAME -v"},
      {"network create x", "--network"},
      {"network connect back web", "network=NETWORK"},
      {"network prune", "belay down"},
      {"system df", "Leave system out: belay df"},
      {"system info", "Leave system out: belay doctor"},
      {"builder prune", "docker builder prune"},
      {"buildx build .", "Leave buildx out: belay build ."},
      {"buildx ls", "belay ls"},
      {"image ls", "belay images"},
      {"volume ls", "belay volumes"},
      {"network ls", "belay config --networks"},
      {"inspect web", ""},
      {"info", ""},
      {"logs -f --tail 100 web", ""},
      {"logs --index 2 web", ""},
      {"exec -it web bash", ""},
      {"exec -d web sleep 9", ""},
      {"exec --index 2 -T web id", ""},
      {"attach web", ""},
      {"attach --index 2 web", ""},
      {"run --rm web id", ""},
      {"run --build web id", "belay build"},
      {"events", ""},
      {"events -f --json --since 10m web", ""},
      {"wait web", ""},
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
      {"compose", "belay as docker-compose"},
      {"compose up -d", "Leave compose out: belay up -d"},
      {"compose logs -f web", "Leave compose out: belay logs -f web"},
      {"stack deploy shop", "belay up"},
      {"login registry.example", "docker login"},
      {"save web", "belay backup"},
      {"load web", "belay restore"},
      {"tag web web:2", "belay stable"},
      {"rename web www", "belay export"},
      {"mv web www", "belay export"},
      {"update web", "belay apply"},
      {"update web", "belay deploy NAME"},
      {"upgrade web", "belay up --pull always"},
      {"stat web", ""},
      {"describe web", ""},
      {"enable web", "belay autostart NAME last"},
      {"disable web", "belay autostart NAME none"},
      {"undo web", "belay rollback"},
      {"delete web", "belay remove"},
      {"new web", "belay deploy"},
      {"init", "belay up"},
      {"open web", "belay port"},
      {"edit web", "belay config NAME --edit"},
      {"env web", "belay config"},
      {"redeploy web", "belay deploy"},
      {"logout", "docker logout"},
      {"context ls", "docker context use"},
      {"node ls", "-H ENDPOINT"},
      {"secret ls", "belay config"},
      // The words in another order.
      {"web start", "belay start web"},
      {"web logs", "belay logs web"},
      {"web rm", "belay rm web"},
      // Several names, all, one.
      {"stop --all", ""},
      {"start --all", ""},
      {"restart --all", ""},
      {"backup --all", ""},
      {"images --all", ""},
      {"images -a", ""},
      {"ls -a", ""},
      {"ls -q", ""},
      {"ls web", ""},
      {"ls --format json", ""},
      {"ls --format=table", ""},
      {"ls --format '{{.Names}}'", "json or table"},
      {"ls --filter name=x", "belay ls NAME"},
      {"cleanup", ""},
      {"logs --follow", ""},
      {"logs -n10 web", ""},
      {"logs -fn5 web", ""},
      {"logs web --since yesterday", ""},
      {"logs web --since today --until 5m", ""},
      {"logs web --since 2026-01-31", ""},
      {"logs web --since '2026-01-31 09:00'", ""},
      {"logs web --since 09:00", ""},
      {"logs web --since 1d", ""},
      {"logs web --since ever", "yesterday"},
      // Options.
      {"-v", ""},
      {"-V", ""},
      {"--version", ""},
      {"--verbose ls", "-v goes behind it"},
      {"--debug ls", "belay doctor"},
      {"--context far ls", "DOCKER_CONTEXT"},
      {"version --short", ""},
      {"-f compose.yaml up", "goes behind the command"},
      {"--file compose.yaml ps", "goes behind the command"},
      {"-p shop ps", "goes behind the command"},
      {"--project-name shop ps", "goes behind the command"},
      {"--profile x up", "goes behind the command"},
      {"--project-directory . ps", "goes behind the command"},
      {"--env-file .env up", "goes behind the command"},
      {"wait web --timeout 2", "timeout 60 belay wait"},
      {"start web --timeout 30", "--wait-timeout"},
      {"start web --wait-timeout 30x", "30s, 5m"},
      {"deploy web --tag web:2", "--image REF"},
      {"deploy web --bild-arg A=b", "Did you mean '--build-arg'?"},
      {"deploy web --xyzzy", "usage: belay deploy"},
      {"-d", "leave it out"},
      {"deploy web -d --image web:1", "leave it out"},
      {"restart web --detach", "leave it out"},
      {"up --name web", "belay deploy NAME"},
      {"deploy web --name other", "belay deploy NAME"},
      {"deploy web --rm", "belay run --rm"},
      {"deploy web -it", "belay shell NAME"},
      {"remove web -f", "-y answers"},
      {"stop web -f", "belay kill NAME"},
      {"logs -u web", "belay logs NAME"},
      {"--gpus all", "gpus: all"},
      {"status -l web", "usage: belay status"},
      {"status -w web", "belay ls --watch"},
      {"status --all", "belay status without a name"},
      {"status web db", ""},
      {"status -n 50 web", "belay logs NAME -n"},
      {"ps -aq", ""},
      {"ps --no-trunc", "--json"},
      {"ps -n 5", "belay ps NAME"},
      {"ps -l", "belay ps NAME"},
      {"logs -n all web", ""},
      {"logs -n 5 --tail all web", ""},
      {"logs web -e", "-n 20"},
      {"logs -xeu web", "belay why web"},
      {"logs -p web", "--release rN"},
      {"logs --previous web", "--release rN"},
      {"logs -l app=web", "belay logs NAME"},
      {"logs web --grep x", "| grep"},
      {"logs -b", "--since"},
      {"events --filter container=web", "belay events NAME"},
      {"history web --oneline", "leave it out"},
      {"ls --check", "belay doctor ends with 1"},
      {"doctor --fix", "names the command"},
      {"backups --schedules", "belay why NAME tells when the next backup is due"},
      {"kill -9 web", "belay kill web -s KILL"},
      {"kill --signal=HUP web", ""},
      {"rollback web --to r1", "belay rollback web rN"},
      {"rollback --to=r1 web", "belay rollback NAME rN"},
      {"rollback web --to-revision=1", "belay rollback web rN"},
      {"rollback web -r 1", "belay rollback web rN"},
      {"deploy web --dry", ""},
      {"deploy web -n", "--dry-run"},
      {"apply -n", "--dry-run"},
      {"start --now web", "leave it out"},
      {"build -t web .", "belay build NAME DIR"},
      {"--help deploy", ""},
      {"-h deploy", ""},
      {"deploy --help", ""},
      {"help deploy", ""},
      {"down --volumes", ""},
      {"up --build -d web", ""},
      {"run --rm -it alpine sh", ""},
      {"inspect -f '{{.State.Status}}' web", ""},
      {"config set web env.A=b", "belay set web KEY=VALUE"},
      {"config get web memory", "belay config web"},
      {"import compose", "belay up"},
      {"import docker-compose.yml", "belay up -f FILE"},
      {"import ./shop/compose.yaml", "belay up -f FILE"},
      {"import docker", "belay import run"},
      {"unit status web", "belay status"},
      {"status --watch", "belay ls --watch"},
      {"unset env.COLOUR", ""},
      {"unset memory cpus", ""},
      {"unset web", "usage: belay unset"},
      {"backup --list", "belay backups"},
      {"backup web --cron '0 3 * * *'", "--install-timer --schedule 03:00"},
      // Other programs.
      {"docker ps -a", "Leave docker out: belay ps -a"},
      {"docker logs web", "Leave docker out: belay logs web"},
      {"docker info", "Leave docker out: belay doctor"},
      {"docker network ls", "belay config --networks"},
      {"docker network", "belay config --networks"},
      {"docker volume rm webdata", "Volumes hold data"},
      {"docker compose up -d", "Leave docker compose out: belay up -d"},
      {"docker container ls", "belay ps"},
      {"docker image prune", "belay cleanup"},
      {"docker rmi web", "belay cleanup"},
      {"docker frobnicate", "belay help lists"},
      {"podman ps -a", "Leave podman out: belay ps -a"},
      {"pm2 list", "Leave pm2 out: belay ls"},
      {"pm2 monit", "belay ls --watch"},
      {"pm2 startup", "belay autostart NAME last"},
      {"pm2 reload web", "belay restart NAME"},
      {"kubectl get pods", "belay ls lists"},
      {"kubectl describe pod web", "Leave kubectl out: belay status pod web"},
      {"kubectl logs deploy/web", "Leave kubectl out: belay logs web"},
      {"kubectl delete pod web", "belay remove NAME"},
      {"get apps", "belay ls lists"},
      {"get pods web", "belay status NAME"},
      {"get deployment web", "belay status web"},
      {"rollout undo web", "belay rollback NAME"},
      {"rollout undo deployment/web", "belay rollback web"},
      {"rollout status web", "Leave rollout out: belay status web"},
      {"rollout restart deployment/web", "Leave rollout out: belay restart web"},
      {"rollout history web", "belay releases NAME"},
      {"expose web --port 80", "belay set NAME ports="},
      {"port-forward web 80", "belay port NAME"},
      {"autoscale web", "--scale"},
      {"git log", "belay history NAME"},
      {"git diff", "--diff"},
      {"branch", "belay releases NAME"},
      {"clone https://example.org/x", "git clone"},
      {"install nginx", "--image REF"},
      {"purge web", "belay remove NAME --volumes"},
      {"autoremove", "belay cleanup"},
      {"clean", "belay cleanup"},
      {"outdated", "belay plan"},
      {"list --installed", "belay ls"},
      {"ls --upgradable", "belay plan"},
      {"du", "belay df"},
      {"flush web", "belay logs NAME --since"},
      {"monit", "belay ls --watch"},
      {"startup", "belay autostart"},
      {"migrate web", "belay backup NAME"},
      {"validate", "belay config -q"},
      {"lint", "belay config -q"},
      {"test web", "belay try NAME"},
      {"dry-run", "--dry-run"},
      {"errors web", "belay why NAME"},
      {"uptime", "belay ls"},
      {"jobs web", "belay status NAME"},
      {"services", "belay ps"},
      {"systemctl enable --now web", "belay autostart web last"},
      {"systemctl list-units", "belay ls"},
      {"service ls", ""},
      {"systemctl status web", "Leave systemctl out: belay status web"},
      {"systemctl daemon-reload", "belay apply"},
      {"journalctl -u web", "belay logs NAME"},
      {"is-active web", "belay status NAME"},
      {"is-enabled web", "autostart"},
      {"is-failed web", "belay why NAME"},
      {"daemon-reload", "belay apply"},
      {"list-units", "belay ls"},
      {"list-timers", "belay status NAME"},
      {"reset-failed web", "belay retry NAME"},
      {"try-restart web", "belay restart NAME"},
      {"mask web", "belay autostart NAME none"},
      {"cat web", "belay config NAME"},
      {"checkout web r1", "belay rollback NAME rN"},
      {"switch web r1", "belay start NAME rN"},
      {"reset web", "belay rollback NAME"},
      {"fetch", "belay pull"},
      {"versions web", "belay releases NAME"},
      {"health web", "belay status NAME"},
      {"dashboard", "belay ls --watch"},
      {"secrets", "belay config NAME"},
      {"bash web", "belay shell NAME"},
      {"ssh web", "belay shell NAME"},
      {"tail web", "belay logs NAME -f"},
      {"ip web", "belay port NAME"},
      {"uninstall", "apt remove belay"},
      {"unit ls", ""},
      {"logs web --release r3", ""},
      {"lgs web", "Did you mean 'logs'?"},
      {"remove web --force", "-y"},
      {"backup web /mnt/usb", "belay backup web -o /mnt/usb"},
      {"backup web -o /mnt/usb --keep 7", ""},
      {"restore web latest", ""},
      {"restore web b7", ""},
      {"restore b7", ""},
      {"verify b7", ""},
      {"verify web", ""},
      {"drill web b7", ""},
      {"rollback web stable", ""},
      {"rollback web 1", ""},
      {"autostart web on", ""},
      {"autostart web off", ""},
      {"completion tcsh", "belay completion bash"},
      {"help jockler", ""},
      {"help list", ""},
      // Nothing that changes is guessed for what looks, nor from a word that is far off.
      {"xl web", "belay help"},
      {"startus web", "Did you mean 'status'?"},
      {"strat web", "Did you mean 'start'?"},
      {"sttus web", "Did you mean 'status'?"},
      {"dpeloy web", "Did you mean 'deploy'?"},
      {"buid web", "Did you mean 'build'?"},
  };
  for (const auto& [line, word] : lines) {
    try {
      parse_command_line(shell_words(line));
      EXPECT_EQ(std::string_view(word), "") << line << " is taken";
    } catch (const UsageError& error) {
      EXPECT_STRNE(word, "") << line << ": " << error.what();
      const std::string said = std::string(error.what()) + " " + error.hint();
      const auto words = shell_words(line);
      EXPECT_NE(said.find(with_name(word, std::span(words).subspan(1))), std::string::npos) << line << ": " << said;
    }
  }
}

}  // namespace
}  // namespace belay::cli
