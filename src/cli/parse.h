#pragma once
// Command lines read against the table, by glibc's getopt_long.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace belay::cli {

// What holds for the whole run of the program.
struct Globals {
  std::optional<std::string> host;
  std::optional<std::string> state_dir;
  bool lock_wait = true;
  bool quiet = false;
  bool color = true;
  bool utc = false;
  std::string progress;  // "auto", "plain", "json"
  bool help = false;
  bool version = false;
};

struct CommandLine {
  const Command* command = nullptr;  // nullptr: no command was named
  Globals globals;
  std::vector<std::string> words;                              // the positionals, in order
  std::vector<std::pair<const Option*, std::string>> options;  // as given; the value is empty for flags
};

// Reads the words behind the program's name. Options may stand anywhere before "--"; --json and --dry-run, like the
// global ones, also before the command. Throws UsageError, with the usage line or "did you mean" as its hint, for
// everything that the table does not know or that is missing, superfluous or of the wrong kind; only a line without any
// word, where the first is an app, is left to which_app.h. After --help and
// --version nothing more is asked of the line than known options. `already`: what an
// earlier part of the line said (belay -q as jockler …).
CommandLine parse_command_line(std::span<const std::string> arguments, const Globals& already = {});

// The part of the parser that faces use as well: `words` read against any list of options. `verbatim_from` as in
// Command. `subject` begins the messages: "stop"; it may be empty. `usage`: told where an option is unknown; empty: the
// options are.
struct Words {
  std::vector<std::string> positionals;
  std::vector<std::pair<const Option*, std::string>> options;
};
Words read_words(std::string_view subject, std::span<const std::string> words, std::span<const Option* const> known,
                 int verbatim_from = -1, std::string_view verbatim_after = {}, const std::string& usage = {});

}  // namespace belay::cli
