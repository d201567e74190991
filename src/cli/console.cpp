#include "cli/console.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "cli/descriptor.h"
#include "cli/habits.h"
#include "document/json.h"
#include "report/error_json.h"
#include "report/json.h"

namespace belay::cli {

namespace {

// Results are collected up to this size unless somebody watches them come.
constexpr size_t held_limit = 64 * 1024;

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// By the first of the variables that is set, as the C library has it. Where none is, nothing is known of a pipe's other
// end; a terminal then shows ASCII.
bool is_ascii_locale(bool has_terminal) {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(variable)) continue;
    const std::string locale = lower(std::getenv(variable));
    return locale.find("utf-8") == std::string::npos && locale.find("utf8") == std::string::npos;
  }
  return has_terminal;
}

}  // namespace

ConsoleSettings ConsoleSettings::of_process() {
  ConsoleSettings settings;
  settings.in_terminal = ::isatty(0) == 1;
  settings.out_terminal = ::isatty(1) == 1;
  settings.err_terminal = ::isatty(2) == 1;
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  const bool color = !dumb && !is_set("NO_COLOR");
  settings.out_color = color && settings.out_terminal;
  settings.err_color = color && settings.err_terminal;
  // A dumb terminal cannot move its cursor: it gets plain lines.
  if (dumb) settings.err_terminal = false;
  for (const int fd : {1, 2, 0}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) continue;
    settings.columns = size.ws_col;
    settings.rows = size.ws_row > 0 ? size.ws_row : 24;
    break;
  }
  settings.ascii = is_ascii_locale(settings.out_terminal || settings.err_terminal);
  if (const char* columns = std::getenv("COLUMNS"))
    if (const auto number = parse_number(columns); number && *number >= 20 && *number <= 1000)
      settings.columns = static_cast<int>(*number);
  return settings;
}

Console::Console(const ConsoleSettings& settings, int in, int out, int err)
    : settings_(settings), in_(in), out_(out), err_(err) {}

Console::~Console() {
  std::lock_guard held(mutex_);
  std::string text;
  erase_live(text);
  live_.clear();
  if (!text.empty()) write_all(err_, text);
  flush_out();
}

void Console::print(std::string_view text) {
  print_page(printable(text));
}

void Console::line(std::string_view text) {
  line(Style::plain, {}, text);
}

void Console::line(Style style, std::string_view head, std::string_view rest) {
  const std::string first = printable(head);
  print_page(format("{}{}\n", settings_.out_color ? in_style(style, first) : first, printable(rest)));
}

void Console::print(const Table& table) {
  const std::string text =
      table.text({.width = settings_.out_terminal ? settings_.columns : 0, .color = settings_.out_color});
  print_page(settings_.ascii ? in_ascii_as_wide(text) : text);
}

void Console::prose(std::string_view text) {
  print_page(for_out(printable(text)) + "\n");
}

void Console::prose(Style style, std::string_view head, std::string_view rest) {
  const std::string first = printable(head);
  const std::string text = for_out(first + printable(rest));
  print_page((settings_.out_color ? in_style(style, first) : first) + text.substr(first.size()) + "\n");
}

void Console::field(Style style, std::string_view name, size_t width, std::string_view value) {
  constexpr int narrow = 20, further_in = 4;
  const std::string first = printable(name), rest = printable(value);
  const std::string gap(std::max<size_t>(1, width - std::min(width, first.size())), ' ');
  const int columns = settings_.out_terminal ? settings_.columns : 0;
  std::string text = rest;
  if (columns > 0 && static_cast<int>(first.size() + gap.size()) + display_width(rest) > columns) {
    const int room = columns - static_cast<int>(first.size() + gap.size());
    const auto in_column = wrapped(rest, std::max(room, 1));
    const bool is_narrow = room < narrow || std::any_of(
                                                in_column.begin(), in_column.end(),
                                                [&](const std::string& line) { return display_width(line) > room; });
    const std::string margin(is_narrow ? further_in : first.size() + gap.size(), ' ');
    text.clear();
    for (const auto& line : wrapped(rest, is_narrow ? columns - further_in : room))
      text += (text.empty() && !is_narrow ? "" : "\n" + margin) + line;
  }
  print_page((settings_.out_color ? in_style(style, first) : first) + (text.starts_with('\n') ? "" : gap) + text +
             "\n");
}

std::string Console::for_out(std::string_view text) const {
  return fitted(text, settings_.out_terminal ? settings_.columns : 0);
}

std::string Console::for_err(std::string_view text) const {
  return fitted(text, settings_.err_terminal ? settings_.columns : 0);
}

void Console::print_page(std::string_view text) {
  const std::lock_guard held(mutex_);
  write_out(settings_.ascii ? in_ascii(text) : std::string(text));
}

void Console::clear_screen() {
  if (!settings_.out_terminal) return;
  const std::lock_guard held(mutex_);
  write_out("\033[H\033[2J");
}

bool Console::page(std::string_view text) {
  const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  if (!settings_.out_terminal || !settings_.in_terminal || lines < settings_.rows) return false;
  const char* chosen = std::getenv("PAGER");
  const std::string pager = chosen == nullptr ? "less" : chosen;
  if (pager.empty() || pager == "cat") return false;
  flush();
  // F: no longer than the screen; R: colours; X: what was shown stays there. The user's own wish goes before.
  ::setenv("LESS", "FRX", 0);
  FILE* pipe = ::popen(pager.c_str(), "we");
  if (pipe == nullptr) return false;
  const std::string whole = settings_.ascii ? in_ascii(text) : std::string(text);
  // It may end before all is read.
  std::ignore = std::fwrite(whole.data(), 1, whole.size(), pipe);
  constexpr int not_found = 127;
  const int status = ::pclose(pipe);
  return status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != not_found;
}

