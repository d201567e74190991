#include "document/json.h"

#include <algorithm>
#include <unordered_map>

#include "base/format.h"
#include "base/text.h"

namespace belay::document {

namespace {

// The length of the well-formed UTF-8 sequence at `at`, 0 where there is none (table 3-7 of the Unicode standard:
// no overlong forms, no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(at);
  const unsigned second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
    return continues(at + 1) && continues(at + 2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
    return continues(at + 1) && continues(at + 2) && continues(at + 3) ? 4 : 0;
  }
  return 0;
}

void append_utf8(std::string& text, unsigned code) {
  const auto add = [&](unsigned byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0U | code >> 6);
    add(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    add(0xe0U | code >> 12);
    add(0x80U | (code >> 6 & 0x3fU));
    add(0x80U | (code & 0x3fU));
  } else {
    add(0xf0U | code >> 18);
    add(0x80U | (code >> 12 & 0x3fU));
    add(0x80U | (code >> 6 & 0x3fU));
    add(0x80U | (code & 0x3fU));
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '-' || c == '+' ||
         c == '.';
}

// One pass over the text. `at_` never leaves it; line_ and line_start_ follow every line feed that is passed.
class Reader {
 public:
  Reader(std::string_view text, const std::string& file, const JsonOptions& options)
      : text_(text), file_(file), options_(options) {}

  Node whole() {
    skip_byte_order_mark();
    skip_space();
    if (at_end()) throw ConfigError({file_, 0, 0}, "the file is empty: a JSON value is expected, at least {}");
    Node node = value(0);
    skip_space();
    if (!at_end()) fail(here(), format("expected nothing more after the value, found {}", found()));
    return node;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char now() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  SourcePosition here() const { return {file_, line_, static_cast<int>(at_ - line_start_) + 1}; }

  [[noreturn]] void fail(const SourcePosition& where, const std::string& message, const std::string& hint = {}) const {
    throw ConfigError(where, message, hint);
  }

  // What stands here, for messages.
  std::string found() const {
    if (at_end()) return "the end of the file";
    const size_t length = utf8_length(text_, at_);
    if (length == 0) return "a byte that is not UTF-8";
    if (now() == '\n') return "the end of the line";
    return format("'{}'", printable(text_.substr(at_, length)));
  }

  void skip_byte_order_mark() {
    if (text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff"))
      fail({file_, 1, 1}, "the file is written in UTF-16", "Save it as UTF-8.");
    if (!text_.starts_with("\xef\xbb\xbf")) return;
    at_ = 3;
    line_start_ = 3;  // editors do not count the mark as a column
  }

  void skip_space() {
    for (;;) {
      if (now() == '\n') {
        ++at_;
        ++line_;
        line_start_ = at_;
      } else if (now() == ' ' || now() == '\t' || now() == '\r') {
        ++at_;
      } else if (now() == '/') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    const SourcePosition start = here();
    if (!options_.comments) fail(start, "a comment is not allowed in this file", "Remove it: the file is plain JSON.");
    ++at_;
    if (take('/')) {
      while (!at_end() && now() != '\n') skip_character();
    } else if (take('*')) {
      while (!text_.substr(at_).starts_with("*/")) {
        if (at_end()) fail(start, "the comment that begins here is never closed with */");
        skip_character();
      }
      at_ += 2;
    } else {
      fail(start, "a comment begins with // or /*");
    }
  }

  // A character of a comment.
  void skip_character() {
    const size_t length = utf8_length(text_, at_);
    if (length == 0) fail(here(), "invalid UTF-8", "Save the file as UTF-8.");
    const bool new_line = now() == '\n';
    at_ += length;
    if (!new_line) return;
    ++line_;
    line_start_ = at_;
  }

  Node value(int depth) {
    const SourcePosition where = here();
    Node node;
    if (now() == '{') {
      node = map(depth + 1);
    } else if (now() == '[') {
      node = list(depth + 1);
    } else if (now() == '"') {
      node = Node::text(quoted());
    } else if (now() == '-' || is_digit(now())) {
      node = Node::number_text(number());
    } else {
      node = word();
    }
    node.set_where(where);
    return node;
  }

  void check_depth(int depth) const {
    if (depth > options_.depth_limit)
      fail(here(), format("lists and maps are nested deeper than {} levels", options_.depth_limit));
  }

  Node map(int depth) {
    check_depth(depth);
    const SourcePosition start = here();
    ++at_;
    Node node = Node::map();
    std::unordered_map<std::string, SourcePosition> seen;
    skip_space();
    if (take('}')) return node;
    for (;;) {
      const SourcePosition key_where = here();
      if (now() != '"') fail_at_key(start);
      std::string key = quoted();
      const auto [first, is_new] = seen.try_emplace(key, key_where);
      if (!is_new)
        fail(key_where, format("the key \"{}\" is here for the second time, the first is at {}:{}", printable(key),
                               first->second.line, first->second.column));
      skip_space();
      if (!take(':')) fail(here(), format("expected ':' after the key \"{}\", found {}", printable(key), found()));
      skip_space();
      if (now() == '}' || now() == ',' || at_end()) fail(here(), format("the key \"{}\" has no value", printable(key)));
      Node member_value = value(depth);
      skip_space();
      const std::string what = format("the value of \"{}\"", printable(key));
      node.add_member({std::move(key), key_where, std::move(member_value)});
      if (take('}')) return node;
      expect_comma('}', what, start);
    }
  }

  Node list(int depth) {
    check_depth(depth);
    const SourcePosition start = here();
    ++at_;
    Node node = Node::list();
    skip_space();
    if (take(']')) return node;
    for (;;) {
      if (at_end()) fail(start, "the list that begins here is never closed with ']'");
      node.add(value(depth));
      skip_space();
      if (take(']')) return node;
      expect_comma(']', format("element {} of the list", node.items().size()), start);
    }
  }

  // Passes the comma and the space behind it; `closing` would have been right too, but not after the comma.
  void expect_comma(char closing, const std::string& what, const SourcePosition& start) {
    const SourcePosition comma = here();
    if (at_end())
      fail(comma, format("expected ',' or '{}' after {}, found the end of the file", closing, what),
           format("The '{}' at {}:{} is never closed.", closing == '}' ? '{' : '[', start.line, start.column));
    if (!take(',')) fail(comma, format("expected ',' or '{}' after {}, found {}", closing, what, found()));
    skip_space();
    if (now() == closing) fail(comma, format("a comma before '{}' is not allowed in JSON", closing), "Remove it.");
  }

  [[noreturn]] void fail_at_key(const SourcePosition& start) const {
    if (at_end()) fail(start, "the map that begins here is never closed with '}'");
    fail(here(), format("expected a key in double quotes, found {}", found()),
         now() == '\'' ? "JSON knows double quotes only." : "");
  }

  Node word() {
    const SourcePosition where = here();
    const size_t start = at_;
    while (!at_end() && is_word(now())) ++at_;
    const std::string_view text = text_.substr(start, at_ - start);
    if (text == "true") return Node::boolean(true);
    if (text == "false") return Node::boolean(false);
    if (text == "null") return {};
    if (text.empty())
      fail(where, format("expected a value, found {}", found()), now() == '\'' ? "JSON knows double quotes only." : "");
    std::string hint = "Text is written in double quotes.";
    if (const std::string small = lower(text); small == "true" || small == "false" || small == "null")
      hint = format("Write {}.", small);
    if (text == "None") hint = "Write null.";
    if (text[0] == '+' || text[0] == '.') hint = "A number begins with a digit or '-'.";
    // An unquoted text is not repeated: it may be a password, and errors are shown and kept.
    const bool is_number = text.find_first_not_of("+-.0123456789eE") == text.npos;
    static const std::vector<std::string> slips{"true", "false", "null", "none", "nan", "infinity", "undefined"};
    const bool is_slip = std::find(slips.begin(), slips.end(), lower(text)) != slips.end();
    fail(where,
         is_number || is_slip ? format("'{}' is not a JSON value", text.substr(0, 40))
                              : "a word without quotes is not a JSON value",
         hint);
  }

  std::string number() {
    const SourcePosition where = here();
    const size_t start = at_;
    const auto digits = [&](std::string_view behind) {
      if (!is_digit(now())) fail(where, format("a number needs a digit after {}, found {}", behind, found()));
      while (is_digit(now())) ++at_;
    };
    take('-');
    if (take('0')) {
      if (is_digit(now())) fail(where, "a number must not begin with 0", "Text is written in double quotes.");
    } else {
      digits("'-'");
    }
    if (take('.')) digits("'.'");
    if (now() == 'e' || now() == 'E') {
      ++at_;
      if (!take('+')) take('-');
      digits("its exponent sign");
    }
    if (is_word(now())) {
      while (is_word(now())) ++at_;
      fail(where, format("'{}' is not a number", text_.substr(start, at_ - start).substr(0, 40)),
           "Text is written in double quotes.");
    }
    return std::string(text_.substr(start, at_ - start));
  }

  std::string quoted() {
    const SourcePosition start = here();
    ++at_;
    std::string result;
    for (;;) {
      if (at_end() || now() == '\n') fail(start, "the text that begins here has no closing quote on its line");
      if (take('"')) return result;
      if (now() == '\\') {
        escape(result);
        continue;
      }
      const auto byte = static_cast<unsigned char>(now());
      if (byte < 0x20) fail(here(), format("a control character in a text must be written as \\u{:04x}", byte));
      const size_t length = utf8_length(text_, at_);
      if (length == 0) fail(here(), "invalid UTF-8", "Save the file as UTF-8.");
      result += text_.substr(at_, length);
      at_ += length;
    }
  }

  void escape(std::string& result) {
    const SourcePosition where = here();
    ++at_;
    const char kind = now();
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (const size_t known = letters.find(kind); !at_end() && known != std::string_view::npos) {
      ++at_;
      result += meanings[known];
      return;
    }
    if (kind != 'u' || at_end())
      fail(where, format("unknown escape: '\\' followed by {}", found()), "A backslash itself is written as \\\\.");
    ++at_;
    unsigned code = four_hex_digits(where);
    if (code >= 0xdc00 && code <= 0xdfff) fail(where, "the second half of a surrogate pair stands without its first");
    if (code >= 0xd800 && code <= 0xdbff) {
      const bool escaped = take('\\') && take('u');
      const unsigned second = escaped ? four_hex_digits(where) : 0;
      if (second < 0xdc00 || second > 0xdfff)
        fail(where, "the first half of a surrogate pair stands without its second");
      code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
    }
    append_utf8(result, code);
  }

  unsigned four_hex_digits(const SourcePosition& where) {
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      static constexpr std::string_view hex = "0123456789abcdef";
      const size_t digit = at_end() ? std::string_view::npos : hex.find(lower(text_.substr(at_, 1)));
      if (digit == std::string_view::npos) fail(where, "\\u needs four hexadecimal digits");
      code = code << 4 | static_cast<unsigned>(digit);
      ++at_;
    }
    return code;
  }

  const std::string_view text_;
  const std::string& file_;
  const JsonOptions& options_;
  size_t at_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
};

void write_text(std::string& out, std::string_view text) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    static constexpr std::string_view special = "\"\\\b\f\n\r\t";
    static constexpr std::string_view letters = "\"\\bfnrt";
    if (const size_t known = special.find(c); known != std::string_view::npos) {
      out += '\\';
      out += letters[known];
      ++at;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += format("\\u{:04x}", static_cast<unsigned>(c));
      ++at;
    } else if (const size_t length = utf8_length(text, at); length > 0) {
      out += text.substr(at, length);
      at += length;
    } else {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  out += '"';
}

class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  void write(const Node& node) {
    switch (node.kind()) {
      case Node::Kind::null:
        out_ += "null";
        return;
      case Node::Kind::boolean:
      case Node::Kind::number:
        out_ += node.raw();
        return;
      case Node::Kind::text:
        write_text(out_, node.raw());
        return;
      case Node::Kind::list:
        enclosed('[', ']', node.items(), [&](const Node& item) { write(item); });
        return;
      case Node::Kind::map:
        enclosed('{', '}', node.members(), [&](const Member& member) {
          write_text(out_, member.key);
          out_ += indent_ > 0 ? ": " : ":";
          write(member.value);
        });
        return;
    }
  }
  std::string text() && { return std::move(out_); }

 private:
  template <class Elements, class Write>
  void enclosed(char open, char close, const Elements& elements, const Write& write_one) {
    out_ += open;
    if (elements.empty()) {
      out_ += close;
      return;
    }
    ++depth_;
    bool first = true;
    for (const auto& element : elements) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write_one(element);
    }
    --depth_;
    new_line();
    out_ += close;
  }
  void new_line() {
    if (indent_ > 0) out_ += '\n' + std::string(static_cast<size_t>(indent_ * depth_), ' ');
  }

  int indent_;
  int depth_ = 0;
  std::string out_;
};

}  // namespace

Node read_json(std::string_view text, const std::string& file, const JsonOptions& options) {
  return Reader(text, file, options).whole();
}

std::string write_json(const Node& node, int indent) {
  Writer writer(indent);
  writer.write(node);
  return std::move(writer).text();
}

}  // namespace belay::document
