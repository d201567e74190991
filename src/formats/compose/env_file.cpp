#include "formats/compose/env_file.h"

#include <algorithm>

#include "base/text.h"

namespace belay::formats::compose {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool may_be_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '-' || c == '[' || c == ']' || static_cast<unsigned char>(c) >= 0x80;
}

// What stands for \x in double quotes; the others keep their backslash.
std::string unescaped(std::string_view text) {
  static constexpr std::string_view letters = "abfnrtv\"\\";
  static constexpr std::string_view meanings = "\a\b\f\n\r\t\v\"\\";
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const char next = text[++at];
    if (const size_t known = letters.find(next); known != std::string_view::npos) {
      out += meanings[known];
    } else if (next == '$') {
      out += "$$";  // a dollar sign when the variables are worked out
    } else if (next == '0') {
      unsigned code = 0;
      size_t digits = 0;
      while (digits < 3 && at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '7') {
        code = code * 8 + static_cast<unsigned>(text[++at] - '0');
        ++digits;
      }
      out += static_cast<char>(code & 0xffU);
    } else {
      out += '\\';
      out += next;
    }
  }
  return out;
}

class EnvReader {
 public:
  EnvReader(std::string_view text, const std::string& file, const Lookup& first, const Lookup& last, Loading& loading)
      : text_(text), file_(file), first_(first), last_(last), loading_(loading) {
    if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  }

  std::vector<EnvLine> lines() {
    while (to_statement()) statement();
    return std::move(lines_);
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char now() const { return at_end() ? '\0' : text_[at_]; }
  void step() {
    if (text_[at_++] != '\n') return;
    ++line_;
    line_start_ = at_;
  }
  void skip_blanks() {
    while (!at_end() && is_blank(now())) step();
  }
  SourcePosition here() const { return {file_, line_, static_cast<int>(at_ - line_start_) + 1}; }

  // Over blank lines and comments; false at the end.
  bool to_statement() {
    for (;;) {
      while (!at_end() && (is_blank(now()) || now() == '\n')) step();
      if (at_end()) return false;
      if (now() != '#') return true;
      while (!at_end() && now() != '\n') step();
    }
  }

  void statement() {
    if (text_.substr(at_).starts_with("export") && at_ + 6 < text_.size() && is_blank(text_[at_ + 6])) {
      at_ += 6;
      skip_blanks();
    }
    const SourcePosition where = here();
    const size_t start = at_;
    while (!at_end() && may_be_in_name(now())) step();
    std::string name(text_.substr(start, at_ - start));
    skip_blanks();
    if (name.empty() || (!at_end() && now() != '=' && now() != ':' && now() != '\n'))
      throw ConfigError(where,
                        name.empty()
                            ? std::string("a line must begin with the name of a variable")
                            : format("the name '{}' must be followed by '=' or the end of the line", printable(name)),
                        "Write NAME=value; a value that holds quotes or line breaks is put in quotes as a whole.");
    if (at_end() || now() == '\n') {
      std::optional<std::string> inherited = first_(name) ? first_(name) : last_(name);
      keep(std::move(name), std::move(inherited), where);
      return;
    }
    step();
    skip_blanks();
    std::string read = value(where);
    keep(std::move(name), std::move(read), where);
  }

  void keep(std::string name, std::optional<std::string> value, const SourcePosition& where) {
    if (value) known_[name] = *value;
    lines_.push_back({std::move(name), std::move(value), where});
  }

  std::string value(const SourcePosition& where) {
    if (now() == '\'' || now() == '"') return quoted(where);
    const size_t start = at_;
    while (!at_end() && now() != '\n') step();
    std::string_view plain = text_.substr(start, at_ - start);
    // A tab before the # makes no comment of it.
    plain = plain.substr(0, plain.find(" #"));
    return worked_out_at(trim(plain), where);
  }

  std::string quoted(const SourcePosition& where) {
    const char quote = now();
    const SourcePosition begin = here();
    step();
    const size_t start = at_;
    while (!at_end() && now() != quote) {
      // A backslash takes the next character with it.
      if (now() == '\\') step();
      if (!at_end()) step();
    }
    if (at_end()) throw ConfigError(begin, "the value that begins here has no closing quote");
    const std::string_view inside = text_.substr(start, at_ - start);
    step();
    if (quote == '"') return worked_out_at(unescaped(inside), where);
    std::string literal;
    for (size_t at = 0; at < inside.size(); ++at) {
      if (inside[at] == '\\' && at + 1 < inside.size() && inside[at + 1] == '\'') ++at;
      literal += inside[at];
    }
    return literal;
  }

  std::string worked_out_at(std::string_view text, const SourcePosition& where) {
    const Lookup lookup = [&](const std::string& name) -> std::optional<std::string> {
      if (std::optional<std::string> outer = first_(name)) return outer;
      const auto before = known_.find(name);
      return before == known_.end() ? last_(name) : std::optional(before->second);
    };
    const auto unset = [&](const std::string& name) {
      loading_.miss(name, where, "; a dollar sign itself is written as $$, or in '…'");
    };
    try {
      return worked_out(text, lookup, unset);
    } catch (const Error& error) {
      throw ConfigError(where, error.what(), error.hint());
    }
  }

  std::string_view text_;
  const std::string& file_;
  const Lookup& first_;
  const Lookup& last_;
  Loading& loading_;
  std::map<std::string, std::string> known_;
  std::vector<EnvLine> lines_;
  size_t at_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
};

}  // namespace

std::vector<EnvLine> read_env_file(std::string_view text, const std::string& file, const Lookup& first,
                                   const Lookup& last, Loading& loading) {
  return EnvReader(text, file, first, last, loading).lines();
}

}  // namespace belay::formats::compose