void Console::print_json(const document::Node& value) {
  const std::lock_guard held(mutex_);
  write_out(printable(document::write_json(value, 2)) + "\n");
}

void Console::event(const document::Node& event) {
  const std::lock_guard held(mutex_);
  write_err(document::write_json(event) + "\n");
}

void Console::success(std::string_view text) {
  if (!settings_.quiet) line(Style::good, for_out(text));
}

void Console::note(std::string_view text) {
  if (!settings_.quiet) diagnostic(text);
}

void Console::warning(std::string_view text) {
  const std::string label = settings_.err_color ? in_style(Style::warn, "warning:") : "warning:";
  say(for_err(format("belay: {} {}", label, printable(text))));
}

std::string Console::worded(std::string_view text) const {
  return wording_ == nullptr ? std::string(text) : wording_(std::string(text));
}

std::string Console::hint_of(const Error& error) const {
  if (app_.empty() || error.hint().starts_with("usage: ")) return worded(error.hint());
  return worded(with_name(error.hint(), std::vector{app_}));
}

void Console::error(const Error& error) {
  if (json_errors_) {
    say(document::write_json(report::record(report::error_json(error, hint_of(error)))));
    return;
  }
  std::string text = for_err(format("belay: {}", printable(error.what())));
  if (settings_.err_color) text = in_style(Style::bad, text);
  // A usage line says by itself what it is.
  const std::string_view label = error.hint().starts_with("usage: ") ? "" : "hint: ";
  if (!error.hint().empty()) text += "\n" + for_err(format("{}{}", label, printable(hint_of(error))));
  say(text);
}

void Console::diagnostic(std::string_view text) {
  say(for_err(printable(text)));
}

void Console::diagnostic(Style style, std::string_view head, std::string_view rest) {
  const std::string first = printable(head);
  say(format("{}{}", settings_.err_color ? in_style(style, first) : first, printable(rest)));
}

void Console::say(std::string_view text) {
  std::lock_guard held(mutex_);
  write_err((settings_.ascii && !json_errors_ ? in_ascii(text) : std::string(text)) + "\n");
}

std::string Console::ask(std::string_view question, std::stop_token stop) {
  {
    std::lock_guard held(mutex_);
    write_err(printable(question));
  }
  const auto answer = read_line(in_, stop);
  if (answer) return std::string(trim(*answer));
  diagnostic("");
  return {};
}

bool Console::confirm(std::string_view question, std::stop_token stop) {
  if (!settings_.in_terminal)
    throw UsageError(ErrorCode::not_confirmed, "this must be confirmed, and standard input is no terminal",
                     "Give -y to agree without being asked.");
  const std::string answer = lower(ask(format("{} [y/N] ", question), stop));
  return answer == "y" || answer == "yes";
}

bool Console::typed_confirmation(std::string_view warning, const std::string& name, std::string_view flag,
                                 std::stop_token stop) {
  if (!settings_.in_terminal)
    throw UsageError(ErrorCode::not_confirmed, "the loss of data must be confirmed, and standard input is no terminal",
                     format("Give {} to agree without being asked.", flag));
  return ask(format("{}\nType {} to go on: ", warning, name), stop) == name;
}

void Console::set_live(std::vector<std::string> lines) {
  if (!settings_.err_terminal) return;
  if (settings_.ascii)
    for (auto& line : lines) line = in_ascii_as_wide(line);
  std::lock_guard held(mutex_);
  if (lines == live_) return;
  if (live_.empty()) flush_out();
  std::string text;
  erase_live(text);
  live_ = std::move(lines);
  draw_live(text);
  write_all(err_, text);
}

void Console::flush() {
  const std::lock_guard held(mutex_);
  flush_out();
}

bool Console::is_closed() const {
  std::lock_guard held(mutex_);
  return out_error_ == EPIPE;
}

void Console::finish() {
  std::lock_guard held(mutex_);
  flush_out();
  if (out_error_ != 0 && out_error_ != EPIPE) throw system_error("writing the output", out_error_);
}

// Puts the cursor where the live area began and clears all below.
void Console::erase_live(std::string& text) {
  if (live_.empty()) return;
  text += format("\r\033[{}A\033[J", live_.size());
}

void Console::draw_live(std::string& text) const {
  for (const auto& live : live_) text += live + "\n";
}

void Console::write_out(std::string_view text) {
  held_ += text;
  if (!settings_.out_terminal && held_.size() < held_limit) return;
  if (live_.empty() || !settings_.out_terminal) {
    flush_out();
    return;
  }
  std::string around;
  erase_live(around);
  write_all(err_, around);
  flush_out();
  around.clear();
  draw_live(around);
  write_all(err_, around);
}

void Console::write_err(std::string_view text) {
  // What was said first is seen first where both streams go to the same place.
  flush_out();
  std::string all;
  erase_live(all);
  all += text;
  draw_live(all);
  // Where not even errors can be written, nobody is left to be told.
  write_all(err_, all);
}

void Console::flush_out() {
  if (held_.empty()) return;
  if (out_error_ == 0) out_error_ = write_all(out_, held_);
  held_.clear();
}

}  // namespace belay::cli
