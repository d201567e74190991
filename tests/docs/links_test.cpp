// What a page points to is there: links, anchors, files of the repository that are named in code spans.

#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

bool has_anchor(const Page& page, const std::string& anchor) {
  return std::any_of(page.headings.begin(), page.headings.end(),
                     [&](const Piece& heading) { return anchor_of(heading.text) == anchor; });
}

// Why the link of a page leads nowhere; empty: it leads somewhere.
std::string fault_of_link(const Page& page, const std::string& target) {
  if (target.find("://") != std::string::npos) return {};
  const size_t hash = target.find('#');
  const std::string file = target.substr(0, hash);
  const fs::path path =
      file.empty() ? fs::path(page.path) : (fs::path(page.path).parent_path() / file).lexically_normal();
  if (!fs::exists(in_repository(path))) return "there is no " + path.string();
  if (hash == std::string::npos) return {};
  const std::string anchor = target.substr(hash + 1);
  return has_anchor(read_page(path), anchor) ? "" : "there is no heading for #" + anchor + " in " + path.string();
}

TEST(Links, LeadToPagesAndHeadingsThatAreThere) {
  for (const auto& page : pages())
    for (const auto& link : page.links) EXPECT_EQ(fault_of_link(page, link.text), "") << text_of(link.place);
}

bool is_path_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-' || c == '.';
  });
}

// A span such as `docs/data.md`, `host/change.cpp` or `scripts/lint`, for which a file of the repository is expected.
bool names_a_file(const std::string& text) {
  static const std::array placeholders{"NAME", "MODULE", "ITEM", "UNIT"};
  if (!is_path_text(text) || text.find('/') == std::string::npos || text.starts_with('/') || text.starts_with('.') ||
      std::any_of(placeholders.begin(), placeholders.end(),
                  [&](const char* word) { return text.find(word) != text.npos; }))
    return false;
  static const std::array tops{"src/", "tests/", "docs/", "scripts/", "bench/", "packaging/", "cmake/", "demo/"};
  if (std::any_of(tops.begin(), tops.end(), [&](const char* top) { return text.starts_with(top); })) return true;
  const bool is_source = text.ends_with(".h") || text.ends_with(".cpp");
  return is_source || fs::is_directory(in_repository("src/" + text.substr(0, text.find('/'))));
}

bool is_there(const std::string& text) {
  return fs::exists(in_repository(text)) || fs::exists(in_repository("src/" + text));
}

TEST(Links, FilesThatArePutInCodeSpansAreThere) {
  for (const auto& page : pages())
    for (const auto& span : page.code_spans)
      if (names_a_file(span.text)) {
        EXPECT_TRUE(is_there(span.text)) << text_of(span.place) << ": " << span.text;
      }
}

// "docs/NAME.md" in running text, in comments, messages and scripts.
TEST(Links, PagesThatSourcesNameAreThere) {
  for (const char* folder : {"src", "tests", "scripts", "bench", "packaging"})
    for (const auto& path : files_below(folder, {".h", ".cpp", ".md", ".sh", ".txt", ".in", "demo", "lint", "test"})) {
      const std::string name = path.string();
      // Their texts have files of their own.
      if (name.starts_with("tests/formats/") || name.starts_with("tests/archive/") || name.starts_with("tests/docs/"))
        continue;
      int number = 0;
      for (const auto& line : lines_of(path)) {
        ++number;
        for (size_t at = line.find("docs/"); at != std::string::npos; at = line.find("docs/", at + 1)) {
          const size_t end = line.find(".md", at);
          if (end == std::string::npos || !is_path_text(std::string_view(line).substr(at, end - at))) continue;
          const std::string named = line.substr(at, end + 3 - at);
          EXPECT_TRUE(is_there(named)) << text_of({name, number}) << ": " << named;
        }
      }
    }
}

// The pages of a folder stand on the shelf of the folder's own list.
TEST(Shelves, HoldEveryPage) {
  std::vector<std::string> shelved;
  for (const fs::path index : {"docs/README.md", "docs/decisions/README.md"})
    for (const auto& link : read_page(index).links)
      shelved.push_back((index.parent_path() / link.text.substr(0, link.text.find('#'))).lexically_normal().string());
  for (const auto& path : files_below("docs", {".md"}))
    if (path != "docs/README.md") {
      EXPECT_THAT(shelved, ::testing::Contains(path.string()));
    }
  EXPECT_THAT(shelved, ::testing::Contains("CONTRIBUTING.md"));
}

TEST(Shelves, AreFour) {
  std::vector<std::string> titles;
  for (const auto& heading : read_page("docs/README.md").headings) titles.push_back(heading.text);
  for (const char* shelf : {"Tutorial", "How-to", "Reference", "Explanation"})
    EXPECT_THAT(titles, ::testing::Contains(::testing::StartsWith(shelf)));
}

}  // namespace
}  // namespace belay::docs
