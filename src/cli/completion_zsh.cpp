#include "base/format.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/completion_words.h"

namespace belay::cli {

namespace {

// Between single quotes, inside a specification of _arguments: brackets and colons have a meaning there.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string action(Kind kind, std::string_view choices) {
  const auto words = fixed_words(kind, choices);
  switch (kind) {
    case Kind::app:
      return "_belay_apps";
    case Kind::release:
    case Kind::which:
      // The blank in front keeps _arguments from adding words of its own.
      return format(" _belay_releases {}", join(words, " "));
    case Kind::service:
      return "_belay_services";
    case Kind::service_word:
      return "_belay_service_words";
    case Kind::file:
    case Kind::saved:
      return "_files";
    case Kind::folder:
      return "_files -/";
    case Kind::command:
      return "_belay_commands";
    default:
      return words.empty() ? " " : format("({})", join(words, " "));
  }
}

std::string specification(const Option& option) {
  const auto words = spellings(option);
  std::string text = option.repeatable ? "'*'" : words.size() > 1 ? format("'({})'", join(words, " ")) : "";
  text += words.size() > 1 ? format("{{{}}}", join(words, ",")) : words.front();
  text += format("'[{}]", escaped(option.summary));
  if (!option.is_flag()) text += format(":{}:{}", escaped(option.value), action(option.kind, option.choices));
  return text + "'";
}

std::string specification(const Positional& positional, size_t index) {
  const std::string where = positional.repeated ? "*" : format("{}", index + 1);
  return format("'{}:{}{}:{}'", where, positional.required ? "" : ":", escaped(positional.name),
                action(positional.kind, positional.choices));
}

constexpr std::string_view frame = R"script(
_belay_apps() {
  local -a apps
  apps=(${(f)"$(_call_program apps belay ls --names 2>/dev/null)"})
  compadd -a apps
}
_belay_services() {
  local -a services
  case $line[1] in
    new) _files -/ ;;
    install|check-image) ;;
    *)
      services=(${(f)"$(_call_program services belay service ls --names 2>/dev/null)"})
      compadd -a services ;;
  esac
}
_belay_service_words() {
  local -a words_of_service
  case $line[1] in
    backup|restore) _files ;;
    run)
      words_of_service=(${(f)"$(_call_program words belay service help ${(q)line[2]} --names 2>/dev/null)"})
      compadd -a words_of_service ;;
  esac
}
_belay_launcher() {
  local -a words_of_service
  words_of_service=(${(f)"$(_call_program words belay service help ${(q)words[1]:t} --names 2>/dev/null)"})
  (( CURRENT == 2 )) && compadd -a words_of_service
}
_belay_releases() {
  local -a releases
  releases=("$@" ${(f)"$(_call_program releases belay releases ${(q)line[1]} --names 2>/dev/null)"})
  compadd -a releases
}
)script";

}  // namespace

std::string zsh_completion() {
  std::string described, cases, global_specifications;
  for (const auto& option : global_options()) global_specifications += format("    {}\n", specification(option));
  for (const auto& command : commands()) {
    described += format("    '{}:{}'\n", command.name, escaped(command.summary));
    cases += format("    {})\n      _arguments $globals", command.name);
    for (const auto& option : command.options) cases += format(" \\\n        {}", specification(option));
    for (size_t i = 0; i < command.positionals.size(); ++i)
      cases += format(" \\\n        {}", specification(command.positionals[i], i));
    cases += "\n      ;;\n";
  }
  std::string script = "#compdef belay\n# Completion of belay for zsh. Made by: belay completion zsh\n";
  script += frame;
  script += format("_belay_commands() {{\n  local -a commands\n  commands=(\n{}  )\n", described);
  script += "  _describe -t commands command commands\n}\n";
  script += format(
      "_belay() {{\n  local context state state_descr line\n  typeset -A opt_args\n  local -a globals\n"
      "  globals=(\n{}  )\n",
      global_specifications);
  script +=
      "  _arguments -C $globals '1:command:_belay_commands' '*::word:->words'\n  [[ $state == words ]] || return\n";
  script += format("  case $line[1] in\n{}  esac\n}}\n", cases);
  // Sourced or autoloaded, both work.
  return script +
         "if [[ $funcstack[1] == _belay ]]; then\n  _belay \"$@\"\nelse\n  compdef _belay belay\nfi\n"
         "for service in ${(f)\"$(belay service ls --names 2>/dev/null)\"}; do\n  compdef _belay_launcher "
         "$service\ndone\n";
}

}  // namespace belay::cli
