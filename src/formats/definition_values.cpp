#include "formats/definition_values.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/run_values.h"

namespace belay::formats {

using document::Node;

void refuse(const Node& node, const std::string& message, const std::string& hint) {
  throw ConfigError(node.where(), message, hint);
}

const Node& required(const Node& map, const std::string& key, std::string_view what) {
  const Node* value = map.find(key);
  if (value == nullptr) refuse(map, format("{} has no \"{}\"", what, key));
  return *value;
}

std::int64_t integer_value(const Node& node, std::string_view what, std::int64_t lowest, std::int64_t highest) {
  return parsed_value(node, what, [&](const std::string& text) { return whole_number(text, lowest, highest); });
}

Milliseconds time_value(const Node& node, std::string_view what) {
  return parsed_value(node, what, duration);
}

std::string word_value(const Node& node, std::string_view what) {
  const std::string& text = node.as_scalar(what);
  if (trim(text).empty()) throw ConfigError(node.where(), format("{} is empty", what), "Leave the key out.");
  return text;
}

std::string choice_value(const Node& node, std::string_view what, const std::vector<std::string>& words) {
  const std::string& text = node.as_text(what);
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  std::string hint = did_you_mean(text, words);
  if (hint.empty()) hint = format("Known: {}.", join(words, ", "));
  throw ConfigError(node.where(), format("{} cannot be '{}'", what, printable(text)), hint);
}

std::vector<std::string> command_value(const Node& node, std::string_view what) {
  if (!node.is_list()) return parsed_value(node, what, shell_words);
  std::vector<std::string> words;
  for (const Node& item : node.items()) words.push_back(item.as_scalar(format("a word of {}", what)));
  return words;
}

std::string signal_value(const Node& node, std::string_view what) {
  static const std::vector<std::string> names{
      "SIGABRT", "SIGALRM",   "SIGBUS",  "SIGCHLD",   "SIGCONT", "SIGFPE",  "SIGHUP",  "SIGILL",
      "SIGINT",  "SIGIO",     "SIGKILL", "SIGPIPE",   "SIGPROF", "SIGPWR",  "SIGQUIT", "SIGSEGV",
      "SIGSTOP", "SIGSTKFLT", "SIGSYS",  "SIGTERM",   "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
      "SIGURG",  "SIGUSR1",   "SIGUSR2", "SIGVTALRM", "SIGXCPU", "SIGXFSZ", "SIGWINCH"};
  const std::string& text = node.as_scalar(what);
  if (parse_number(text)) return std::to_string(integer_value(node, what, 1, 64));
  std::string name = text;
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (!name.starts_with("SIG")) name = "SIG" + name;
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  throw ConfigError(node.where(), format("{}: '{}' is not a signal", what, printable(text)), did_you_mean(name, names));
}

}  // namespace belay::formats
