#include "cli/faces/compose_help.h"

#include "base/format.h"

namespace belay::cli {

namespace {

// What the option does, as one says it in a list.
std::string effect_of(const ComposeOption& option, const Command& command) {
  switch (option.leads) {
    case ComposeOption::Leads::to_option: {
      const Option* own = command.find_option(option.means);
      for (const auto& global : global_options())
        if (own == nullptr && global.name == option.means) own = &global;
      return own == nullptr ? std::string() : std::string(own->summary);
    }
    case ComposeOption::Leads::nowhere:
      return "accepted, and changes nothing";
    case ComposeOption::Leads::to_face:
      return std::string(option.means);
    case ComposeOption::Leads::to_refusal:
      break;
  }
  return format("not taken. {}", option.means);
}

}  // namespace

std::string help_of(const ComposeWord& word) {
  const Command& command = command_named(word.command);
  std::string text = format("# docker-compose {}\n\n{}. ", word.word, command.summary);
  if (!word.note.empty()) text += format("{} ", word.note);
  text +=
      format("It does what `belay {}` does.\n\n## Usage\n\n```\ndocker-compose {}{}{}\n```\n", command.name, word.word,
             word.options.empty() ? "" : " [OPTION]…", word.shown.empty() ? "" : format(" {}", word.shown));
  if (word.options.empty()) return text;
  text += "\n## Options\n\n";
  for (const auto& option : word.options) {
    text += format("- `{}`: {}\n", option_words(option.option), effect_of(option, command));
  }
  return text;
}

}  // namespace belay::cli
