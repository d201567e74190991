#include "base/format.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/completion_words.h"
#include "cli/faces.h"

namespace belay::cli {

namespace {

// What completes a value of this kind; uses $cur and, for releases, $app.
std::string action(Kind kind, std::string_view choices) {
  const auto words = fixed_words(kind, choices);
  switch (kind) {
    case Kind::app:
      return "_belay_apps";
    case Kind::service:
      return "_belay_services";
    case Kind::service_word:
      return "_belay_service_words";
    case Kind::release:
    case Kind::which:
      return format("_belay_releases {}", join(words, " "));
    case Kind::file:
    case Kind::saved:
      return "_belay_files -f";
    case Kind::folder:
      return "_belay_files -d";
    default:
      return words.empty() ? ":" : format("_belay_words {}", join(words, " "));
  }
}

std::string option_cases(std::string_view command, const Option& option) {
  std::vector<std::string> patterns;
  for (const auto& spelling : spellings(option)) patterns.push_back(format("{}:{}", command, spelling));
  return join(patterns, " | ");
}

constexpr std::string_view frame = R"script(
_belay_words() { mapfile -t COMPREPLY < <(compgen -W "$*" -- "$cur"); }
_belay_files() {
  mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
  compopt -o filenames 2>/dev/null
}
_belay_ask() { "$program" "${globals[@]}" "$@" 2>/dev/null </dev/null; }
_belay_services() {
  case $app in
    new) _belay_files -d ;;
    install | check-image) ;;
    *) _belay_words "$(_belay_ask service ls --names)" ;;
  esac
}
_belay_service_words() {
  case $app in
    backup | restore) _belay_files -f ;;
    run) ((position == 2)) && _belay_words "$(_belay_ask service help "$second" --names)" ;;
  esac
}
_belay_apps() { _belay_words "$(_belay_ask ls --names)"; }
_belay_releases() { _belay_words "$@" "$(_belay_ask releases "$app" --names)"; }

_belay() {
  local cur=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]}
  local command= app= second= option= word
  local -i position=0 last=-1
  local -a globals=() words=()
  # bash breaks words at ":" as well: an address is one word again.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if ((last >= 0)) && [[ $word == :* || ${words[last]} == *: ]]; then
      words[last]+=$word
    else
      words[++last]=$word
    fi
  done
  # bash breaks words at "=": "--order=stop" reads like "--order stop".
  [[ $cur == = ]] && cur=
  for word in "${words[@]}"; do
    [[ $word == = ]] && continue
    if [[ -n $option ]]; then
      case $option in -H | --host | --state-dir) globals+=("$option" "$word") ;; esac
      option=
    elif [[ $word == -- ]]; then
      return
    elif [[ $word == -* ]]; then
      _belay_takes_value "$command:$word" && option=$word
    elif [[ -z $command ]]; then
      command=$word
    else
      ((position == 0)) && app=$word
      ((position == 1)) && second=$word
      position+=1
    fi
  done
  COMPREPLY=()
  if [[ -n $option ]]; then
    _belay_value "$command:$option"
  elif [[ $cur == -* ]]; then
    _belay_options "$command"
  elif [[ -z $command ]]; then
    _belay_commands
  else
    _belay_position "$command:$position"
  fi
}
complete -F _belay belay

# The commands of services by themselves: hello <Tab>.
_belay_launcher() {
  local cur=${COMP_WORDS[COMP_CWORD]} program=belay
  local -a globals=()
  ((COMP_CWORD == 1)) && _belay_words "$(_belay_ask service help "${COMP_WORDS[0]##*/}" --names)"
}
_belay_launchers() {
  local name
  for name in $(belay service ls --names 2>/dev/null </dev/null); do complete -o default -F _belay_launcher "$name"; done
}
_belay_launchers
)script";

}  // namespace

std::vector<std::string> fixed_words(Kind kind, std::string_view choices) {
  std::vector<std::string> words;
  switch (kind) {
    case Kind::words:
      return choices_of(choices);
    case Kind::which:
      return {"new", "last", "stable"};
    case Kind::command:
      for (const auto& command : commands()) words.emplace_back(command.name);
      return words;
    case Kind::face:
      for (const auto& face : faces()) words.emplace_back(face.name);
      return words;
    default:
      return {};
  }
}

std::vector<const Option*> all_options(const Command& command) {
  std::vector<const Option*> all;
  for (const auto& option : command.options) all.push_back(&option);
  for (const auto& option : global_options()) all.push_back(&option);
  return all;
}

std::vector<std::string> spellings(const Option& option) {
  std::vector<std::string> all{format("--{}", option.name)};
  if (option.letter != 0) all.push_back(format("-{}", option.letter));
  return all;
}

std::string bash_completion() {
  std::string takes_value, values, options, positions;
  const auto add_option = [&](std::string_view command, const Option& option) {
    if (option.is_flag()) return;
    const std::string cases = option_cases(command, option);
    takes_value += format("    {}) return 0 ;;\n", cases);
    values += format("    {}) {} ;;\n", cases, action(option.kind, option.choices));
  };
  std::vector<std::string> global_words;
  for (const auto& option : global_options()) {
    add_option("*", option);
    global_words.push_back(format("--{}", option.name));
  }
  for (const auto& command : commands()) {
    std::vector<std::string> words;
    for (const auto& option : command.options) {
      add_option(command.name, option);
      words.push_back(format("--{}", option.name));
    }
    options += format("    {}) _belay_words {} {} ;;\n", command.name, join(words, " "), join(global_words, " "));
    for (size_t i = 0; i < command.positionals.size(); ++i)
      positions += format("    {}:{}) {} ;;\n", command.name, i,
                          action(command.positionals[i].kind, command.positionals[i].choices));
  }
  std::string script = "# Completion of belay for bash. Made by: belay completion bash\n\n";
  script += format("_belay_takes_value() {{\n  case $1 in\n{}    *) return 1 ;;\n  esac\n}}\n", takes_value);
  script += format("_belay_value() {{\n  case $1 in\n{}  esac\n}}\n", values);
  script += format("_belay_options() {{\n  case $1 in\n{}    *) _belay_words {} ;;\n  esac\n}}\n", options,
                   join(global_words, " "));
  script += format("_belay_position() {{\n  case $1 in\n{}  esac\n}}\n", positions);
  script += format("_belay_commands() {{ _belay_words {}; }}\n", join(fixed_words(Kind::command, {}), " "));
  return script + std::string(frame);
}

}  // namespace belay::cli
