// docs/promises.md against the tests: each promise has some, each test that is named is there, and each promise that a
// comment cites has its number on the page.

#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

// "Suite.Name" of every TEST, TEST_F and TEST_P, and "file_test.sh test_name" of every shell test.
std::set<std::string> all_tests() {
  std::set<std::string> found;
  for (const auto& path : files_below("tests", {"_test.cpp", "_test.h", "contract.cpp"})) {
    std::string text;
    for (const auto& line : lines_of(path)) text += line + ' ';
    for (size_t at = text.find("TEST"); at != std::string::npos; at = text.find("TEST", at + 1)) {
      const size_t open = text.find('(', at), comma = text.find(',', at), close = text.find(')', at);
      if (open == std::string::npos || open - at > 6 || comma > close) continue;
      found.insert(std::string(trim(text.substr(open + 1, comma - open - 1))) + "." +
                   std::string(trim(text.substr(comma + 1, close - comma - 1))));
    }
  }
  for (const auto& path : files_below("tests", {".sh"}))
    for (const auto& line : lines_of(path))
      if (line.starts_with("test_") && line.find("()") != std::string::npos)
        found.insert(path.string() + " " + line.substr(0, line.find("()")));
  return found;
}

bool is_capitalised(const std::string& word) {
  return !word.empty() && std::isupper(static_cast<unsigned char>(word[0])) != 0 &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

bool names_a_test(const std::string& text) {
  if (text.starts_with("tests/") && text.find(".sh test_") != std::string::npos) return true;
  const auto parts = split(text, '.');
  return parts.size() == 2 && is_capitalised(parts[0]) && is_capitalised(parts[1]) && parts[1].size() > 12;
}

// The number of the promise under whose heading each test is named.
std::map<int, int> tests_by_promise(const Page& page) {
  std::map<int, int> counts;
  for (const auto& heading : page.headings)
    if (const auto number = parse_number(heading.text.substr(0, heading.text.find('.'))))
      counts[static_cast<int>(*number)] = 0;
  for (const auto& span : page.code_spans) {
    if (!names_a_test(span.text)) continue;
    int current = 0;
    for (const auto& heading : page.headings)
      if (heading.place.line < span.place.line)
        if (const auto number = parse_number(heading.text.substr(0, heading.text.find('.'))))
          current = static_cast<int>(*number);
    ++counts[current];
  }
  return counts;
}

TEST(PromisesPage, HasTestsForEachOfNine) {
  const auto counts = tests_by_promise(read_page("docs/promises.md"));
  for (int number = 1; number <= 9; ++number) {
    const auto found = counts.find(number);
    ASSERT_NE(found, counts.end()) << "promise " << number;
    EXPECT_GE(found->second, 2) << "promise " << number;
  }
}

TEST(PagesOfTests, NameTestsThatAreThere) {
  const auto tests = all_tests();
  EXPECT_GT(tests.size(), 1000u);
  for (const auto& page : pages())
    for (const auto& span : page.code_spans)
      if (names_a_test(span.text)) {
        EXPECT_TRUE(tests.contains(span.text)) << text_of(span.place) << ": " << span.text;
      }
}

TEST(Comments, CitePromisesThatAreOnThePage) {
  const auto counts = tests_by_promise(read_page("docs/promises.md"));
  for (const char* folder : {"src", "tests"})
    for (const auto& path : files_below(folder, {".h", ".cpp", ".sh"})) {
      int number = 0;
      for (const auto& line : lines_of(path)) {
        ++number;
        for (const char* word : {"promise ", "promises "})
          for (size_t at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
            const std::string rest = line.substr(at + std::string(word).size());
            const size_t digits = rest.find_first_not_of("0123456789");
            if (digits == 0) continue;
            const auto cited = parse_number(rest.substr(0, digits));
            if (cited) {
              EXPECT_TRUE(counts.contains(static_cast<int>(*cited))) << text_of({path.string(), number});
            }
          }
      }
    }
}

}  // namespace
}  // namespace belay::docs
