#include "cli/markdown.h"

#include "base/text.h"

namespace belay::cli {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The marker of a list item at the front of a line ("-" or "1."); empty: it is none.
std::string_view item_marker(std::string_view line) {
  if (line.starts_with("- ") || line.starts_with("* ")) return line.substr(0, 1);
  size_t digits = 0;
  while (digits < line.size() && is_digit(line[digits])) ++digits;
  if (digits == 0 || !line.substr(digits).starts_with(". ")) return {};
  return line.substr(0, digits + 1);
}

class Reader {
 public:
  std::vector<Block> read(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (const auto& line : split(text, '\n')) read_line(line);
    close();
    return std::move(blocks_);
  }

 private:
  void read_line(const std::string& line) {
    if (line.starts_with("```")) {
      close();
      if (!fenced_) blocks_.push_back({.kind = Block::Kind::code});
      fenced_ = !fenced_;
      return;
    }
    if (fenced_) {
      blocks_.back().text += line + "\n";
      return;
    }
    const std::string_view words = trim(line);
    if (words.empty()) {
      close();
    } else if (line.starts_with("#")) {
      close();
      const size_t level = line.find_first_not_of('#');
      blocks_.push_back({.kind = Block::Kind::heading,
                         .level = static_cast<int>(level),
                         .spans = read_spans(trim(std::string_view(line).substr(level)))});
    } else if (const auto marker = item_marker(words); !marker.empty()) {
      close();
      open_ = {.kind = Block::Kind::item, .marker = marker == "*" ? "-" : std::string(marker)};
      lines_ = std::string(trim(words.substr(marker.size())));
    } else {
      // A paragraph, or the item before goes on.
      if (!lines_.empty()) lines_ += ' ';
      lines_ += words;
    }
  }

  void close() {
    if (!lines_.empty()) {
      open_.spans = read_spans(lines_);
      blocks_.push_back(std::move(open_));
    }
    open_ = {};
    lines_.clear();
  }

  std::vector<Block> blocks_;
  Block open_;
  std::string lines_;
  bool fenced_ = false;
};

}  // namespace

std::vector<Span> read_spans(std::string_view line) {
  std::vector<Span> spans;
  const auto add = [&](Span::Kind kind, std::string_view text) {
    if (text.empty()) return;
    if (!spans.empty() && spans.back().kind == kind) {
      spans.back().text += text;
    } else {
      spans.push_back({kind, std::string(text)});
    }
  };
  // Adds what stands between two `mark`s at the front of the line; false where there is no second one.
  const auto take = [&](std::string_view mark, Span::Kind kind) {
    if (!line.starts_with(mark)) return false;
    const size_t end = line.find(mark, mark.size());
    if (end == std::string_view::npos || end == mark.size()) return false;
    add(kind, line.substr(mark.size(), end - mark.size()));
    line.remove_prefix(end + mark.size());
    return true;
  };
  while (!line.empty()) {
    if (line[0] == '\\' && line.size() > 1 && !is_space(line[1])) {
      add(Span::Kind::text, line.substr(1, 1));
      line.remove_prefix(2);
      continue;
    }
    if (take("`", Span::Kind::code) || take("**", Span::Kind::bold)) continue;
    if (line.size() > 1 && !is_space(line[1]) && take("*", Span::Kind::italic)) continue;
    if (line[0] == '[') {
      const size_t middle = line.find("](");
      const size_t end = middle == std::string_view::npos ? middle : line.find(')', middle);
      if (end != std::string_view::npos) {
        add(Span::Kind::text, line.substr(1, middle - 1));
        line.remove_prefix(end + 1);
        continue;
      }
    }
    add(Span::Kind::text, line.substr(0, 1));
    line.remove_prefix(1);
  }
  return spans;
}

std::vector<Block> read_markdown(std::string_view text) {
  return Reader().read(text);
}

}  // namespace belay::cli
