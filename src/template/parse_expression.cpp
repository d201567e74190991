#include "template/parse_expression.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "template/place.h"

namespace belay::templates {

namespace {

using Kind = Expression::Kind;

constexpr int deepest = 100;
constexpr size_t most_parts = 100'000;
constexpr std::array<std::string_view, 6> comparisons{"==", "!=", "<", ">", "<=", ">="};

bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 7> words{"and", "or", "not", "in", "is", "if", "else"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Counts how deep the parser is in itself.
class Depth {
 public:
  Depth(int& depth, const ExpressionParser& parser) : depth_(depth) {
    if (++depth_ > deepest) {
      --depth_;
      parser.fail(parser.next().at, format("the expression is nested more than {} deep", deepest));
    }
  }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  int& depth_;
};

}  // namespace

ExpressionParser::ExpressionParser(std::string_view text, const Piece& piece, const std::string& file, size_t& made)
    : text_(text), file_(file), tokens_(tokens_of(text, piece, file)), made_(made) {}

void ExpressionParser::fail(size_t at, const std::string& message, std::string hint) const {
  throw ConfigError(place_of(text_, at, file_), message, std::move(hint));
}

void ExpressionParser::fail_at_next(const std::string& wanted) const {
  if (next().kind == Token::Kind::end) fail(next().at, format("{} is missing here", wanted));
  const std::string found = next().kind == Token::Kind::text ? "text" : format("'{}'", next().text);
  fail(next().at, format("{} was expected, not {}", wanted, found));
}

bool ExpressionParser::takes_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  ++at_;
  return true;
}

bool ExpressionParser::takes_word(std::string_view word) {
  if (!is_word(word)) return false;
  ++at_;
  return true;
}

std::string ExpressionParser::name(std::string_view what) {
  if (next().kind != Token::Kind::name || is_reserved(next().text)) fail_at_next(std::string(what));
  return tokens_[at_++].text;
}

void ExpressionParser::expect_end() {
  if (next().kind != Token::Kind::end) fail_at_next("the end");
}

ExpressionPtr ExpressionParser::make(Kind kind, size_t at, std::string text) {
  if (++made_ > most_parts)
    throw ConfigError(place_of(text_, at, file_), format("the template has more than {} parts", most_parts));
  auto expression = std::make_unique<Expression>();
  expression->kind = kind;
  expression->at = at;
  expression->text = std::move(text);
  return expression;
}

void ExpressionParser::add(Expression& whole, ExpressionPtr part) {
  whole.depth = std::max(whole.depth, part->depth + 1);
  if (whole.depth > 2 * deepest) fail(whole.at, format("the expression has more than {} steps in a row", 2 * deepest));
  whole.parts.push_back(std::move(part));
}

ExpressionPtr ExpressionParser::binary(ExpressionPtr left, size_t at, std::string sign, ExpressionPtr right) {
  ExpressionPtr whole = make(Kind::binary, at, std::move(sign));
  add(*whole, std::move(left));
  add(*whole, std::move(right));
  return whole;
}

ExpressionPtr ExpressionParser::expression() {
  const Depth depth(open_, *this);
  ExpressionPtr value = either();
  while (is_word("if")) {
    ExpressionPtr choice = make(Kind::choice, tokens_[at_++].at);
    add(*choice, either());
    add(*choice, std::move(value));
    if (takes_word("else")) add(*choice, expression());
    value = std::move(choice);
  }
  return value;
}

ExpressionPtr ExpressionParser::expression_of_a_loop() {
  return either();
}

ExpressionPtr ExpressionParser::either() {
  ExpressionPtr left = both();
  while (is_word("or")) {
    const size_t at = tokens_[at_++].at;
    left = binary(std::move(left), at, "or", both());
  }
  return left;
}

ExpressionPtr ExpressionParser::both() {
  ExpressionPtr left = negation();
  while (is_word("and")) {
    const size_t at = tokens_[at_++].at;
    left = binary(std::move(left), at, "and", negation());
  }
  return left;
}

ExpressionPtr ExpressionParser::negation() {
  const Depth depth(open_, *this);
  if (!is_word("not")) return comparison();
  ExpressionPtr whole = make(Kind::unary, tokens_[at_++].at, "not");
  add(*whole, negation());
  return whole;
}

// As in Python, a < b < c is a < b and b < c; nobody writes that in a template, so it is refused.
ExpressionPtr ExpressionParser::comparison() {
  ExpressionPtr left = sum();
  bool is_compared = false;
  for (;;) {
    const size_t at = next().at;
    const bool is_not = is_word("not") && tokens_[at_ + 1].kind == Token::Kind::name && tokens_[at_ + 1].text == "in";
    const bool is_sign = next().kind == Token::Kind::sign &&
                         std::find(comparisons.begin(), comparisons.end(), next().text) != comparisons.end();
    if (!is_not && !is_word("in") && !is_sign) return left;
    if (is_compared) fail(at, "two comparisons in a row", "Join them with 'and'.");
    is_compared = true;
    std::string sign = is_not ? "not in" : next().text;
    at_ += is_not ? 2 : 1;
    left = binary(std::move(left), at, std::move(sign), sum());
  }
}

ExpressionPtr ExpressionParser::sum() {
  ExpressionPtr left = joined();
  while (is_sign("+") || is_sign("-")) {
    const Token sign = tokens_[at_++];
    left = binary(std::move(left), sign.at, sign.text, joined());
  }
  return left;
}

ExpressionPtr ExpressionParser::joined() {
  ExpressionPtr left = product();
  while (is_sign("~")) {
    const size_t at = tokens_[at_++].at;
    left = binary(std::move(left), at, "~", product());
  }
  return left;
}

ExpressionPtr ExpressionParser::product() {
  ExpressionPtr left = power();
  while (is_sign("*") || is_sign("/") || is_sign("//") || is_sign("%")) {
    const Token sign = tokens_[at_++];
    left = binary(std::move(left), sign.at, sign.text, power());
  }
  return left;
}

ExpressionPtr ExpressionParser::power() {
  ExpressionPtr left = signed_value(true);
  if (is_sign("**")) fail(next().at, "'**' is not known here", "Write the number, or multiply.");
  return left;
}

// A sign belongs to the value before its filters: -2|abs is the absolute value of -2.
ExpressionPtr ExpressionParser::signed_value(bool filters) {
  const Depth depth(open_, *this);
  ExpressionPtr value;
  if (is_sign("-") || is_sign("+")) {
    const Token sign = tokens_[at_++];
    value = make(Kind::unary, sign.at, sign.text);
    add(*value, signed_value(false));
  } else {
    value = with_access(primary());
  }
  return filters ? with_filters(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::primary() {
  const Token& token = next();
  switch (token.kind) {
    case Token::Kind::text: {
      ExpressionPtr value = make(Kind::literal, token.at);
      std::string text;
      while (next().kind == Token::Kind::text) text += tokens_[at_++].text;
      value->literal = document::Node::text(std::move(text));
      return value;
    }
    case Token::Kind::number: {
      ExpressionPtr value = make(Kind::literal, token.at);
      value->literal = document::Node::number_text(token.text);
      ++at_;
      return value;
    }
    case Token::Kind::name: {
      if (is_reserved(token.text)) fail_at_next("a value");
      ExpressionPtr value = make(Kind::name, token.at, token.text);
      ++at_;
      const std::string& word = value->text;
      if (word == "true" || word == "True" || word == "false" || word == "False" || word == "none" || word == "None") {
        value->kind = Kind::literal;
        if (lower(word) != "none") value->literal = document::Node::boolean(lower(word) == "true");
        return value;
      }
      if (is_sign("(")) {
        value->kind = Kind::function;
        arguments(*value);
      }
      return value;
    }
    case Token::Kind::sign:
      if (takes_sign("(")) return list(")");
      if (takes_sign("[")) return list("]");
      if (takes_sign("{")) return map();
      break;
    case Token::Kind::end:
      break;
  }
  fail_at_next("a value");
}

// What stands in brackets, or in parentheses: there a single expression without a comma is itself.
ExpressionPtr ExpressionParser::list(std::string_view end) {
  ExpressionPtr whole = make(Kind::list, tokens_[at_ - 1].at);
  bool has_comma = false;
  while (!takes_sign(end)) {
    if (!whole->parts.empty() && !has_comma) fail_at_next(format("',' or '{}'", end));
    add(*whole, expression());
    has_comma = takes_sign(",");
  }
  if (end == ")" && whole->parts.size() == 1 && !has_comma) return std::move(whole->parts.front());
  return whole;
}

ExpressionPtr ExpressionParser::map() {
  ExpressionPtr whole = make(Kind::map, tokens_[at_ - 1].at);
  bool has_comma = true;
  while (!takes_sign("}")) {
    if (!has_comma) fail_at_next("',' or '}'");
    add(*whole, expression());
    if (!takes_sign(":")) fail_at_next("':'");
    add(*whole, expression());
    has_comma = takes_sign(",");
  }
  return whole;
}

ExpressionPtr ExpressionParser::with_access(ExpressionPtr value) {
  for (;;) {
    const size_t at = next().at;
    if (takes_sign(".")) {
      ExpressionPtr whole = make(Kind::attribute, at);
      if (next().kind == Token::Kind::number && next().text.find('.') == std::string::npos) {
        whole->kind = Kind::index;
        add(*whole, std::move(value));
        add(*whole, primary());
      } else {
        if (next().kind != Token::Kind::name) fail_at_next("a name");
        whole->text = tokens_[at_++].text;
        add(*whole, std::move(value));
        if (is_sign("(")) {
          whole->kind = Kind::method;
          arguments(*whole);
        }
      }
      value = std::move(whole);
    } else if (takes_sign("[")) {
      ExpressionPtr whole = make(Kind::index, at);
      add(*whole, std::move(value));
      if (is_sign(":")) fail(next().at, "parts of lists by [a:b] are not known here", "Use a loop with 'if'.");
      add(*whole, expression());
      if (is_sign(":")) fail(next().at, "parts of lists by [a:b] are not known here", "Use a loop with 'if'.");
      if (!takes_sign("]")) fail_at_next("']'");
      value = std::move(whole);
    } else {
      if (is_sign("(")) fail(at, "only functions can be called", "Known functions: range.");
      return value;
    }
  }
}

ExpressionPtr ExpressionParser::with_filters(ExpressionPtr value) {
  for (;;) {
    if (takes_sign("|"))
      value = filter(std::move(value));
    else if (takes_word("is"))
      value = test(std::move(value));
    else
      return value;
  }
}

ExpressionPtr ExpressionParser::filter(ExpressionPtr value) {
  ExpressionPtr whole = make(Kind::filter, next().at);
  whole->text = name("the name of a filter");
  add(*whole, std::move(value));
  if (is_sign("(")) arguments(*whole);
  return whole;
}

ExpressionPtr ExpressionParser::test(ExpressionPtr value) {
  const size_t at = next().at;
  const bool is_not = takes_word("not");
  ExpressionPtr whole = make(Kind::test, next().at);
  if (is_word("in"))
    whole->text = tokens_[at_++].text;
  else
    whole->text = name("the name of a test");
  add(*whole, std::move(value));
  if (is_sign("(")) {
    arguments(*whole);
  } else if (next().kind == Token::Kind::number || next().kind == Token::Kind::text ||
             (next().kind == Token::Kind::name && !is_reserved(next().text))) {
    add(*whole, with_access(primary()));
  }
  if (!is_not) return whole;
  ExpressionPtr negated = make(Kind::unary, at, "not");
  add(*negated, std::move(whole));
  return negated;
}

void ExpressionParser::arguments(Expression& call) {
  ++at_;
  bool has_comma = true;
  while (!takes_sign(")")) {
    if (!has_comma) fail_at_next("',' or ')'");
    const bool is_named =
        next().kind == Token::Kind::name && tokens_[at_ + 1].kind == Token::Kind::sign && tokens_[at_ + 1].text == "=";
    if (is_named) {
      std::string argument = tokens_[at_].text;
      at_ += 2;
      ExpressionPtr value = expression();
      call.depth = std::max(call.depth, value->depth + 1);
      call.named.push_back({std::move(argument), std::move(value)});
    } else if (!call.named.empty()) {
      fail(next().at, "an argument without a name follows one with a name");
    } else {
      add(call, expression());
    }
    has_comma = takes_sign(",");
  }
}

}  // namespace belay::templates
