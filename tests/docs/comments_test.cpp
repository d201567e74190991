// A comment may cite what a reader of the repository can open, and nothing else.

#include <array>
#include <cctype>
#include <gtest/gtest.h>

#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

// What stands for a document that is not here.
std::string citation_in(const std::string& line) {
  static const std::array words{"ruling", "rulings", "originals", "newcomer"};
  for (const char* word : words)
    if (has_word(lower(line), word)) return word;
  if (line.find("§") != std::string::npos) return "§";
  for (const char* word : {"issue ", "review D", "finding ", "findings/", "seeds/"})
    for (size_t at = lower(line).find(lower(word)); at != std::string::npos;
         at = lower(line).find(lower(word), at + 1)) {
      const size_t end = at + std::string_view(word).size();
      const bool is_path = std::string_view(word).ends_with('/');
      if (is_path || (end < line.size() && std::isdigit(static_cast<unsigned char>(line[end])) != 0)) return word;
    }
  return {};
}

TEST(Comments, CiteNothingThatIsOutsideTheRepository) {
  for (const char* folder : {"src", "tests", "scripts", "bench", "demo", "packaging", "cmake", "docs"})
    for (const auto& path : files_below(
             folder, {".h", ".cpp", ".sh", ".md", ".txt", ".cmake", "demo", "engine", "lint", "setup", "test"})) {
      const std::string name = path.string();
      if (name.starts_with("tests/formats/") || name.starts_with("tests/docs/")) continue;
      int number = 0;
      for (const auto& line : lines_of(path)) {
        ++number;
        EXPECT_EQ(citation_in(line), "") << text_of({name, number}) << ": " << line;
      }
    }
}

TEST(Comments, OfOtherDocumentsAreFound) {
  EXPECT_EQ(citation_in("// (design §5, promises 1 and 2)."), "§");
  EXPECT_EQ(citation_in("// Two in one second (rulings)."), "rulings");
  EXPECT_EQ(citation_in("// as issue 9 asks"), "issue ");
  EXPECT_EQ(citation_in("// issues a warning"), "");
}

}  // namespace
}  // namespace belay::docs
