#include "template/lexer.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "template/place.h"

namespace belay::templates {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Pieces {
 public:
  Pieces(std::string_view text, const std::string& file, bool keeps_dotted)
      : text_(text), file_(file), keeps_dotted_(keeps_dotted) {}

  std::vector<Piece> all() {
    for (;;) {
      const size_t open = next_opening();
      add_text(at_, open == std::string_view::npos ? text_.size() : open,
               open != std::string_view::npos && open + 2 < text_.size() && text_[open + 2] == '-');
      if (open == std::string_view::npos) return std::move(pieces_);
      if (text_[open + 1] == '#')
        skip_comment(open);
      else
        add_inside(open);
    }
  }

 private:
  size_t next_opening() const {
    for (size_t at = text_.find('{', at_); at != std::string_view::npos; at = text_.find('{', at + 1)) {
      if (at + 1 >= text_.size()) break;
      const char kind = text_[at + 1];
      const bool is_dotted = keeps_dotted_ && kind == '{' && at + 2 < text_.size() && text_[at + 2] == '.';
      if (is_dotted) {
        ++at;  // the second brace opens nothing either
        continue;
      }
      if (kind == '{' || kind == '%' || kind == '#') return at;
    }
    return std::string_view::npos;
  }

  void add_text(size_t begin, size_t end, bool cuts_end) {
    if (cuts_begin_)
      while (begin < end && is_space(text_[begin])) ++begin;
    if (cuts_end)
      while (end > begin && is_space(text_[end - 1])) --end;
    cuts_begin_ = false;
    if (begin < end) pieces_.push_back({Piece::Kind::text, begin, end});
  }

  void skip_comment(size_t open) {
    const size_t close = text_.find("#}", open + 2);
    if (close == std::string_view::npos) fail(open, "the comment is never closed", "A comment ends with '#}'.");
    cuts_begin_ = close > open + 2 && text_[close - 1] == '-';
    at_ = close + 2;
  }

  // Where the inside ends: a quote hides the closing sign.
  size_t closing(size_t begin, size_t open) const {
    const std::string_view sign = text_[open + 1] == '{' ? "}}" : "%}";
    int braces = 0;
    for (size_t at = begin; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '\'' || c == '"') {
        const size_t quote = at;
        for (++at; at < text_.size() && text_[at] != c; ++at)
          if (text_[at] == '\\') ++at;
        if (at >= text_.size()) fail(quote, "the quote is never closed");
      } else if (braces == 0 && text_.substr(at, 2) == sign) {
        return at;
      } else if (c == '{') {
        ++braces;
      } else if (c == '}' && braces > 0) {
        --braces;
      }
    }
    fail(open, format("'{}' is never closed", text_.substr(open, 2)), format("It ends with '{}'.", sign));
  }

  void add_inside(size_t open) {
    size_t begin = open + 2;
    if (begin < text_.size() && (text_[begin] == '-' || text_[begin] == '+')) ++begin;
    const size_t close = closing(begin, open);
    size_t end = close;
    cuts_begin_ = end > begin && text_[end - 1] == '-';
    if (cuts_begin_ || (end > begin && text_[open + 1] == '%' && text_[end - 1] == '+')) --end;
    at_ = close + 2;
    const bool is_statement = text_[open + 1] == '%';
    if (is_statement && trim(text_.substr(begin, end - begin)) == "raw") return add_raw(open);
    pieces_.push_back({is_statement ? Piece::Kind::statement : Piece::Kind::expression, begin, end});
  }

  void add_raw(size_t open) {
    for (size_t at = text_.find("{%", at_); at != std::string_view::npos; at = text_.find("{%", at + 2)) {
      size_t begin = at + 2;
      const bool cuts_end = begin < text_.size() && text_[begin] == '-';
      if (begin < text_.size() && (text_[begin] == '-' || text_[begin] == '+')) ++begin;
      const size_t close = text_.find("%}", begin);
      if (close == std::string_view::npos) break;
      const bool cuts_next = close > begin && text_[close - 1] == '-';
      const size_t end = cuts_next || (close > begin && text_[close - 1] == '+') ? close - 1 : close;
      if (trim(text_.substr(begin, end - begin)) != "endraw") continue;
      add_text(at_, at, cuts_end);
      cuts_begin_ = cuts_next;
      at_ = close + 2;
      return;
    }
    fail(open, "'raw' is never closed", "It ends with '{% endraw %}'.");
  }

  [[noreturn]] void fail(size_t at, const std::string& message, std::string hint = {}) const {
    throw ConfigError(place_of(text_, at, file_), message, std::move(hint));
  }

  std::string_view text_;
  const std::string& file_;
  bool keeps_dotted_;
  std::vector<Piece> pieces_;
  size_t at_ = 0;
  bool cuts_begin_ = false;
};

// Longer ones first.
constexpr std::array<std::string_view, 26> signs{"==", "!=", "<=", ">=", "//", "**", "<", ">", "+", "-", "*", "/", "%",
                                                 "~",  "(",  ")",  "[",  "]",  "{",  "}", ".", ",", ":", "|", "=", ";"};

constexpr size_t most_tokens = 100'000;

std::string escaped(char c) {
  switch (c) {
    case 'n':
      return "\n";
    case 't':
      return "\t";
    case 'r':
      return "\r";
    case '\\':
    case '\'':
    case '"':
      return {c};
    default:
      return {'\\', c};
  }
}

}  // namespace

std::vector<Piece> pieces_of(std::string_view text, const std::string& file, bool keeps_dotted) {
  return Pieces(text, file, keeps_dotted).all();
}

std::vector<Token> tokens_of(std::string_view text, const Piece& piece, const std::string& file) {
  std::vector<Token> tokens;
  for (size_t at = piece.begin; at < piece.end;) {
    const char c = text[at];
    if (is_space(c)) {
      ++at;
      continue;
    }
    Token token{Token::Kind::sign, at, {}};
    if (is_letter(c)) {
      token.kind = Token::Kind::name;
      while (at < piece.end && (is_letter(text[at]) || is_digit(text[at]))) token.text += text[at++];
    } else if (is_digit(c)) {
      token.kind = Token::Kind::number;
      const auto take_digits = [&] {
        while (at < piece.end && (is_digit(text[at]) || text[at] == '_')) {
          if (text[at] != '_') token.text += text[at];
          ++at;
        }
      };
      take_digits();
      if (at + 1 < piece.end && text[at] == '.' && is_digit(text[at + 1])) {
        token.text += text[at++];
        take_digits();
      }
    } else if (c == '\'' || c == '"') {
      token.kind = Token::Kind::text;
      for (++at; at < piece.end && text[at] != c; ++at)
        if (text[at] == '\\' && at + 1 < piece.end)
          token.text += escaped(text[++at]);
        else
          token.text += text[at];
      if (at >= piece.end) throw ConfigError(place_of(text, token.at, file), "the quote is never closed");
      ++at;
    } else {
      const auto sign = std::find_if(signs.begin(), signs.end(), [&](std::string_view known) {
        return text.substr(at, std::min(known.size(), piece.end - at)) == known;
      });
      if (sign == signs.end())
        throw ConfigError(place_of(text, at, file),
                          format("'{}' has no place in an expression", printable(text.substr(at, 1))));
      token.text = *sign;
      at += sign->size();
    }
    if (tokens.size() == most_tokens)
      throw ConfigError(place_of(text, token.at, file), format("an expression has more than {} words", most_tokens));
    tokens.push_back(std::move(token));
  }
  tokens.push_back({Token::Kind::end, piece.end, {}});
  return tokens;
}

}  // namespace belay::templates
