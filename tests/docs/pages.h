#pragma once
// The pages of the repository that people read, taken apart: lines, code, links, headings.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace belay::docs {

namespace fs = std::filesystem;

// The root of the checkout, or something in it.
fs::path in_repository(const fs::path& path = {});

struct Place {
  std::string page;  // relative to the repository
  int line = 0;
};
std::string text_of(const Place& place);  // "docs/data.md:12"

// A piece of text that stands somewhere.
struct Piece {
  Place place;
  std::string text;
};

struct Page {
  std::string path;                // relative to the repository
  std::vector<std::string> lines;  // as they are written
  std::vector<Piece> code_lines;   // of fenced blocks; a line that ends in a backslash is joined with the next
  std::vector<Piece> code_spans;   // `…` outside of fenced blocks
  std::vector<Piece> prose;        // the other lines, without their code spans
  std::vector<Piece> links;        // targets of [text](target)
  std::vector<Piece> headings;     // their texts
};

Page read_page(const fs::path& path);
// README.md, CONTRIBUTING.md, docs/ and the help pages, by their paths.
const std::vector<Page>& pages();
// Files below `folder` whose names end in one of `endings`, by their paths relative to the repository.
std::vector<fs::path> files_below(const fs::path& folder, const std::vector<std::string>& endings);
std::vector<std::string> lines_of(const fs::path& path);

// The anchor that a heading gets on the usual hosts of git repositories.
std::string anchor_of(std::string_view heading);
// Whether `word` stands in `text`, not as a part of a longer word.
bool has_word(std::string_view text, std::string_view word);

}  // namespace belay::docs
