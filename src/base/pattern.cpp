#include "base/pattern.h"

#include <re2/re2.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

constexpr size_t longest_expression = 2000;
constexpr int most_memory = 4 << 20;

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_memory);
  // Lines are found by ^ and $ where the expression asks for it: (?m).
  options.set_never_capture(true);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& expression) : regex(expression, options()) {}
  RE2 regex;
};

Pattern::Pattern(const std::string& expression) {
  if (expression.size() > longest_expression)
    throw Error(ErrorCode::bad_value,
                format("the regular expression has {} characters, more than the {} that are taken", expression.size(),
                       longest_expression));
  compiled_ = std::make_unique<Compiled>(expression);
  if (!compiled_->regex.ok())
    throw Error(ErrorCode::bad_value,
                format("'{}' is no regular expression: {}", printable(expression), printable(compiled_->regex.error())),
                "The syntax is RE2's: that of Perl without back references and look-around.");
}

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::is_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->regex);
}

}  // namespace belay
