#pragma once
// Expressions: from words to a tree. Private to template.

#include <string>
#include <string_view>
#include <vector>

#include "template/lexer.h"
#include "template/syntax.h"

namespace belay::templates {

// Reads the words of one piece from left to right. Every function throws ConfigError.
class ExpressionParser {
 public:
  // `made` counts the parts of all expressions of the template.
  ExpressionParser(std::string_view text, const Piece& piece, const std::string& file, size_t& made);

  ExpressionPtr expression();            // with "a if b else c"
  ExpressionPtr expression_of_a_loop();  // without: there "if" filters
  const Token& next() const { return tokens_[at_]; }
  bool takes_sign(std::string_view sign);
  bool takes_word(std::string_view word);
  std::string name(std::string_view what);
  void expect_end();
  [[noreturn]] void fail(size_t at, const std::string& message, std::string hint = {}) const;
  [[noreturn]] void fail_at_next(const std::string& wanted) const;

 private:
  ExpressionPtr either();
  ExpressionPtr both();
  ExpressionPtr negation();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr joined();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr signed_value(bool with_filters);
  ExpressionPtr primary();
  ExpressionPtr list(std::string_view end);
  ExpressionPtr map();
  ExpressionPtr with_access(ExpressionPtr value);
  ExpressionPtr with_filters(ExpressionPtr value);
  ExpressionPtr filter(ExpressionPtr value);
  ExpressionPtr test(ExpressionPtr value);
  void arguments(Expression& call);
  ExpressionPtr make(Expression::Kind kind, size_t at, std::string text = {});
  ExpressionPtr binary(ExpressionPtr left, size_t at, std::string sign, ExpressionPtr right);
  void add(Expression& whole, ExpressionPtr part);
  bool is_sign(std::string_view sign) const { return next().kind == Token::Kind::sign && next().text == sign; }
  bool is_word(std::string_view word) const { return next().kind == Token::Kind::name && next().text == word; }

  std::string_view text_;
  const std::string& file_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t& made_;
  int open_ = 0;  // how deep the parser itself is
};

}  // namespace belay::templates
