#pragma once
// A command that is written as one text.

#include <string>
#include <string_view>
#include <vector>

namespace belay::formats::compose {

struct Words {
  std::vector<std::string> words;
  bool is_cut = false;  // something followed that Compose drops
};

// Split as Compose does: at blanks; '…' as it is; \x is x elsewhere; nothing is expanded, `…` and $(…) are kept as they
// stand; ; & | < > outside quotes end it, and > takes a word that begins with a digit along ("2>"). Throws Error at
// other parentheses and at an open quote.
Words command_words(std::string_view text);

}  // namespace belay::formats::compose
