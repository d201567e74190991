#include "cli/command.h"

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/habits.h"

namespace belay::cli {

namespace {

std::string shown_text(const Positional& positional) {
  std::string text(!positional.shown.empty()     ? positional.shown
                   : !positional.choices.empty() ? positional.choices
                                                 : positional.name);
  if (positional.repeated) text += "…";
  return positional.required ? text : format("[{}]", text);
}

}  // namespace

std::string_view title(Group group) {
  switch (group) {
    case Group::change:
      return "Change what runs";
    case Group::look:
      return "Look";
    case Group::data:
      return "Data";
    case Group::upkeep:
      return "Look after the host";
    case Group::program:
      return "The program itself";
  }
  return {};
}

const Option* Command::find_option(std::string_view option) const {
  for (const auto& known : options)
    if (known.name == option) return &known;
  return nullptr;
}

const Command* find_command(std::string_view name) {
  for (const auto& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

const Command& command_named(std::string_view name, std::span<const std::string> behind) {
  if (const Command* command = find_command(without_alias(name))) return *command;
  if (const Habit* habit = find_habit(name))
    throw UsageError(format("there is no command '{}'", printable(name)), with_name(habit->answer, behind));
  std::vector<std::string> known;
  for (const auto& command : commands()) known.emplace_back(command.name);
  for (const auto& alias : aliases()) known.emplace_back(alias.word);
  // Two letters are too few for a guess: it might change something.
  std::string hint = name.size() < 3 ? std::string() : did_you_mean(name, known);
  throw UsageError(format("there is no command '{}'", printable(name)),
                   hint.empty() ? "Run belay help for the list of commands." : std::move(hint));
}

std::vector<std::string> choices_of(std::string_view choices) {
  return split(choices, '|');
}

std::string usage_line(const Command& command) {
  std::string line = format("belay {}", command.name);
  if (!command.options.empty()) line += " [OPTION]…";
  for (const auto& positional : command.positionals) line += " " + shown_text(positional);
  return line;
}

std::string option_words(const Option& option) {
  std::string words =
      option.letter == 0 ? format("--{}", option.name) : format("-{}, --{}", option.letter, option.name);
  if (!option.is_flag()) words += format(" {}", option.value);
  return words;
}

}  // namespace belay::cli
