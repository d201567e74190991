// The modules: docs/architecture.md, the CMakeLists.txt and the includes say the same.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <set>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

using Names = std::set<std::string>;

struct Module {
  fs::path folder;  // relative to the repository
  Names uses, hides;
  bool operator==(const Module& other) const { return uses == other.uses && hides == other.hides; }
};
using Modules = std::map<std::string, Module>;

std::string text_of(const Module& module) {
  std::string text;
  for (const auto& name : module.uses) text += name + " ";
  text += "(";
  for (const auto& name : module.hides) text += name + " ";
  return text + ")";
}

// The calls module(NAME SOURCES … USES … HIDES … LIBRARIES …) of src/*/CMakeLists.txt.
Modules built() {
  Modules modules;
  for (const auto& entry : fs::directory_iterator(in_repository("src"))) {
    if (!fs::exists(entry.path() / "CMakeLists.txt")) continue;
    const std::string text = read_file(entry.path() / "CMakeLists.txt", {1 << 20});
    const size_t begin =
        text.find("\nmodule(") == std::string::npos ? text.find("module(") : text.find("\nmodule(") + 1;
    if (begin == std::string::npos) continue;
    const size_t end = text.find(')', begin);
    std::string inner = text.substr(begin + 7, end - begin - 7);
    std::replace(inner.begin(), inner.end(), '\n', ' ');
    Module module{fs::path("src") / entry.path().filename(), {}, {}};
    std::string name, part;
    for (const auto& word : split(inner, ' ')) {
      if (word.empty()) continue;
      if (name.empty())
        name = word;
      else if (word == "SOURCES" || word == "USES" || word == "HIDES" || word == "LIBRARIES")
        part = word;
      else if (part == "USES")
        module.uses.emplace(word);
      else if (part == "HIDES")
        module.hides.emplace(word);
    }
    modules[name] = module;
  }
  return modules;
}

Names names_in(const std::string& list) {
  Names names;
  for (const auto& piece : split(list, ','))
    if (const auto word = trim(piece); !word.empty() && word != "–") names.emplace(word);
  return names;
}

// The rows of the table "module | what it is | may use | libraries".
Modules described() {
  Modules modules;
  bool in_table = false;
  for (const auto& line : lines_of("docs/architecture.md")) {
    if (line.starts_with("| module |")) in_table = true;
    if (in_table && !line.starts_with('|')) break;
    if (!in_table || !line.starts_with("| `")) continue;
    const auto cells = split(line, '|');
    const auto name = trim(cells[1]);
    const std::string use(cells[3]);
    const size_t open = use.find('(');
    Module module;
    module.uses = names_in(use.substr(0, open));
    if (open != std::string::npos) module.hides = names_in(use.substr(open + 1, use.find(')') - open - 1));
    modules[std::string(name.substr(1, name.size() - 2))] = module;
  }
  return modules;
}

bool stands_on(const Modules& modules, const std::string& name, const std::string& other) {
  const Module& module = modules.at(name);
  for (const auto* list : {&module.uses, &module.hides})
    for (const auto& used : *list)
      if (used == other || stands_on(modules, used, other)) return true;
  return false;
}

// The modules whose headers this one's files include.
Names included(const Modules& modules, const std::string& name) {
  static const std::regex include(R"re(^\s*#\s*include\s*"([a-z_]+)/.*)re");
  Names found;
  for (const auto& file : files_below(modules.at(name).folder, {".h", ".cpp"}))
    for (const auto& line : lines_of(file)) {
      std::smatch match;
      if (std::regex_match(line, match, include) && modules.contains(match[1]) && match[1] != name)
        found.insert(match[1]);
    }
  return found;
}

TEST(Modules, AreAsTheTableHasThem) {
  const auto in_cmake = built();
  const auto in_table = described();
  ASSERT_GT(in_cmake.size(), 15u);
  for (const auto& [name, module] : in_cmake) {
    ASSERT_TRUE(in_table.contains(name)) << name << " has no row in docs/architecture.md";
    EXPECT_EQ(in_table.at(name), module) << name << ": the table has " << text_of(in_table.at(name)) << ", CMake has "
                                         << text_of(module);
  }
  EXPECT_EQ(in_table.size(), in_cmake.size());
}

TEST(Modules, IncludeWhatTheyMayUseAndNothingElse) {
  const auto modules = built();
  for (const auto& [name, module] : modules) {
    const Names found = included(modules, name);
    for (const auto& other : found) {
      const bool is_vocabulary = other == "base" || (other == "model" && stands_on(modules, name, "model"));
      EXPECT_TRUE(module.uses.contains(other) || module.hides.contains(other) || is_vocabulary)
          << name << " includes a header of " << other << ", which its CMakeLists.txt does not name";
    }
    for (const auto* list : {&module.uses, &module.hides})
      for (const auto& other : *list)
        EXPECT_TRUE(found.contains(other)) << name << " names " << other << " and includes nothing of it";
  }
}

TEST(Modules, KeepTheEngineAndSqlFromTheCommandLine) {
  const auto modules = built();
  const Names found = included(modules, "cli");
  for (const char* foreign : {"engine", "state", "exec", "net", "registry"})
    EXPECT_FALSE(found.contains(foreign)) << foreign;
}

// The one door: plans run nowhere else, so that each is told, stopped and given its data in the same way.
TEST(Modules, RunPlansInOnePlaceAlone) {
  std::vector<std::string> places;
  for (const auto& file : files_below("src", {".h", ".cpp"}))
    for (const auto& line : lines_of(file))
      if (line.find("exec::run(") != std::string::npos) places.push_back(fs::path(file).string());
  EXPECT_EQ(places, std::vector<std::string>{"src/change/carry_out.cpp"});
}

}  // namespace
}  // namespace belay::docs
