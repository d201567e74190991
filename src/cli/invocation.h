#pragma once
// What a command's function is given.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/parse.h"
#include "cli/signals.h"

namespace belay::engine {
class Meter;
}
namespace belay::change {
class Installation;
struct InstallationOptions;
}  // namespace belay::change

namespace belay::cli {

// How commands get at a host.
struct Doors {
  std::function<std::unique_ptr<change::Installation>(const change::InstallationOptions&)> installation;
  std::function<std::unique_ptr<engine::Meter>(const change::InstallationOptions&)> meter;

  // To the engine and the state of this machine.
  static Doors usual();
};

// The Compose project that a face says the whole command line is about: every word then names a service of it.
struct ProjectWords {
  std::vector<std::string> files, env_files, profiles;
  std::optional<std::string> name, folder;
};

// One run of the program, shared by the commands that a face may call one after another.
class Session {
 public:
  Session(Console& console_of_run, Clock& clock_of_run, Doors to_host = Doors::usual())
      : console(console_of_run), clock(clock_of_run), doors(std::move(to_host)) {}

  Console& console;
  Clock& clock;
  const Doors doors;
  Globals globals;
  std::optional<ProjectWords> project;

  // Asked by Ctrl-C and SIGTERM. The first call begins to listen for them.
  std::stop_token stop();
  // The signal that asked for stop; 0: none did.
  int stop_signal() const { return signals_ ? signals_->signal() : 0; }
  // What was asked for is dealt with: from here on stop() is about the next signal.
  void listen_anew() {
    signals_.reset();
    signals_.emplace();
  }

 private:
  std::optional<SignalStop> signals_;
};

// A parsed command line. Values were checked against the table already: asking for a word or option that the table does
// not give this command, or in another kind, is a mistake in the program (std::logic_error).
class Invocation {
 public:
  Invocation(Session& session, CommandLine line);

  Session& session;
  Console& console;
  Clock& clock;
  const Globals& globals;
  const Command& command;

  // Positionals by their names in the table. argument: UsageError with the usage line where it was not given.
  std::string argument(std::string_view name) const;
  std::optional<std::string> optional_argument(std::string_view name) const;
  // All words of a repeated one. A "--" that begins verbatim words is not among them.
  std::vector<std::string> arguments(std::string_view name) const;

  // Whether the line has any word behind the command.
  bool has_words() const { return !line_.words.empty(); }
  const std::vector<std::string>& words() const { return line_.words; }
  // As if the line began with it, behind the command.
  void put_first(std::string word) { line_.words.insert(line_.words.begin(), std::move(word)); }

  // Options by their long names.
  bool has(std::string_view option) const;
  std::optional<std::string> text(std::string_view option) const;
  std::string text_or(std::string_view option, std::string_view otherwise) const;
  std::vector<std::string> list(std::string_view option) const;
  // NAME=VALUE, each name once; NAME alone takes the value from the environment, as docker does.
  std::map<std::string, std::string> pairs(std::string_view option) const;
  std::optional<long long> number(std::string_view option) const;
  std::optional<Milliseconds> duration(std::string_view option) const;
  std::optional<Time> time(std::string_view option) const;

  std::stop_token stop() { return session.stop(); }
  // An error about this command line, with the usage line as its hint.
  UsageError usage_error(const std::string& message) const;
  // "belay deploy web": for the journal and for whoever waits. Option values may be secrets and are left out.
  std::string description() const;

 private:
  const Positional& positional(std::string_view name, size_t& index) const;
  const std::string* value(std::string_view option, Kind kind) const;

  CommandLine line_;
};

}  // namespace belay::cli
