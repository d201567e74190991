// docs/state-format.md against the schema.

#include <gtest/gtest.h>
#include <set>

#include "base/text.h"
#include "docs/pages.h"
#include "model/journal.h"
#include "state/schema.h"
#include "state/store.h"

namespace belay::docs {
namespace {

std::set<std::string> words_after(std::string_view text, std::string_view phrase) {
  std::set<std::string> words;
  for (size_t at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
    const size_t begin = at + phrase.size();
    words.emplace(text.substr(begin, text.find_first_of(" (", begin) - begin));
  }
  return words;
}

TEST(StateFormat, NamesEveryTableAndNoOther) {
  std::set<std::string> tables, named;
  for (const auto& migration : state::migrations())
    for (const auto& table : words_after(migration.sql, "CREATE TABLE ")) tables.insert(table);
  for (const auto& line : read_page("docs/state-format.md").lines) {
    if (!line.starts_with("| `")) continue;
    for (const auto& word : split(line.substr(2, line.find(" |", 2) - 2), ','))
      named.emplace(trim(word).substr(1, trim(word).size() - 2));
  }
  EXPECT_EQ(named, tables);
}

// Those that the code writes are in the table, else it does not compile.
TEST(StateFormat, NamesEveryVerbOfTheJournal) {
  std::string text;
  bool is_inside = false;
  for (const auto& line : read_page("docs/state-format.md").lines) {
    is_inside = line.starts_with("The journal's verbs") || (is_inside && !line.empty() && !text.ends_with(". "));
    if (is_inside) text += line + " ";
  }
  std::vector<std::string> named;
  const std::vector<std::string> parts = split(text.substr(0, text.find(". ")), '`');
  for (size_t i = 3; i < parts.size(); i += 2) named.push_back(parts[i]);
  EXPECT_EQ(named, (std::vector<std::string>{JournalVerb::all.begin(), JournalVerb::all.end()}));
}

TEST(StateFormat, HasARowForEveryVersion) {
  const Page page = read_page("docs/state-format.md");
  std::set<int> rows;
  bool tells_version = false;
  for (const auto& line : page.lines) {
    if (line.starts_with("| "))
      if (const auto version = parse_number(line.substr(2, line.find(' ', 2) - 2)))
        rows.insert(static_cast<int>(*version));
    if (line.starts_with("Version of the schema: " + std::to_string(state::schema_version) + " ")) tells_version = true;
  }
  EXPECT_TRUE(tells_version) << "the schema's version is " << state::schema_version;
  for (const auto& migration : state::migrations()) EXPECT_TRUE(rows.contains(migration.version)) << migration.version;
}

}  // namespace
}  // namespace belay::docs
