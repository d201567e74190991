#pragma once
// What people see: results on standard output, messages and the live area (progress bars) on standard error. Colour and
// movement only on a terminal.
//
// Thread-safe: every call writes whole lines, and a live area is taken off the screen before anything else is written
// and put back after it. A stream that cannot be written to any more never stops the work; `finish` tells.

#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "cli/table.h"
#include "document/node.h"

namespace belay::cli {

struct ConsoleSettings {
  bool in_terminal = false, out_terminal = false, err_terminal = false;
  bool out_color = false, err_color = false;
  int columns = 80, rows = 24;  // of the terminal; meaningless where none of the streams is one
  bool quiet = false;
  bool ascii = false;        // the terminal, or the locale that was chosen, has no UTF-8
  bool live = true;          // where standard error is a terminal, progress is drawn and redrawn
  bool json_events = false;  // what happens is given as objects, each in a line of its own

  // From the process's streams and environment (NO_COLOR, TERM, COLUMNS).
  static ConsoleSettings of_process();
};

class Console {
 public:
  explicit Console(const ConsoleSettings& settings, int in = 0, int out = 1, int err = 2);
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;
  ~Console();

  const ConsoleSettings& settings() const { return settings_; }
  // As the global options say it; before any other thread uses the console.
  void be_quiet() { settings_.quiet = true; }
  void be_still() { settings_.live = false; }
  void give_events_as_json() { settings_.json_events = true; }
  // Whether standard output is coloured.
  bool has_color() const { return settings_.out_color; }
  void be_plain() { settings_.out_color = settings_.err_color = false; }
  // How hints and notes name commands: a face has words of its own.
  using Wording = std::string (*)(const std::string& text);
  void speak(Wording wording) { wording_ = wording; }
  // The app that the command line names: hints say it where they would say NAME.
  void speak_of(std::string app) { app_ = std::move(app); }

  // Results, on standard output. line: a line of its own. Whatever is given, here and below, is made printable: names,
  // the engine's words and a backup's may hold escape sequences, and none of them reaches a terminal.
  void print(std::string_view text);
  void line(std::string_view text);
  // The head in a style where standard output has colours.
  void line(Style style, std::string_view head, std::string_view rest = {});
  void print(const Table& table);
  // A sentence or several: on a terminal broken between words.
  void prose(std::string_view text);
  // The same with its head in a style where standard output has colours.
  void prose(Style style, std::string_view head, std::string_view rest);
  // A name in a column of this width, and behind it what it is, broken between words and going on in that column.
  void field(Style style, std::string_view name, size_t width, std::string_view value);
  // With --progress json: what happens, as an object in a line of its own on standard error.
  void event(const document::Node& event);
  // Of the terminal that results go to; nothing where they go elsewhere.
  void clear_screen();
  // A text of our own, with its own escape sequences.
  void print_page(std::string_view text);
  // The same through $PAGER (less), where it is longer than the terminal; false: nothing was shown.
  [[nodiscard]] bool page(std::string_view text);
  // For --json: one value, indented, with a line feed behind it.
  void print_json(const document::Node& value);

  // Messages. success: "web runs r3", on standard output; note and success are not written where --quiet is given.
  void success(std::string_view text);
  void note(std::string_view text);     // on standard error
  void warning(std::string_view text);  // "belay: warning: …"
  // "belay: the sentence", then "hint: …".
  void error(const Error& error);
  // With --json: errors as objects, each in a line of its own (docs/json.md); before any other thread uses the console.
  void give_errors_as_json(bool yes) { json_errors_ = yes; }
  // A line on standard error: plain progress. The head in a style where standard error has colours.
  void diagnostic(std::string_view text);
  void diagnostic(Style style, std::string_view head, std::string_view rest);

  // Whether somebody can be asked.
  bool is_in_terminal() const { return settings_.in_terminal; }
  // Asks on standard error and reads "y" or "yes" from the terminal. UsageError that names -y where standard input is
  // no terminal; Cancelled on stop.
  [[nodiscard]] bool confirm(std::string_view question, std::stop_token stop);
  // Data will be lost: true when the user types the name. `flag` is the way to agree without a terminal:
  // "--yes-lose-data web".
  [[nodiscard]] bool typed_confirmation(std::string_view warning, const std::string& name, std::string_view flag,
                                        std::stop_token stop);

  // Replaces the live area below the last line of standard error; lines hold escape sequences but no line feeds and are
  // not wider than the terminal. Only where `err_terminal`.
  void set_live(std::vector<std::string> lines);

  // Writes results that were held back: somebody waits for them.
  void flush();
  // Standard output is closed (`| head`): a stream of lines may end early.
  bool is_closed() const;
  // Writes what is held back. Throws Error when results were lost for another reason than a closed pipe (a full disk).
  void finish();

 private:
  void erase_live(std::string& text);
  void draw_live(std::string& text) const;
  void write_out(std::string_view text);
  void write_err(std::string_view text);
  void flush_out();
  void say(std::string_view text);  // a line on standard error as it is
  // `text` as wide as the stream's terminal.
  std::string for_out(std::string_view text) const;
  std::string for_err(std::string_view text) const;
  std::string ask(std::string_view question, std::stop_token stop);

  std::string worded(std::string_view text) const;
  // The hint of an error, worded, with the name of the app in it.
  std::string hint_of(const Error& error) const;

  ConsoleSettings settings_;
  bool json_errors_ = false;
  Wording wording_ = nullptr;
  std::string app_;
  int in_, out_, err_;
  mutable std::mutex mutex_;  // guards all below
  std::string held_;          // results not written yet
  std::vector<std::string> live_;
  int out_error_ = 0;
};

}  // namespace belay::cli
