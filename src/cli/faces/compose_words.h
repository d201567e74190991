#pragma once
// The command line of Docker Compose as a table: its words with all their options, and what each leads to here.

#include <cstdint>
#include <span>
#include <string_view>

#include "cli/command.h"

namespace belay::cli {

struct ComposeOption {
  enum class Leads : std::uint8_t {
    to_option,   // `means` is an option of Belay's command
    nowhere,     // it is taken, and changes nothing: Belay does so in any case, or it is of the display
    to_face,     // the face itself does something with it; `means` says what, for the help
    to_refusal,  // `means` is the hint
  };
  Option option;  // as docker compose has it
  Leads leads = Leads::nowhere;
  std::string_view means = {};
};

struct ComposeWord {
  std::string_view word;
  std::string_view command;  // Belay's; empty: the word is refused, and habits.h says why
  std::string_view shown;    // its words in the usage line: "[SERVICE…]"
  std::span<const ComposeOption> options = {};
  // Its first word and all behind it belong together: a command with options of its own.
  bool is_verbatim = false;
  std::string_view note = {};  // for the help: what is otherwise than in docker compose
};

std::span<const ComposeWord> compose_words();
// nullptr: docker compose has no such word, or Belay does not know it.
const ComposeWord* find_compose_word(std::string_view word);

// Those that stand before the word.
std::span<const ComposeOption> compose_globals();

}  // namespace belay::cli
