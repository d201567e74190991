#include "cli/program.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/text.h"
#include "capture.h"
#include "cli/faces.h"

namespace belay::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// With a state of its own: never that of the machine.
struct ProgramRun {
  explicit ProgramRun(std::string_view line) {
    ::setenv("BELAY_STATE_DIR", state.path().c_str(), 1);
    code = run_program(shell_words(line), capture.console, clock);
    ::unsetenv("BELAY_STATE_DIR");
  }
  std::string out() { return capture.output(); }
  std::string err() const { return capture.errors(); }
  TemporaryFolder state;
  Capture capture;
  StillClock clock;
  int code;
};

TEST(Program, PrintsItsVersionAndHelpOnStandardOutput) {
  for (const char* line : {"belay --version", "belay version", "belay stop --version"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 0) << line;
    EXPECT_THAT(run.out(), ::testing::MatchesRegex("belay [0-9.]+\n")) << line;
  }
  for (const char* line : {"belay", "belay help", "belay --help", "belay -h"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 0) << line;
    EXPECT_THAT(run.out(), StartsWith("belay - run the containers of a host")) << line;
  }
  for (const char* line : {"belay help stop", "belay stop --help", "belay --help stop", "/usr/bin/belay stop -h"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 0) << line;
    EXPECT_THAT(run.out(), StartsWith("belay stop - ")) << line;
  }
}

TEST(Program, LeadsOnFromWhatCommandsAreAbout) {
  TemporaryFolder folder;
  write_file_durably(folder.path() / "compose.yaml", "services: {web: {image: web:1}}\n");
  make_folder(folder.path() / "apps");
  const std::string here = folder.path().string();
  const std::vector<std::pair<std::string, std::string>> answers{
      {"s2", "belay snapshots NAME"},
      {"r3", "belay releases NAME"},
      {"b7", "belay backups"},
      {here + "/compose.yaml", "belay config " + here + "/compose.yaml"},
      {here, "belay plan " + here},
      {here + "/apps", "belay plan " + here + "/apps"},
      {"web start", "belay start web"},
      {"nothing/of/this", "belay help"},
      {"web2", "belay help"}};
  for (const auto& [words, answer] : answers) {
    ProgramRun run("belay " + words);
    EXPECT_EQ(run.code, 2) << words;
    EXPECT_THAT(run.err(), StartsWith("belay: there is no command '" + words.substr(0, words.find(' ')) + "'\nhint: "));
    EXPECT_THAT(run.err(), ::testing::HasSubstr(answer)) << words;
  }
}

TEST(Program, PrintsJsonWhereItIsAskedFor) {
  ProgramRun run("belay --json version");
  EXPECT_THAT(run.out(), ::testing::MatchesRegex("\\{\n  \"schema\": 1,\n  \"version\": \"[0-9.]+\"\n\\}\n"));
}

TEST(Program, GivesErrorsAsJsonWhereJsonIsAskedFor) {
  ProgramRun run("belay ls --json --jsno");
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out(), "");
  EXPECT_EQ(run.err(),
            "{\"schema\":1,\"error\":{\"code\":\"usage\",\"message\":\"ls: there is no option --jsno\","
            "\"hint\":\"Did you mean '--json'?\",\"place\":null}}\n");
  // What stands after "--" is the command's own.
  EXPECT_THAT(ProgramRun("belay shell -- --json").err(), StartsWith("belay: "));
  EXPECT_THAT(ProgramRun("belay strat --json").err(), HasSubstr("\"code\":\"usage\""));
}

TEST(Program, ExitsWithTwoForACommandLineThatCannotBeMeant) {
  for (const char* line : {"belay strat", "belay stop", "belay ls --jsno", "belay help strat", "belay as jokler"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 2) << line;
    EXPECT_THAT(run.err(), StartsWith("belay: ")) << line;
    EXPECT_EQ(run.out(), "") << line;
  }
  EXPECT_EQ(ProgramRun("belay as jokler").err(), "belay: there is no face 'jokler'\nhint: Did you mean 'jockler'?\n");
}

TEST(Program, SelectsAFaceByTheNameItIsCalledBy) {
  for (const char* line : {"belay as dr --help", "/usr/local/bin/dr --help"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 0) << line;
    EXPECT_THAT(run.out(), HasSubstr("Docker Runner")) << line;
  }
}

TEST(Program, KnowsThreeExitCodesUnderTheFaceDr) {
  for (const char* line : {"dr configure", "dr install", "dr backup web", "dr install image b@d", "dr --wrong"}) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 1) << line;
    EXPECT_THAT(run.err(), StartsWith("belay: ")) << line;
  }
}

TEST(Program, ReadsTheOptionsOfDockerupBeforeAnythingElse) {
  const std::pair<const char*, const char*> wrong[] = {
      {"dockerup web", "'web' is not an option"},
      {"dockerup --cofdir x", "Did you mean 'confdir'?"},
      {"dockerup --interval", "--interval needs a value"},
      {"dockerup --interval=0", "--interval: an interval of"},
      {"dockerup --aws=perhaps", "--aws: 'perhaps' is neither true nor false"},
      {"dockerup --aws true maybe", "'maybe' is not an option"},
      {"dockerup --verbose=1", "--verbose takes no value"},
      {"belay as dockerup --server --no-pull --once --nothing", "dockerup has no option --nothing"}};
  for (const auto& [line, message] : wrong) {
    ProgramRun run(line);
    EXPECT_EQ(run.code, 2) << line;
    EXPECT_THAT(run.err(), HasSubstr(message)) << line;
  }
  ProgramRun help("dockerup --help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out(), HasSubstr("--config FILE"));
}

TEST(Program, PrintsCompletionScripts) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ProgramRun run(std::string("belay completion ") + shell);
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.out(), HasSubstr(std::string("Made by: belay completion ") + shell));
  }
}

}  // namespace
}  // namespace belay::cli
