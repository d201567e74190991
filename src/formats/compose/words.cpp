#include "formats/compose/words.h"

#include "base/errors.h"
#include "base/format.h"

namespace belay::formats::compose {

Words command_words(std::string_view text) {
  Words result;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  const auto finish = [&] {
    if (in_word) result.words.push_back(std::move(word));
    word.clear();
    in_word = false;
  };
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'') {
      if (++at == text.size()) throw Error(ErrorCode::bad_value, "the text ends in a backslash");
      word += text[at];
      in_word = true;
    } else if (quote != '\0') {
      const bool is_kept = quote == '`' || quote == ')';
      if (c != quote || is_kept) word += c;
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '`' || (c == '(' && word.ends_with('$'))) {
      quote = c == '(' ? ')' : c;
      word += c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      finish();
    } else if (c == '(' || c == ')') {
      throw Error(ErrorCode::bad_value, format("'{}' outside quotes", c),
                  "For what only a shell understands write a list: [sh, -c, \"…\"].");
    } else if (c == ';' || c == '&' || c == '|' || c == '<' || c == '>') {
      if (c != '>' || word.empty() || word[0] < '0' || word[0] > '9') finish();
      result.is_cut = true;
      return result;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != '\0') throw Error(ErrorCode::bad_value, format("the quote {} is never closed", quote));
  finish();
  return result;
}

}  // namespace belay::formats::compose
