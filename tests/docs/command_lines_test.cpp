// Every command line of the pages, read by the program's own parser; every option of the pages in the table, and every
// option of the table in a page.

#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/errors.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/parse.h"
#include "docs/pages.h"
#include "formats/dockerup_settings.h"

namespace belay::docs {
namespace {

using cli::Command;
using cli::Option;

// The words of the line up to what is for the shell: a comment, a pipe, a redirection, an explanation in a column.
std::vector<std::string> words_typed(std::string line) {
  const size_t column = line.find("  ");
  if (column != std::string::npos) line.resize(column);
  if (const size_t comment = line.find(" #"); comment != std::string::npos) line.resize(comment);
  std::vector<std::string> words;
  for (const auto& word : shell_words(line)) {
    static const std::array ends{"|", "||", "&&", ";", "<", ">", ">>", "2>&1"};
    if (std::any_of(ends.begin(), ends.end(), [&](const char* end) { return word == end; }) || word.starts_with('>'))
      break;
    words.push_back(word);
  }
  return words;
}

// What stands after the program's name; nullopt: the line does not run belay.
std::optional<std::vector<std::string>> arguments_of(const std::string& line) {
  std::vector<std::string> words;
  try {
    words = words_typed(line);
  } catch (const Error&) {
    return std::nullopt;  // an apostrophe: words for people
  }
  auto word = words.begin();
  while (word != words.end() && (*word == "sudo" || *word == "$" || word->find('=') != std::string::npos)) ++word;
  if (word == words.end() || *word != "belay") return std::nullopt;
  return std::vector<std::string>(word + 1, words.end());
}

// A word in capitals, or dots, stands for something: "belay COMMAND --help".
bool is_placeholder(const std::string& word) {
  return word.starts_with("…") || std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string fault_of(const std::vector<std::string>& arguments) {
  try {
    cli::parse_command_line(arguments);
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

// In running text a line may be a beginning: "`belay backup -o`". Its command and its options must be right all the
// same.
std::string fault_of_beginning(std::vector<std::string> arguments) {
  if (arguments.empty() || is_placeholder(arguments[0])) return {};
  if (!arguments[0].starts_with('-')) arguments.insert(arguments.begin() + 1, "--help");
  const std::string fault = fault_of(arguments);
  if (fault.find("needs a value") == std::string::npos) return fault;
  arguments.emplace_back("1");
  return fault_of(arguments);
}

TEST(CommandLines, OfTheExamplesCanBeTyped) {
  int count = 0;
  for (const auto& page : pages())
    for (const auto& line : page.code_lines) {
      const auto arguments = arguments_of(line.text);
      if (!arguments) continue;
      ++count;
      EXPECT_EQ(fault_of(*arguments), "") << text_of(line.place) << ": " << line.text;
    }
  EXPECT_GT(count, 100);
}

TEST(CommandLines, InRunningTextHaveCommandsAndOptionsOfTheTable) {
  for (const auto& page : pages())
    for (const auto& span : page.code_spans)
      if (const auto arguments = arguments_of(span.text)) {
        EXPECT_EQ(fault_of_beginning(*arguments), "") << text_of(span.place) << ": " << span.text;
      }
}

TEST(CommandLines, ThatAreWrongAreFound) {
  EXPECT_NE(fault_of(arguments_of("sudo belay adopt web --schema jcl  # so").value()), "");
  EXPECT_NE(fault_of(arguments_of("PASS=x belay sotp web | cat").value()), "");
  EXPECT_NE(fault_of_beginning(arguments_of("belay volumes --size").value()), "");
  EXPECT_EQ(fault_of_beginning(arguments_of("belay backup -o").value()), "");
  EXPECT_FALSE(arguments_of("docker ps"));
}

// The command that a help page is about; nullptr for other pages.
const Command* command_of(const Page& page) {
  const fs::path path = page.path;
  return path.parent_path() == "src/cli/help" ? cli::find_command(path.stem().string()) : nullptr;
}

bool knows(const Command& command, const std::string& option) {
  if (command.find_option(option) != nullptr) return true;
  const auto globals = cli::global_options();
  return std::any_of(globals.begin(), globals.end(), [&](const Option& global) { return global.name == option; });
}

bool is_option_of_any(const std::string& option) {
  const auto all = cli::commands();
  return std::any_of(all.begin(), all.end(), [&](const Command& command) { return knows(command, option); });
}

// "--keep" and "--keep RULES" alike; empty for spans that are no option.
std::string option_named(const std::string& span) {
  if (!span.starts_with("--") || span.size() < 4) return {};
  const std::string name = span.substr(2, span.find_first_of(" =") - 2);
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; }) ? name : "";
}

// Options of other programs that the pages speak of.
const std::set<std::string>& foreign_options() {
  static const std::set<std::string> foreign{
      "all",     // docker image prune
      "xattrs",  // tar
      "detach",  // docker run, in docs/docker-run.md, whose table has many more
  };
  return foreign;
}

bool speaks_of_other_programs(const Page& page) {
  static const std::set<std::string> others{"docs/docker-run.md",
                                            "docs/howto/from-watchtower.md",
                                            "CONTRIBUTING.md",
                                            "src/cli/help/jockler.md",
                                            "src/cli/help/dockervisor.md",
                                            "src/cli/help/dockerup.md",
                                            "src/cli/help/docker-compose.md"};
  return others.contains(page.path);
}

TEST(Options, ThatPagesNameAreInTheTable) {
  for (const auto& page : pages()) {
    if (speaks_of_other_programs(page)) continue;
    const Command* command = command_of(page);
    for (const auto& span : page.code_spans) {
      const std::string option = option_named(span.text);
      if (option.empty() || foreign_options().contains(option)) continue;
      EXPECT_TRUE(is_option_of_any(option)) << text_of(span.place) << ": --" << option;
      if (command == nullptr || knows(*command, option)) continue;
      // An option of another command: the line must say of which.
      const std::string& line = page.lines[static_cast<size_t>(span.place.line) - 1];
      EXPECT_NE(line.find("belay "), std::string::npos)
          << text_of(span.place) << ": belay " << command->name << " has no --" << option;
    }
  }
}

// The options of `command` that the code of its page, or a line of it on any page, names, long or short.
std::set<std::string> named_options(const Command& command) {
  std::set<std::string> named;
  const auto take = [&](const std::string& text) {
    for (const auto& word : split(text, ' '))
      if (!option_named(word).empty())
        named.insert(option_named(word));
      else if (word.size() == 2 && word[0] == '-')
        for (const auto& option : command.options)
          if (option.letter == word[1]) named.insert(std::string(option.name));
  };
  for (const auto& page : pages())
    for (const auto* pieces : {&page.code_lines, &page.code_spans})
      for (const auto& piece : *pieces)
        if (command_of(page) == &command || has_word(piece.text, command.name) || option_named(piece.text).size() > 1)
          take(piece.text);
  return named;
}

// A help page lists the options of its command by itself, so here a page of any kind will do.
TEST(Options, OfTheTableAreInSomePage) {
  for (const auto& command : cli::commands()) {
    const auto named = named_options(command);
    for (const auto& option : command.options)
      EXPECT_TRUE(named.contains(std::string(option.name))) << "belay " << command.name << " --" << option.name;
  }
}

TEST(HelpPages, AreThereForEveryCommand) {
  for (const auto& command : cli::commands())
    EXPECT_TRUE(fs::exists(in_repository("src/cli/help/" + std::string(command.name) + ".md"))) << command.name;
}

TEST(HelpPages, HaveNoTablesForATerminalShowsThemRunTogether) {
  for (const auto& page : pages())
    if (page.path.starts_with("src/cli/help/"))
      for (const auto& line : page.lines) EXPECT_FALSE(line.starts_with('|')) << page.path << ": " << line;
}

TEST(Settings, OfThePageAndOfTheReaderAreTheSame) {
  const Page page = read_page("docs/dockerup.md");
  std::set<std::string> in_table, in_example;
  bool in_settings = false;
  for (const auto& line : page.lines) {
    if (line.starts_with("## ")) in_settings = line == "## Settings";
    if (!in_settings || !line.starts_with("| `")) continue;
    const std::string cell = line.substr(2, line.find(" |", 2) - 2);
    for (const auto& word : split(cell, ','))
      if (const auto name = trim(word); name.size() > 2) in_table.insert(std::string(name.substr(1, name.size() - 2)));
  }
  for (const auto& line : page.code_lines)
    if (const size_t equals = line.text.find(" = "); equals != std::string::npos && !line.text.starts_with(';'))
      in_example.insert(line.text.substr(0, equals));
  const auto keys = formats::setting_keys();
  EXPECT_EQ(in_table, std::set<std::string>(keys.begin(), keys.end()));
  for (const auto& key : in_example) EXPECT_TRUE(in_table.contains(key)) << key;
}

}  // namespace
}  // namespace belay::docs
