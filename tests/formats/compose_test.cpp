// tests/formats/compose/NAME.txt: "$ words of the command line and VARIABLE=value", then compose.yaml, then further
// files, each after a line "@@ path". All lies in /srv/shop.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/compose/map.h"
#include "formats/compose/project.h"
#include "formats/compose/resolved.h"
#include "golden.h"

namespace belay::formats::compose {
namespace {

using document::Member;
using document::Node;
using ::testing::HasSubstr;

struct Case {
  Request request;
  Outside outside;
  std::map<fs::path, std::string> files;
};

void take_words(Case& test, const std::string& line) {
  const std::vector<std::string> words = shell_words(line);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "-f")
      test.request.files.push_back(words.at(++i));
    else if (word == "-p")
      test.request.name = words.at(++i);
    else if (word == "--profile")
      test.request.profiles.push_back(words.at(++i));
    else if (word == "--env-file")
      test.request.env_files.emplace_back(words.at(++i));
    else if (word == "--project-directory")
      test.request.project_folder = words.at(++i);
    else if (word == "--in")
      test.outside.folder = words.at(++i);
    else if (word == "--folder")
      test.request.folder = words.at(++i);
    else if (const size_t equals = word.find('='); equals != std::string::npos)
      test.outside.environment[word.substr(0, equals)] = word.substr(equals + 1);
    else
      test.request.services.push_back(word);
  }
}

// Reads the case into `test`, which stays where it is: its functions look into it.
void read_case(Case& test, const std::string& text) {
  test.outside.folder = "/srv/shop";
  test.outside.home = "/root";
  fs::path file = "/srv/shop/compose.yaml";
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("$ ") && test.files.empty())
      take_words(test, line.substr(2));
    else if (line.starts_with("@@ "))
      test.files[file = (fs::path("/srv/shop") / line.substr(3)).lexically_normal()];
    else
      test.files[file] += line + "\n";
  }
  for (auto& [path, content] : test.files)
    if (content.ends_with("\n\n")) content.pop_back();
  if (test.files.begin()->second == "\n") test.files.erase(test.files.begin());
  test.outside.read = [&test](const fs::path& path) -> std::optional<std::string> {
    const auto found = test.files.find(path);
    return found == test.files.end() ? std::nullopt : std::optional(found->second);
  };
  test.outside.standard_input = [&test] { return test.files.at("/srv/shop/-"); };
}

std::string shown(const Project& project) {
  std::string text = format("{} in {}: {}\n", project.name, project.folder.string(), join(project.files, " "));
  const auto list = [&](const char* what, const std::vector<std::string>& words) {
    if (!words.empty()) text += format("{}: {}\n", what, join(words, " "));
  };
  list("included", project.included);
  list("variables from", project.env_files);
  list("profiles", project.profiles);
  list("off", project.off);
  for (const UsedVariable& variable : project.variables)
    text += format("{} = {} from {}, used at {}\n", variable.name, variable.value.value_or("(unset)"),
                   variable.origin.empty() ? "nowhere" : variable.origin, variable.where.text());
  for (const Notice& notice : project.notices) text += format("notice: {}: {}\n", notice.where.text(), notice.text);
  for (const Member& section : project.root.members()) {
    if (!section.value.is_map()) continue;
    text += section.key + "\n";
    for (const Member& entry : section.value.members()) {
      text += format("  {}\n", entry.key);
      for (const Member& member : entry.value.members())
        text += format("    {}: {}\n", member.key, document::write_json(member.value));
    }
  }
  return text;
}

std::string outcome(const std::string& text) {
  Case test;
  read_case(test, text);
  try {
    return shown(load(test.request, test.outside));
  } catch (const Error& error) {
    return format("code: {}\n", error_name(error.code())) + error_lines(error);
  }
}

TEST(Compose, ReadsEveryFormAsTheGoldenFilesSay) {
  for (const fs::path& file : inputs("compose", ".txt")) expect_golden(file, outcome(read_file(file)));
}

TEST(Compose, TellsOfEachValueWhereItCameFrom) {
  for (const fs::path& file : inputs("compose_origins", ".txt")) {
    Case test;
    read_case(test, read_file(file));
    expect_golden(file, resolved_text(load(test.request, test.outside), Origins::told));
  }
}

// What is printed is a Compose file again, and means the same.
TEST(Compose, IsReadAgainFromWhatItIsPrintedAs) {
  std::vector<fs::path> files = inputs("compose_origins", ".txt");
  for (const fs::path& file : inputs("compose", ".txt"))
    if (file.filename().string().starts_with("stack_")) files.push_back(file);
  for (const fs::path& file : files) {
    Case test;
    read_case(test, read_file(file));
    const Project project = load(test.request, test.outside);
    const std::string text = resolved_text(project, Origins::left_out);
    Case again;
    read_case(again, "$ -f compose.yaml -p " + project.name + "\n" + text);
    for (const auto& [path, content] : test.files) again.files.try_emplace(path, content);
    again.request.profiles = project.profiles;
    EXPECT_EQ(resolved_text(load(again.request, again.outside), Origins::left_out), text) << file;
  }
}

// Whoever prints a project to show it to others shows no password.
TEST(Compose, IsPrintedWithTheVariableOfASecretNotItsValue) {
  Case test;
  read_case(test,
            "$ DB_PASSWORD=geheim\nservices: {a: {image: x, secrets: [db], configs: [motd]}}\n"
            "secrets: {db: {environment: DB_PASSWORD}}\nconfigs: {motd: {content: hello}}\n");
  const Project project = load(test.request, test.outside);
  const std::string text = resolved_text(project, Origins::told);
  EXPECT_EQ(text.find("geheim"), std::string::npos) << text;
  EXPECT_NE(text.find("environment: DB_PASSWORD"), std::string::npos) << text;
  EXPECT_NE(text.find("content: hello"), std::string::npos) << text;
  for (const auto& origin : origins_of(project)) EXPECT_NE(origin.value, "geheim");
}

