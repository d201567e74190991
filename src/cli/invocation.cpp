#include "cli/invocation.h"

#include <cstdlib>
#include <stdexcept>

#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"

namespace belay::cli {

std::stop_token Session::stop() {
  if (!signals_) signals_.emplace();
  return signals_->token();
}

Invocation::Invocation(Session& session_of_run, CommandLine line)
    : session(session_of_run),
      console(session_of_run.console),
      clock(session_of_run.clock),
      globals(session_of_run.globals),
      command(*line.command),
      line_(std::move(line)) {}

const Positional& Invocation::positional(std::string_view name, size_t& index) const {
  for (index = 0; index < command.positionals.size(); ++index)
    if (command.positionals[index].name == name) return command.positionals[index];
  throw std::logic_error(format("belay {} has no word {}", command.name, name));
}

std::optional<std::string> Invocation::optional_argument(std::string_view name) const {
  size_t index = 0;
  positional(name, index);
  if (index >= line_.words.size()) return {};
  return line_.words[index];
}

std::string Invocation::argument(std::string_view name) const {
  auto word = optional_argument(name);
  if (!word) throw usage_error(format("{} is missing", name));
  return std::move(*word);
}

std::vector<std::string> Invocation::arguments(std::string_view name) const {
  size_t index = 0;
  positional(name, index);
  if (index >= line_.words.size()) return {};
  auto first = line_.words.begin() + static_cast<std::ptrdiff_t>(index);
  return {first, line_.words.end()};
}

bool Invocation::has(std::string_view option) const {
  if (command.find_option(option) == nullptr)
    throw std::logic_error(format("belay {} has no option --{}", command.name, option));
  for (const auto& [given, value] : line_.options)
    if (given->name == option) return true;
  return false;
}

const std::string* Invocation::value(std::string_view option, Kind kind) const {
  const Option* known = command.find_option(option);
  if (known == nullptr || known->is_flag() || (kind != Kind::text && known->kind != kind))
    throw std::logic_error(format("belay {} has no such value as --{}", command.name, option));
  for (const auto& [given, value] : line_.options)
    if (given->name == option) return &value;
  return nullptr;
}

std::optional<std::string> Invocation::text(std::string_view option) const {
  const std::string* given = value(option, Kind::text);
  return given == nullptr ? std::nullopt : std::optional(*given);
}

std::string Invocation::text_or(std::string_view option, std::string_view otherwise) const {
  const std::string* given = value(option, Kind::text);
  return given == nullptr ? std::string(otherwise) : *given;
}

std::vector<std::string> Invocation::list(std::string_view option) const {
  value(option, Kind::text);
  std::vector<std::string> all;
  for (const auto& [given, text] : line_.options)
    if (given->name == option) all.push_back(text);
  return all;
}

std::map<std::string, std::string> Invocation::pairs(std::string_view option) const {
  std::map<std::string, std::string> all;
  for (const auto& text : list(option)) {
    const size_t end = text.find('=');
    const std::string name = text.substr(0, end);
    if (name.empty()) throw usage_error(format("the option --{} takes NAME=VALUE", option));
    if (all.contains(name)) throw usage_error(format("the option --{} sets {} twice", option, name));
    if (end != std::string::npos) {
      all[name] = text.substr(end + 1);
    } else if (const char* inherited = std::getenv(name.c_str())) {
      all[name] = inherited;
    } else {
      throw usage_error(format("the option --{} names {}, which the environment does not hold", option, name));
    }
  }
  return all;
}

std::optional<long long> Invocation::number(std::string_view option) const {
  const std::string* given = value(option, Kind::number);
  return given == nullptr ? std::nullopt : parse_number(*given);
}

std::optional<Milliseconds> Invocation::duration(std::string_view option) const {
  const std::string* given = value(option, Kind::duration);
  return given == nullptr ? std::nullopt : parse_duration(*given);
}

std::optional<Time> Invocation::time(std::string_view option) const {
  const std::string* given = value(option, Kind::time);
  if (given == nullptr) return {};
  if (const auto back = parse_duration(*given)) return clock.now() - *back;
  return parse_local_time(*given, clock.now());
}

UsageError Invocation::usage_error(const std::string& message) const {
  return UsageError(format("{}: {}", command.name, message), "usage: " + usage_line(command));
}

std::string Invocation::description() const {
  std::string text = format("belay {}", command.name);
  for (size_t i = 0; i < line_.words.size() && !command.positionals.empty(); ++i) {
    // Of what is repeated only names: other words may be a command with a secret in it.
    const Positional& positional = command.positionals[std::min(i, command.positionals.size() - 1)];
    if (!positional.repeated || positional.kind == Kind::app) text += " " + printable(line_.words[i]);
  }
  return text;
}

}  // namespace belay::cli
