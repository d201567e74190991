#include "document/yaml_text.h"

#include <algorithm>

#include "base/errors.h"

namespace belay::document {

std::string as_utf8(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) return std::string(text.substr(3));
  const bool little = text.starts_with("\xff\xfe");
  if (!little && !text.starts_with("\xfe\xff")) return std::string(text);
  const auto unit = [&](size_t at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
    return little ? byte(at) | byte(at + 1) << 8 : byte(at) << 8 | byte(at + 1);
  };
  std::string result;
  for (size_t at = 2; at < text.size(); at += 2) {
    if (at + 1 == text.size()) throw ConfigError({file, 0, 0}, "the UTF-16 text ends in the middle of a character");
    unsigned code = unit(at);
    const bool first = code >= 0xd800 && code < 0xdc00;
    const unsigned second = first && at + 3 < text.size() ? unit(at + 2) : 0;
    if ((code >= 0xdc00 && code < 0xe000) || (first && (second < 0xdc00 || second > 0xdfff)))
      throw ConfigError({file, 0, 0}, "the file is not valid UTF-16", "Save it as UTF-8.");
    if (first) {
      code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
      at += 2;
    }
    const auto add = [&](unsigned byte) { result += static_cast<char>(byte); };
    if (code < 0x80) {
      add(code);
      continue;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    add((more == 1 ? 0xc0U : more == 2 ? 0xe0U : 0xf0U) | code >> (6 * more));
    for (int shift = 6 * (more - 1); shift >= 0; shift -= 6) add(0x80U | (code >> shift & 0x3fU));
  }
  return result;
}

void TextCursor::go_to_character(size_t index) {
  if (index < character_) *this = TextCursor(text_);
  while (character_ < index && at_ < text_.size()) step();
}

void TextCursor::go_to_byte(size_t offset) {
  if (offset < at_) *this = TextCursor(text_);
  while (at_ < offset && at_ < text_.size()) step();
}

std::string_view TextCursor::indentation() const {
  const std::string_view line = text_.substr(line_start_);
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

void TextCursor::step() {
  const char c = text_[at_++];
  while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xc0U) == 0x80U) ++at_;
  ++character_;
  if (c != '\n' && (c != '\r' || (at_ < text_.size() && text_[at_] == '\n'))) return;
  ++line_;
  line_start_ = at_;
}

}  // namespace belay::document
