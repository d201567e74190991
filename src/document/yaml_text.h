#pragma once
// The bytes of a YAML file: their encoding, and places in them.

#include <string>
#include <string_view>

namespace belay::document {

// UTF-16 with a byte order mark as UTF-8; UTF-8 without its mark. `file` is only a name for messages.
std::string as_utf8(std::string_view text, const std::string& file);

// Follows the text from mark to mark: libyaml counts characters, we say lines as editors show them and bytes.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  void go_to_character(size_t index);
  void go_to_byte(size_t offset);
  int line() const { return line_; }
  int column() const { return static_cast<int>(at_ - line_start_) + 1; }
  // The blanks that the line begins with.
  std::string_view indentation() const;
  std::string_view rest() const { return text_.substr(at_); }

 private:
  void step();

  std::string_view text_;
  size_t at_ = 0;
  size_t character_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
};

}  // namespace belay::document