TEST(Compose, HidesWhatLooksLikeASecretForAScreen) {
  Case test;
  read_case(test,
            "$ TOKEN=geheim\nservices:\n  a:\n    image: x\n    environment: {DB_PASSWORD: geheim, PLAIN: seen, "
            "URL: 'db://u:geheim@db/x', EMPTY_TOKEN: ''}\n    build: {context: ., args: {API_KEY: '${TOKEN}'}}\n"
            "    labels: {app.secret: geheim}\n    secrets: [s]\nsecrets: {s: {content: geheim}}\n");
  Project project = load(test.request, test.outside);
  EXPECT_EQ(hide_secrets(project), 7U);
  for (const Origins origins : {Origins::told, Origins::left_out}) {
    const std::string text = resolved_text(project, origins);
    EXPECT_EQ(text.find("geheim"), std::string::npos) << text;
    EXPECT_NE(text.find("DB_PASSWORD: \"(hidden)\""), std::string::npos) << text;
    EXPECT_NE(text.find("PLAIN: seen"), std::string::npos) << text;
  }
  for (const auto& origin : origins_of(project)) EXPECT_EQ(origin.value.find("geheim"), std::string::npos);
  EXPECT_EQ(project.environment.at("TOKEN"), "(hidden)");
  for (const auto& used : project.variables) EXPECT_NE(used.value, "geheim");
}

TEST(Compose, ScaleReplacesWhatTheFilesSay) {
  Case test;
  read_case(test, "services:\n  web: {image: a, deploy: {replicas: 3}}\n  db: {image: b}\n");
  test.request.scale = {{"web", 2}, {"db", 4}};
  const Project project = load(test.request, test.outside);
  EXPECT_EQ(map_project(project).spec.services.size(), 6u);
  test.request.scale = {{"wep", 2}};
  EXPECT_THROW(load(test.request, test.outside), NotFound);
}

TEST(Compose, ReadsTheFilesOfThisMachine) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "compose.yaml", "services: {web: {image: 'x:${TAG}', env_file: web.env}}\n");
  write_file_durably(folder.path() / "web.env", "A=1\n");
  make_folder(folder.path() / ".env");  // a folder is no file of variables
  const Outside outside = this_machine({{"TAG", "7"}});
  EXPECT_TRUE(is_project_folder(folder.path(), outside));
  EXPECT_FALSE(is_project_folder(folder.path() / ".env", outside));
  Request request;
  request.folder = folder.path();
  request.name = "shop";
  const Project project = load(request, outside);
  EXPECT_EQ(project.folder, folder.path());
  EXPECT_EQ(project.root.find("services")->find("web")->find("image")->raw(), "x:7");
  EXPECT_EQ(document::write_json(*project.root.find("services")->find("web")->find("environment")), R"({"A":"1"})");
}

// What a project is refused for; empty: it is not.
std::string refusal_of(const std::string& text) {
  Case test;
  read_case(test, text);
  try {
    load(test.request, test.outside);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string deep_defaults(int levels) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += "${A:-";
  return text + "x" + std::string(static_cast<size_t>(levels), '}');
}

std::string chain_of_services(int count) {
  std::string text = "services:\n";
  for (int i = count - 1; i > 0; --i) text += format("  s{}: {{extends: s{}}}\n", i, i - 1);
  return text + "  s0: {image: web}\n";
}

// Each took room on the stack: a file in a folder of definitions ended the daemon.
TEST(Compose, RefusesWhatIsNestedWithoutEnd) {
  EXPECT_EQ(refusal_of("services: {web: {image: '" + deep_defaults(100) + "'}}"), "");
  EXPECT_THAT(refusal_of("services: {web: {image: '" + deep_defaults(30'000) + "'}}"), HasSubstr("more than 100 deep"));
  EXPECT_EQ(refusal_of(chain_of_services(60)), "");
  EXPECT_THAT(refusal_of(chain_of_services(3'000)), HasSubstr("more than 100 services"));
}

// Files that include two others each, which include two others each, …: every level doubled the work.
TEST(Compose, RefusesFilesThatAreIncludedAgainAndAgain) {
  constexpr int levels = 25;
  std::string text = "include: [a0.yaml, b0.yaml]\n";
  for (int i = 0; i < levels; ++i)
    for (const char* side : {"a", "b"})
      text += format("@@ {}{}.yaml\ninclude: [a{}.yaml, b{}.yaml]\n", side, i, i + 1, i + 1);
  for (const char* side : {"a", "b"}) text += format("@@ {}{}.yaml\nservices: {{web: {{image: web}}}}\n", side, levels);
  EXPECT_THAT(refusal_of(text), HasSubstr("more than 1000 files are included"));
}

// What is read fits what the mapping takes: each service of a whole stack becomes one of the spec.
TEST(Compose, WholeStacksBecomeSpecs) {
  int stacks = 0;
  for (const fs::path& file : inputs("compose", ".txt")) {
    if (!file.filename().string().starts_with("stack_")) continue;
    ++stacks;
    Case test;
    read_case(test, read_file(file));
    try {
      const Project project = load(test.request, test.outside);
      EXPECT_GE(map_project(project).spec.services.size(), project.root.find("services")->members().size()) << file;
    } catch (const Error& error) {
      ADD_FAILURE() << file << ": " << error.what();
    }
  }
  EXPECT_GE(stacks, 10);
}

}  // namespace
}  // namespace belay::formats::compose
