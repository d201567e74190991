// What the faces say without an engine: help, forgotten words, hints in their own words.

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "capture.h"
#include "cli/faces/compose_words.h"
#include "cli/faces/face_hints.h"
#include "cli/habits.h"
#include "cli/program.h"

namespace belay::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct FaceRun {
  explicit FaceRun(std::string_view line) { code = run_program(shell_words(line), capture.console, clock); }
  std::string out() { return capture.output(); }
  std::string err() const { return capture.errors(); }
  Capture capture;
  StillClock clock;
  int code;
};

TEST(Faces, EveryCommandHasHelp) {
  for (const char* command : {"build", "start", "stop", "stable", "list", "attach", "volumes", "autostart", "start-all",
                              "cleanup", "remove", "readme"})
    for (const std::string option : {"--help", "-h"}) {
      FaceRun run("jockler " + std::string(command) + " " + option);
      EXPECT_EQ(run.code, 0) << command;
      EXPECT_THAT(run.out(), HasSubstr(command));
    }
  for (const char* command : {"build", "start", "stop", "stable"}) {
    FaceRun run("dockervisor " + std::string(command) + " --help");
    EXPECT_EQ(run.code, 0) << command;
    EXPECT_THAT(run.out(), HasSubstr(command));
  }
  FaceRun start("jockler start --help");
  EXPECT_THAT(start.out(), Not(HasSubstr("start-all")));
  EXPECT_EQ(FaceRun("jockler strat --help").code, 2);
}

TEST(Faces, WrongWordsAreAnsweredWithTheRightOnes) {
  const std::pair<const char*, const char*> wrong[] = {
      {"jockler list foo web", "'foo' cannot be listed; use images, containers, running, stable, last or jcl"},
      {"jockler volumes web", "use image, container, backup or restore, not 'web'"},
      {"jockler volumes backup web", "write linux before 'web'"},
      {"jockler stable :show", "IMAGENAME is missing"},
      {"jockler stable :mark", "IMAGENAME is missing"},
      {"jockler start new", "IMAGENAME is missing"},
      {"jockler build web . --squash", "there is no option --squash"},
      {"jockler build web . other", "unexpected argument 'other'"},
      {"dockervisor start", "IMAGENAME is missing"},
      {"dockervisor start web new", "'new' is not :new, :latest or :stable"},
      {"dockervisor build web . --build-arg", "needs a value"},
      {"docker-compose strat", "Did you mean 'start'?"},
      {"docker-compose up --no-start --force-recreate", "exclude each other"},
      {"docker-compose wait --down-project web", "docker-compose down"},
      {"docker-compose up --no-recreate --force-recreate", "exclude each other"},
      {"docker-compose down --rmi some", "local"},
      {"docker-compose --dry-run ps", "--dry-run is not for ps"},
      {"docker-compose up --abort-on-container-exit", "belay logs NAME -f"},
      {"docker-compose up --abort-on-container-exit", "docker-compose up: --abort-on-container-exit is not taken"},
      {"docker-compose create --force-recreate", "docker-compose up --force-recreate"},
      {"docker-compose attach --no-stdin web", "docker-compose logs -f"},
      {"docker-compose watch", "docker-compose has no 'watch' here"},
      {"docker-compose ps --format '{{.Name}}'", "belay ps --json"},
      {"docker-compose ps --filter source=x", "--filter status=running"},
      {"docker-compose pull --policy never", "always or missing"},
      {"docker-compose --progress fast ps", "auto, tty, plain, json or quiet"},
      {"docker-compose --context far ps", "DOCKER_CONTEXT"},
      {"docker-compose exec web", "COMMAND is missing"},
      {"docker-compose --profilx x up", "there is no option --profilx"},
      {"dockerup -x", "'-x' is not an option"},
      {"dockerup --server=registry.example", "A registry has a key of its own: registry."}};
  for (const auto& [line, message] : wrong) {
    FaceRun run(line);
    EXPECT_EQ(run.code, 2) << line;
    EXPECT_THAT(run.err(), HasSubstr(message)) << line;
  }
}

