#include "document/ini.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay::document {

namespace {

bool begins_comment(char c) {
  return c == ';' || c == '#';
}

// One line, and where its parts stand.
class Line {
 public:
  Line(std::string_view text, const std::string& file, int number) : text_(text), file_(file), number_(number) {
    for (size_t i = 0; i < text_.size(); ++i)
      if (static_cast<unsigned char>(text_[i]) < 0x20 && text_[i] != '\t' && text_[i] != '\r')
        throw ConfigError(place(i), "a control character is not allowed here");
  }

  // `offset` counts from 0.
  SourcePosition place(size_t offset) const { return {file_, number_, static_cast<int>(offset) + 1}; }
  // Where the first character stands that is not white space, at `from` or behind it.
  size_t next(size_t from) const {
    while (from < text_.size() && is_space(text_[from])) ++from;
    return from;
  }
  bool is_blank() const { return next(0) == text_.size() || begins_comment(text_[next(0)]); }
  std::string_view from(size_t offset) const { return text_.substr(std::min(offset, text_.size())); }

  // What stands from `start` on, without white space and comment around it.
  std::string value(size_t start) const {
    if (from(start).starts_with('"')) return quoted(start);
    size_t end = start;
    while (end < text_.size() && !(begins_comment(text_[end]) && (end == start || is_space(text_[end - 1])))) ++end;
    return std::string(trim(text_.substr(start, end - start)));
  }

 private:
  std::string quoted(size_t start) const {
    const size_t end = text_.find('"', start + 1);
    if (end == std::string_view::npos) throw ConfigError(place(start), "the quote that begins here is never closed");
    const size_t behind = next(end + 1);
    if (behind < text_.size() && !begins_comment(text_[behind]))
      throw ConfigError(place(behind), "there is something after the closing quote");
    return std::string(text_.substr(start + 1, end - start - 1));
  }

  std::string_view text_;
  const std::string& file_;
  int number_;
};

// The map in which `section` is, with its name taken from the line "[NAME]".
Member section_of(const Line& line) {
  const size_t start = line.next(0);
  const size_t end = line.from(start).find(']');
  if (end == std::string_view::npos) throw ConfigError(line.place(start), "the section's name has no closing ']'");
  const std::string_view name = trim(line.from(start).substr(1, end - 1));
  if (name.empty()) throw ConfigError(line.place(start), "the section has no name");
  if (!line.value(line.next(start + end + 1)).empty())
    throw ConfigError(line.place(line.next(start + end + 1)), "there is something after the section's name");
  Member section{std::string(name), line.place(start), Node::map()};
  section.value.set_where(section.key_where);
  return section;
}

Member setting_of(const Line& line) {
  const size_t start = line.next(0);
  const size_t equals = line.from(start).find('=');
  const std::string_view key = trim(line.from(start).substr(0, equals));
  if (equals == std::string_view::npos)
    throw ConfigError(line.place(start), "this line is not a setting", "Settings look like 'key = value'.");
  if (key.empty()) throw ConfigError(line.place(start), "there is no key before the '='");
  const size_t value_start = line.next(start + equals + 1);
  Member setting{std::string(key), line.place(start), Node::text(line.value(value_start))};
  setting.value.set_where(line.place(value_start));
  return setting;
}

// `map` in its own terms: a key only once.
void add(std::vector<Member>& map, Member member) {
  for (const Member& other : map)
    if (other.key == member.key)
      throw ConfigError(member.key_where, format("'{}' is here for the second time, the first is in line {}",
                                                 printable(member.key), other.key_where.line));
  map.push_back(std::move(member));
}

}  // namespace

Node read_ini(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<Member> settings;
  // The sections at the end, each with its settings; none yet: the settings stand alone.
  std::vector<Member> sections;
  std::vector<Member> in_section;
  const auto close_section = [&] {
    for (Member& member : in_section) sections.back().value.add_member(std::move(member));
    in_section.clear();
  };
  int number = 0;
  for (const std::string& line_text : split(text, '\n')) {
    const Line line(line_text, file, ++number);
    if (line.is_blank()) continue;
    if (line.from(line.next(0)).starts_with('[')) {
      close_section();
      add(sections, section_of(line));
    } else {
      add(sections.empty() ? settings : in_section, setting_of(line));
    }
  }
  close_section();
  for (Member& section : sections) add(settings, std::move(section));
  Node root = Node::map();
  root.set_where({file, 1, 1});
  for (Member& member : settings) root.add_member(std::move(member));
  return root;
}

}  // namespace belay::document
