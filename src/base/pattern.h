#pragma once
// Regular expressions over text that nobody vouches for: what a container answers or writes.

#include <memory>
#include <string>
#include <string_view>

namespace belay {

// In the syntax of RE2: that of Perl without back references and look-around. Time grows with the length of the text
// only, memory and stack have limits, whatever the expression and the text are. Thread-safe.
class Pattern {
 public:
  // Throws Error for what is no expression, and for one that is too large.
  explicit Pattern(const std::string& expression);
  Pattern(Pattern&&) noexcept;
  ~Pattern();

  // Whether any part of the text fits.
  bool is_in(std::string_view text) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace belay
