// What the faces say without an engine: help, forgotten words, hints in their own words.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "capture.h"
#include "cli/faces/face_hints.h"
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
      {"docker-compose rm -f", "belay cleanup NAME"},
      {"docker-compose --dry-run ps", "--dry-run is not for ps"},
      {"docker-compose up --abort-on-container-exit", "belay logs NAME -f"},
      {"docker-compose --profilx x up", "there is no option --profilx"},
      {"dockerup -x", "'-x' is not an option"},
      {"dockerup --server=registry.example", "A registry has a key of its own: registry."}};
  for (const auto& [line, message] : wrong) {
    FaceRun run(line);
    EXPECT_EQ(run.code, 2) << line;
    EXPECT_THAT(run.err(), HasSubstr(message)) << line;
  }
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