// Every option of the table is read as it is written there, and what it leads to is there.
TEST(DockerCompose, TakesOrRefusesEveryOptionOfItsTable) {
  for (const auto& word : compose_words()) {
    if (word.command.empty()) {
      EXPECT_NE(find_habit(word.word), nullptr) << word.word;
      continue;
    }
    const Command* command = find_command(word.command);
    ASSERT_NE(command, nullptr) << word.word;
    FaceRun help("docker-compose " + std::string(word.word) + " --help");
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out(), HasSubstr("docker-compose " + std::string(word.word)));
    for (const auto& option : word.options) {
      const std::string where = format("{} --{}", word.word, option.option.name);
      EXPECT_THAT(help.out(), HasSubstr("--" + std::string(option.option.name))) << where;
      if (option.leads == ComposeOption::Leads::to_refusal) {
        const std::string value = option.option.is_flag() ? "" : "=1";
        FaceRun run("docker-compose " + where + value);
        EXPECT_EQ(run.code, 2) << where;
        EXPECT_THAT(run.err(), HasSubstr(format("--{} is not taken", option.option.name))) << where;
        EXPECT_TRUE(option.means.ends_with('.')) << where;
      }
      if (option.leads != ComposeOption::Leads::to_option) continue;
      const auto globals = global_options();
      const bool is_global = std::any_of(globals.begin(), globals.end(),
                                         [&](const Option& global) { return global.name == option.means; });
      const Option* own = command->find_option(option.means);
      EXPECT_TRUE(is_global || own != nullptr) << where;
      if (own != nullptr) {
        EXPECT_EQ(own->is_flag(), option.option.is_flag()) << where;
        EXPECT_TRUE(own->repeatable || !option.option.repeatable) << where;
      }
    }
  }
}

TEST(DockerCompose, GivesNoOptionTwoMeanings) {
  const auto check = [](std::string_view word, std::span<const ComposeOption> options) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const auto& [option, leads, means] : options) {
      EXPECT_TRUE(names.insert(option.name).second) << word << " --" << option.name;
      EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second) << word << " -" << option.letter;
    }
  };
  check("", compose_globals());
  for (const auto& word : compose_words()) check(word.word, word.options);
}

TEST(Faces, HintsAreInTheWordsOfTheFace) {
  const auto jockler = in_words_of_jockler;
  EXPECT_EQ(jockler("Start it (belay start web last), or name a release: belay stable web rN"),
            "Start it (jockler start last web), or name a release: belay stable web rN");
  EXPECT_EQ(jockler("Mark the one that runs with: belay stable web"),
            "Mark the one that runs with: jockler stable web");
  EXPECT_EQ(jockler("belay ls shows the apps."), "jockler list containers .all shows the apps.");
  EXPECT_EQ(jockler("Start it with: belay start web new"), "Start it with: jockler start new web");
  EXPECT_EQ(jockler("Start it with: belay start web"), "Start it with: jockler start last web");
  EXPECT_EQ(jockler("Build it again: belay build web."), "Build it again: jockler build web.");
  EXPECT_EQ(jockler("belay why web explains it; belay logs web r1 shows all."),
            "belay why web explains it; belay logs web r1 shows all.");
  EXPECT_EQ(jockler(""), "");
  const auto dockervisor = in_words_of_dockervisor;
  EXPECT_EQ(dockervisor("Start it with: belay start wiki new"), "Start it with: dockervisor start wiki :new");
  EXPECT_EQ(dockervisor("Start it (belay start wiki last), or not"),
            "Start it (dockervisor start wiki :latest), or not");
  EXPECT_EQ(dockervisor("Mark the one that runs with: belay stable wiki"),
            "Mark the one that runs with: dockervisor stable mark wiki");
}

}  // namespace
}  // namespace belay::cli
