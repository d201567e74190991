#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/text.h"
#include "capture.h"
#include "cli/invocation.h"

namespace belay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

CommandLine parsed(std::string_view line) {
  return parse_command_line(shell_words(line));
}

// "message | hint" of the usage error that the line is.
std::string refusal(std::string_view line) {
  try {
    parsed(line);
  } catch (const UsageError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

std::vector<std::string> option_texts(const CommandLine& line) {
  std::vector<std::string> texts;
  for (const auto& [option, value] : line.options) texts.push_back(std::string(option->name) + "=" + value);
  return texts;
}

TEST(CommandLine, TakesOptionsAnywhereBeforeTwoDashes) {
  const auto line = parsed("start --settle 5s web --no-wait new --order=stop-first");
  EXPECT_EQ(line.command->name, "start");
  EXPECT_THAT(line.words, ElementsAre("web", "new"));
  EXPECT_THAT(option_texts(line), ElementsAre("settle=5s", "no-wait=", "order=stop-first"));
  EXPECT_THAT(parsed("build -- --odd").words, ElementsAre("--odd"));
}

TEST(CommandLine, TakesGlobalOptionsOnBothSidesOfTheCommand) {
  const auto before = parsed("-H tcp://a:1 --state-dir /s -q ls");
  EXPECT_EQ(before.globals.host, "tcp://a:1");
  EXPECT_EQ(before.globals.state_dir, "/s");
  EXPECT_TRUE(before.globals.quiet);
  const auto after = parsed("ls --host=tcp://b:2 --no-color --no-lock-wait");
  EXPECT_EQ(after.globals.host, "tcp://b:2");
  EXPECT_FALSE(after.globals.color);
  EXPECT_FALSE(after.globals.lock_wait);
  EXPECT_FALSE(after.globals.quiet);
}

TEST(CommandLine, TakesJsonAndDryRunBeforeTheCommandWhereTheCommandKnowsThem) {
  EXPECT_THAT(option_texts(parsed("--json ls")), ElementsAre("json="));
  EXPECT_THAT(option_texts(parsed("--dry-run stop web")), ElementsAre("dry-run="));
  EXPECT_THAT(option_texts(parsed("--json stop web")), ElementsAre("json="));
  EXPECT_EQ(refusal("--json logs"), "logs: there is no option --json | ");
}

TEST(CommandLine, LeavesTheWordsOfAnotherProgramAlone) {
  EXPECT_THAT(parsed("shell web ls -l --user x").words, ElementsAre("web", "ls", "-l", "--user", "x"));
  const auto line = parsed("shell web -u root -- ls -l");
  EXPECT_THAT(line.words, ElementsAre("web", "ls", "-l"));
  EXPECT_THAT(option_texts(line), ElementsAre("user=root"));
  EXPECT_THAT(parsed("as jockler --help -- x").words, ElementsAre("jockler", "--help", "--", "x"));
  EXPECT_THAT(parsed("import run web -- docker run -d --name x img").words,
              ElementsAre("run", "web", "docker", "run", "-d", "--name", "x", "img"));
  EXPECT_THAT(parsed("import run web docker run -d img").words,
              ElementsAre("run", "web", "docker", "run", "-d", "img"));
}

TEST(CommandLine, AsksForNothingMoreBesideHelp) {
  EXPECT_TRUE(parsed("start --help").globals.help);
  EXPECT_TRUE(parsed("-h start").globals.help);
  EXPECT_TRUE(parsed("--version").globals.version);
  EXPECT_EQ(parsed("").command, nullptr);
}

TEST(CommandLine, KeepsWhatAnEarlierPartOfTheLineSaid) {
  Globals already;
  already.host = "tcp://a:1";
  EXPECT_EQ(parse_command_line(shell_words("ls"), already).globals.host, "tcp://a:1");
}

TEST(CommandLine, NamesWhatIsWrongAndWhatWasMeant) {
  EXPECT_EQ(refusal("strat web"), "there is no command 'strat' | Did you mean 'start'?");
  EXPECT_EQ(refusal("xyzzyx"), "there is no command 'xyzzyx' | Run belay help for the list of commands.");
  EXPECT_EQ(refusal("start web --oder x"), "start: there is no option --oder | Did you mean '--order'?");
  EXPECT_EQ(refusal("start web --oder=x"), "start: there is no option --oder | Did you mean '--order'?");
  EXPECT_EQ(refusal("deploy web --sysctl a=b"),
            "deploy: there is no option --sysctl | It can be given in --raw: --raw '--sysctl=…'");
  EXPECT_EQ(refusal("start --no web"), "start: the option --no can mean --no-lock-wait or --no-color or --no-wait | ");
  EXPECT_THAT(refusal("version -x"), ::testing::StartsWith("version: there is no option -x | usage: belay version "));
  EXPECT_THAT(refusal("logs web -tx"), ::testing::StartsWith("logs: there is no option -x | "));
  EXPECT_EQ(refusal("stop web --dry-run=yes"), "stop: the option --dry-run takes no value | ");
  EXPECT_EQ(refusal("stop web -t"), "stop: the option --timeout needs a value: -t, --timeout TIME | ");
  EXPECT_EQ(refusal("build web --target a --target b"), "build: the option --target is given twice | ");
}

TEST(CommandLine, ChecksHowManyWordsThereAre) {
  // Which app is meant may be known without its name; what else is missing is not.
  EXPECT_EQ(refusal("stable"), "accepted");
  EXPECT_EQ(refusal("exec web"), "exec: COMMAND is missing | usage: belay exec [OPTION]… NAME[/SERVICE[/N]] COMMAND…");
  EXPECT_EQ(refusal("completion"), "completion: SHELL is missing | usage: belay completion bash|zsh|fish");
  EXPECT_EQ(refusal("why web x"), "why: unexpected argument 'x' | usage: belay why [OPTION]… [NAME]");
  EXPECT_EQ(refusal("version x"), "version: unexpected argument 'x' | usage: belay version [OPTION]…");
}

TEST(CommandLine, ChecksTheKindOfValues) {
  EXPECT_EQ(refusal("start web --order firts"),
            "start: the option --order takes start-first or stop-first, not 'firts' | ");
  EXPECT_EQ(refusal("build web --builder clasic"),
            "build: the option --builder takes auto or buildkit or classic, not 'clasic' | Did you mean 'classic'?");
  EXPECT_EQ(refusal("history web -n -1"), "history: the option --lines takes a whole number, not '-1' | ");
  EXPECT_EQ(refusal("start web --settle soon"),
            "start: the option --settle takes a time such as 30s, 5m or 1h30m, not 'soon' | ");
  EXPECT_EQ(refusal("logs web --since ever"),
            "logs: the option --since takes a time such as 10m (back from now), 09:00, yesterday, 2026-01-31 or "
            "2026-01-31T09:00:00Z, not 'ever' | ");
  EXPECT_EQ(refusal("autostart web frist"), "autostart: MARK takes last or stable or none, not 'frist' | ");
  EXPECT_EQ(refusal("logs web -n 5 --since 2026-01-31T09:00:00Z"), "accepted");
}

class InvocationTest : public ::testing::Test {
 protected:
  Invocation invoked(std::string_view line) { return Invocation(session, parsed(line)); }
  Capture capture;
  StillClock clock;
  Session session{capture.console, clock};
};

TEST_F(InvocationTest, HandsOutWordsAndValuesInTheirTypes) {
  const auto start = invoked("start web --settle 90s --no-wait");
  EXPECT_EQ(start.argument("NAME"), "web");
  EXPECT_EQ(start.optional_argument("WHICH"), std::nullopt);
  EXPECT_EQ(start.duration("settle"), Milliseconds(90'000));
  EXPECT_EQ(start.duration("wait-timeout"), std::nullopt);
  EXPECT_TRUE(start.has("no-wait"));
  EXPECT_FALSE(start.has("dry-run"));
  EXPECT_EQ(start.text_or("order", "auto"), "auto");

  const auto history = invoked("history web -n 20 --since 1m");
  EXPECT_EQ(history.number("lines"), 20);
  EXPECT_EQ(history.time("since"), clock.now() - Seconds(60));

  EXPECT_THAT(invoked("shell web ls -l").arguments("COMMAND"), ElementsAre("ls", "-l"));
  EXPECT_THAT(invoked("shell web").arguments("COMMAND"), IsEmpty());
}

TEST_F(InvocationTest, ReadsPairsOnceEach) {
  EXPECT_THAT(invoked("build web --build-arg A=1 --build-arg B=x=y").pairs("build-arg"),
              ElementsAre(std::pair("A", "1"), std::pair("B", "x=y")));
  EXPECT_THROW(invoked("build web --build-arg A=1 --build-arg A=2").pairs("build-arg"), UsageError);
  EXPECT_THROW(invoked("build web --build-arg BELAY_TEST_UNSET_VARIABLE").pairs("build-arg"), UsageError);
}

TEST_F(InvocationTest, AsksForAWordThatTheCommandNeedsNow) {
  const auto line = invoked("autostart web");
  EXPECT_THROW(line.argument("MARK"), UsageError);
}

TEST_F(InvocationTest, RefusesToLookForWhatTheTableDoesNotKnow) {
  const auto stop = invoked("stop web");
  EXPECT_THROW(stop.has("timeot"), std::logic_error);
  EXPECT_THROW(stop.number("timeout"), std::logic_error);
  EXPECT_THROW(stop.argument("APP"), std::logic_error);
}

TEST_F(InvocationTest, DescribesItselfWithoutValuesThatMayBeSecret) {
  EXPECT_EQ(invoked("build web --build-arg TOKEN=abc").description(), "belay build web");
  EXPECT_EQ(invoked("shell web mysql -psecret").description(), "belay shell web");
}

}  // namespace
}  // namespace belay::cli
