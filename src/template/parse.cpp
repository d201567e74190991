#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "template/parse_expression.h"
#include "template/place.h"
#include "template/syntax.h"

namespace belay::templates {

namespace {

constexpr int deepest_block = 50;

const std::vector<std::string>& known_statements() {
  static const std::vector<std::string> words{"if",     "elif", "else",   "endif", "for",
                                              "endfor", "set",  "endset", "raw",   "endraw"};
  return words;
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& file, bool keeps_dotted)
      : text_(text), file_(file), pieces_(pieces_of(text, file, keeps_dotted)) {}

  Statements whole() {
    Statements statements = until({}, 0, "");
    return statements;
  }

 private:
  using Words = std::vector<std::string_view>;

  // Statements up to one that begins with a word of `ends`, which is left for the caller as `ending_`.
  Statements until(const Words& ends, size_t opened_at, std::string_view opened) {
    if (++depth_ > deepest_block) fail(opened_at, format("blocks are nested more than {} deep", deepest_block));
    Statements statements;
    while (next_ < pieces_.size()) {
      const Piece& piece = pieces_[next_++];
      if (piece.kind == Piece::Kind::text) {
        statements.emplace_back();
        statements.back().at = piece.begin;
        statements.back().end = piece.end;
        continue;
      }
      auto words = std::make_unique<ExpressionParser>(text_, piece, file_, made_);
      if (piece.kind == Piece::Kind::expression) {
        statements.push_back(output(*words));
        continue;
      }
      const std::string word = words->next().text;
      if (std::find(ends.begin(), ends.end(), word) != ends.end()) {
        ending_ = std::move(words);
        --depth_;
        return statements;
      }
      statements.push_back(statement(*words));
    }
    if (!ends.empty())
      fail(opened_at, format("'{}' is never closed", opened), format("It ends with '{{% {} %}}'.", ends.back()));
    --depth_;
    return statements;
  }

  static Statement output(ExpressionParser& words) {
    Statement statement;
    statement.kind = Statement::Kind::output;
    statement.at = words.next().at;
    statement.value = words.expression();
    words.expect_end();
    return statement;
  }

  Statement statement(ExpressionParser& words) {
    const size_t at = words.next().at;
    if (words.takes_word("if")) return choice(words, at);
    if (words.takes_word("for")) return loop(words, at);
    if (words.takes_word("set")) return assignment(words, at);
    const std::string& word = words.next().text;
    if (word.empty()) words.fail(at, "the statement is empty");
    const auto& known = known_statements();
    if (std::find(known.begin(), known.end(), word) != known.end())
      words.fail(at, format("'{}' closes or continues nothing that is open", word));
    std::string hint = did_you_mean(word, known);
    if (hint.empty()) hint = "Known statements: if, for, set, raw.";
    words.fail(at, format("the statement '{}' is not known here", printable(word)), std::move(hint));
  }

  Statement choice(ExpressionParser& words, size_t at) {
    Statement statement;
    statement.kind = Statement::Kind::choice;
    statement.at = at;
    statement.branches.push_back({words.expression(), {}});
    words.expect_end();
    for (;;) {
      const bool is_else = statement.branches.back().condition == nullptr;
      statement.branches.back().body = until(is_else ? Words{"endif"} : Words{"elif", "else", "endif"}, at, "if");
      ExpressionParser& ending = *ending_;
      if (ending.takes_word("endif")) break;
      if (ending.takes_word("elif"))
        statement.branches.push_back({ending.expression(), {}});
      else if (ending.takes_word("else"))
        statement.branches.emplace_back();
      ending.expect_end();
    }
    ending_->expect_end();
    return statement;
  }

  Statement loop(ExpressionParser& words, size_t at) {
    Statement statement;
    statement.kind = Statement::Kind::loop;
    statement.at = at;
    statement.names = names(words);
    if (!words.takes_word("in")) words.fail_at_next("'in'");
    statement.value = words.expression_of_a_loop();
    if (words.takes_word("if")) statement.condition = words.expression();
    if (words.next().text == "recursive") words.fail(words.next().at, "a loop that calls itself is not known here");
    words.expect_end();
    statement.branches.emplace_back();
    statement.branches.back().body = until({"else", "endfor"}, at, "for");
    if (ending_->takes_word("else")) {
      ending_->expect_end();
      statement.branches.emplace_back();
      statement.branches.back().body = until({"endfor"}, at, "for");
    }
    ending_->takes_word("endfor");
    ending_->expect_end();
    return statement;
  }

  Statement assignment(ExpressionParser& words, size_t at) {
    Statement statement;
    statement.kind = Statement::Kind::set;
    statement.at = at;
    statement.names = names(words);
    if (words.takes_sign("=")) {
      statement.value = words.expression();
      words.expect_end();
      return statement;
    }
    words.expect_end();
    if (statement.names.size() != 1) words.fail(at, "a block gives its text to one name");
    statement.kind = Statement::Kind::set_block;
    statement.branches.emplace_back();
    statement.branches.back().body = until({"endset"}, at, "set");
    ending_->takes_word("endset");
    ending_->expect_end();
    return statement;
  }

  static std::vector<std::string> names(ExpressionParser& words) {
    const bool is_enclosed = words.takes_sign("(");
    std::vector<std::string> found{words.name("a name")};
    while (words.takes_sign(",")) found.push_back(words.name("a name"));
    if (is_enclosed && !words.takes_sign(")")) words.fail_at_next("')'");
    if (words.next().text == ".") words.fail(words.next().at, "only whole names get values, no parts of others");
    return found;
  }

  [[noreturn]] void fail(size_t at, const std::string& message, std::string hint = {}) const {
    throw ConfigError(place_of(text_, at, file_), message, std::move(hint));
  }

  std::string_view text_;
  const std::string& file_;
  std::vector<Piece> pieces_;
  size_t next_ = 0;
  size_t made_ = 0;
  int depth_ = 0;
  std::unique_ptr<ExpressionParser> ending_;
};

}  // namespace

Statements parse(std::string_view text, const std::string& file, bool keeps_dotted) {
  return Parser(text, file, keeps_dotted).whole();
}

}  // namespace belay::templates
