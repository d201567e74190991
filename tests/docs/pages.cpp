#include "docs/pages.h"

#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::docs {

namespace {

bool is_word_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

class PageReader {
 public:
  explicit PageReader(Page& page) : page_(page) {}

  void read() {
    for (size_t i = 0; i < page_.lines.size(); ++i) {
      line_ = static_cast<int>(i) + 1;
      take(page_.lines[i]);
    }
  }

 private:
  void take(const std::string& line) {
    if (trim(line).starts_with("```")) {
      in_code_ = !in_code_;
      joined_.clear();
      span_open_ = false;
    } else if (in_code_) {
      take_code(std::string(trim(line)));
    } else {
      take_prose(line);
    }
  }

  void take_code(std::string line) {
    line = joined_ + line;
    joined_.clear();
    if (line.ends_with('\\')) {
      line.pop_back();
      joined_ = line;
      return;
    }
    page_.code_lines.push_back({here(), line});
  }

  // A span may go on in the next line; the text between the marks is then joined by a space.
  void take_prose(const std::string& line) {
    if (line.empty()) span_open_ = false;
    if (line.starts_with('#'))
      page_.headings.push_back({here(), std::string(trim(line.substr(line.find_first_not_of('#'))))});
    std::string prose;
    if (span_open_) span_ += ' ';
    for (const char c : line) {
      if (c == '`') {
        if (span_open_) page_.code_spans.push_back({here(), span_});
        span_open_ = !span_open_;
        span_.clear();
        prose += ' ';
      } else {
        (span_open_ ? span_ : prose) += c;
      }
    }
    page_.prose.push_back({here(), prose});
    for (size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const size_t end = line.find(')', at);
      if (end != std::string::npos) page_.links.push_back({here(), line.substr(at + 2, end - at - 2)});
    }
  }

  Place here() const { return {page_.path, line_}; }

  Page& page_;
  int line_ = 0;
  bool in_code_ = false, span_open_ = false;
  std::string joined_, span_;
};

}  // namespace

fs::path in_repository(const fs::path& path) {
  return path.empty() ? fs::path(REPOSITORY) : fs::path(REPOSITORY) / path;
}

std::string text_of(const Place& place) {
  return format("{}:{}", place.page, place.line);
}

std::vector<std::string> lines_of(const fs::path& path) {
  auto lines = split(read_file(in_repository(path)), '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

Page read_page(const fs::path& path) {
  Page page;
  page.path = path.string();
  page.lines = lines_of(path);
  PageReader(page).read();
  return page;
}

std::vector<fs::path> files_below(const fs::path& folder, const std::vector<std::string>& endings) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(in_repository(folder))) {
    const std::string name = entry.path().filename().string();
    const bool wanted =
        std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) { return name.ends_with(ending); });
    if (entry.is_regular_file() && wanted) found.push_back(entry.path().lexically_relative(in_repository()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

const std::vector<Page>& pages() {
  static const std::vector<Page> all = [] {
    std::vector<Page> read{read_page("README.md"), read_page("CONTRIBUTING.md")};
    for (const char* folder : {"docs", "src/cli/help"})
      for (const auto& path : files_below(folder, {".md"})) read.push_back(read_page(path));
    return read;
  }();
  return all;
}

std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : lower(heading))
    if (c == ' ')
      anchor += '-';
    else if (is_word_letter(c) || static_cast<unsigned char>(c) >= 0x80)
      anchor += c;
  return anchor;
}

bool has_word(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_word_letter(text[at - 1])) && (end == text.size() || !is_word_letter(text[end]))) return true;
  }
  return false;
}

}  // namespace belay::docs
