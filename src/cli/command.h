#pragma once
// A command of the program as a value: its words, options and help come from here, and so do the parser, the usage
// lines, the manual pages and the shells' completion. commands.cpp holds the table.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace belay::cli {

class Invocation;

// What a word stands for: checked while parsing where that needs no engine, and completed by the shells.
enum class Kind : std::uint8_t {
  text,          // anything; not completed
  number,        // a whole number, not negative
  duration,      // "30s", "5m", a bare number means seconds
  time,          // a duration back from now, or a date
  app,           // the name of an app
  release,       // rN
  which,         // new, last, stable or rN
  words,         // one of `choices`
  setting,       // KEY=VALUE
  setting_key,   // the KEY of one
  file,          // a file (or folder) of the user
  saved,         // the same, or a snapshot (sN) or a backup (bN)
  folder,        // a folder of the user
  image,         // an image reference
  service,       // a service that was installed from an image
  service_word,  // a command of the service that the word before names
  container,     // the name of a container on the engine
  command,       // a command of this table
  face,          // a face
};

struct Option {
  std::string_view name;          // without the dashes
  char letter = 0;                // the short form, 0: none
  std::string_view value = {};    // what the value is called in the help; empty: a flag
  std::string_view summary = {};  // one line
  Kind kind = Kind::text;         // of the value
  std::string_view choices = {};  // kind words: "auto|buildkit|classic"
  bool repeatable = false;        // may be given several times

  bool is_flag() const { return value.empty(); }
};

struct Positional {
  std::string_view name;  // "NAME"; commands ask for the value under this name
  Kind kind = Kind::text;
  std::string_view choices = {};  // kind words
  bool required = true;
  bool repeated = false;  // the last one only: takes all further words
  // Shown in usage lines instead of the name (or of the choices), where that says more.
  std::string_view shown = {};
};

enum class Group : std::uint8_t { change, look, data, upkeep, program };
std::string_view title(Group group);

struct Command {
  std::string_view name;
  Group group;
  std::string_view summary;  // one line, an imperative without a full stop
  std::span<const Positional> positionals = {};
  std::span<const Option> options = {};
  // From this positional on, words are taken as they are written, options included ("shell NAME ls -l"); -1: never.
  int verbatim_from = -1;
  std::string_view verbatim_after = {};  // only where this is the first word; empty: always
  int (*run)(Invocation&) = nullptr;     // the exit code

  const Option* find_option(std::string_view option) const;
};

// All commands, in the order in which help lists them.
std::span<const Command> commands();
const Command* find_command(std::string_view name);
// Also by an alias (habits.h). Throws UsageError with "did you mean" where there is none. `behind`: the words that
// follow it on the line, for what is answered.
const Command& command_named(std::string_view name, std::span<const std::string> behind = {});
// Options that every command takes, before or after its name.
std::span<const Option> global_options();

std::vector<std::string> choices_of(std::string_view choices);
// "belay start [OPTION]… NAME [new|last|stable|rN] [CONFIG]"
std::string usage_line(const Command& command);
// "-n, --lines N"
std::string option_words(const Option& option);
// The text of the markdown page of a command ("stop"), or of the program ("belay"); empty when there is none.
std::string_view help_page(std::string_view name);

}  // namespace belay::cli
