#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/format.h"
#include "base/text.h"
#include "formats/docker_run.h"
#include "formats/run_options.h"
#include "golden.h"
#include "model/unkept.h"

namespace belay::formats {
namespace {

RunLineOptions test_options() {
  RunLineOptions options;
  options.base_folder = fs::path(TEST_DATA) / "run_line";
  options.variable = [](const std::string& name) {
    return name == "OUTSIDE" ? std::optional<std::string>("from outside") : std::nullopt;
  };
  return options;
}

std::string outcome(const std::string& line, const RunLineOptions& options) {
  try {
    const RunLine result = parse_run_line(shell_words(line), options);
    std::string text;
    if (!result.name.empty()) text += format("  (name): {}\n", result.name);
    text += field_lines(result.service);
    for (const std::string& warning : result.warnings) text += format("  (warning): {}\n", warning);
    return text;
  } catch (const Error& error) {
    return error_lines(error);
  }
}

// The folder of this checkout differs from machine to machine.
std::string without_folder(std::string text) {
  const std::string folder = fs::path(TEST_DATA).string();
  for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder))
    text.replace(at, folder.size(), "TESTS");
  return text;
}

TEST(RunLine, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("run_line", ".txt")) {
    RunLineOptions options = test_options();
    if (file.stem() == "options_only") options.form = RunLineOptions::Form::options;
    std::string text;
    for (const std::string& line : split(read_file(file), '\n'))
      if (!line.starts_with('#') && !line.empty()) text += format("$ {}\n{}", line, outcome(line, options));
    expect_golden(file, without_folder(text));
  }
}

TEST(RunLine, KnowsEveryOptionOfDockerRun) {
  std::istringstream lines(read_file(fs::path(TEST_DATA) / "docker_run_options.txt"));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    if (line.starts_with('#')) continue;
    const std::vector<std::string> parts = split(line, ' ');
    ASSERT_EQ(parts.size(), 3U) << line;
    const RunOption* option = find_run_option(parts[0]);
    ASSERT_NE(option, nullptr) << parts[0];
    EXPECT_EQ(option->letter == 0 ? "-" : std::string(1, option->letter), parts[1]) << line;
    EXPECT_EQ(option->kind == RunOption::Kind::flag ? "flag" : "value", parts[2]) << line;
    ++count;
  }
  EXPECT_GT(count, 100);
}

TEST(RunLine, RefusesEveryOptionItCannotKeepByItsName) {
  for (const std::string& name : run_option_names()) {
    const RunOption* option = find_run_option(std::string_view(name).substr(2));
    if (option->take != nullptr || option->reason.empty()) continue;
    try {
      parse_run_line({name + "=1", "web"}, test_options());
      FAIL() << name;
    } catch (const RunLineError& error) {
      EXPECT_NE(std::string(error.what()).find(name + " "), std::string::npos) << error.what();
      EXPECT_EQ(error.argument(), 0U);
    }
  }
}

TEST(RunLine, TellsWhichArgumentIsWrong) {
  const auto wrong = [](const std::vector<std::string>& arguments) -> std::optional<size_t> {
    try {
      parse_run_line(arguments, test_options());
    } catch (const RunLineError& error) {
      return error.argument();
    }
    return 99;
  };
  EXPECT_EQ(wrong({"-d", "-p", "x", "web"}), 1U);
  EXPECT_EQ(wrong({"docker", "run", "-d", "--nope", "web"}), 3U);
  EXPECT_EQ(wrong({"-d"}), std::nullopt);
}

TEST(RunLine, TakesVariablesFromOurOwnEnvironmentByDefault) {
  const RunLine line = parse_run_line({"-e", "PATH", "web"});
  EXPECT_EQ(line.service.environment.at("PATH"), std::getenv("PATH"));
}

TEST(RunLine, NeverShowsTheValueOfAVariable) {
  try {
    parse_run_line({"-e", "A B=hunter2", "web"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos);
  }
}

// What is refused in a line, and what is refused in a container that is there: one table.
TEST(RunLine, RefusesEveryOptionThatAContainerIsRefusedFor) {
  for (const UnkeptOption& each : unkept_options()) {
    std::string value = "x";
    if (each.part == "type")
      value = "type=image,src=a,dst=/b";
    else if (each.option == "mount")
      value = "type=volume,dst=/b," + std::string(each.part) + "=x";
    else if (each.option == "network")
      value = "name=a," + std::string(each.part) + "=x";
    const RunOption* option = find_run_option(each.option);
    ASSERT_NE(option, nullptr) << each.option;
    const bool is_flag = option->kind == RunOption::Kind::flag;
    const std::string line = "--" + std::string(each.option) + (is_flag ? "" : " " + value) + " web";
    EXPECT_THAT(outcome(line, test_options()), testing::HasSubstr("error: ")) << line;
    EXPECT_THAT(outcome(line, test_options()), testing::Not(testing::HasSubstr("unknown"))) << line;
  }
}

}  // namespace
}  // namespace belay::formats
