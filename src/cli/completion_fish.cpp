#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/completion.h"
#include "cli/completion_words.h"

namespace belay::cli {

namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

// The part of `complete` that offers values; empty: none are known.
std::string offer(Kind kind, std::string_view choices) {
  const auto words = fixed_words(kind, choices);
  switch (kind) {
    case Kind::app:
      return "-a '(__belay_apps)'";
    case Kind::service:
      return "-a '(__belay_services)'";
    case Kind::service_word:
      return "-F -a '(__belay_service_words)'";
    case Kind::release:
    case Kind::which:
      return format("-a '{} (__belay_releases)'", join(words, " "));
    case Kind::file:
    case Kind::saved:
      return "-F";
    case Kind::folder:
      return "-a '(__fish_complete_directories)'";
    default:
      return words.empty() ? std::string() : format("-a {}", in_quotes(join(words, " ")));
  }
}

std::string option_line(std::string_view condition, const Option& option) {
  std::string line = format("complete -c belay {} -l {}", condition, option.name);
  if (option.letter != 0) line += format(" -s {}", option.letter);
  if (!option.is_flag()) {
    const std::string values = offer(option.kind, option.choices);
    line += values == "-F" ? " -r -F" : values.empty() ? " -x" : " -x " + values;
  }
  return line + format(" -d {}\n", in_quotes(option.summary));
}

constexpr std::string_view frame = R"script(
# The words before the cursor that are no options and no values of options: the command, then its words.
function __belay_words
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word $__belay_valued
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end
function __belay_in
    test "$(__belay_words)[1]" = $argv[1]
end
function __belay_at
    set -l words (__belay_words)
    test "$words[1]" = $argv[1]; and test (count $words) -ge $argv[2]; and test (count $words) -le $argv[3]
end
function __belay_needs_command
    test (count (__belay_words)) = 0
end
function __belay_apps
    belay ls --names 2>/dev/null
end
function __belay_services
    set -l words (__belay_words)
    switch "$words[2]"
        case install check-image new
        case '*'
            belay service ls --names 2>/dev/null
    end
end
function __belay_service_words
    set -l words (__belay_words)
    test "$words[2]" = run; and test (count $words) = 3; and belay service help $words[3] --names 2>/dev/null
end
function __belay_launcher
    set -l words (commandline -opc)
    test (count $words) = 1; and belay service help (basename $words[1]) --names 2>/dev/null
end
function __belay_releases
    set -l words (__belay_words)
    belay releases $words[2] --names 2>/dev/null
end

complete -c belay -f
for service in (belay service ls --names 2>/dev/null)
    complete -c $service -a '(__belay_launcher)'
end
)script";

}  // namespace

std::string fish_completion() {
  std::vector<std::string> valued;
  const auto collect = [&](const Option& option) {
    if (option.is_flag()) return;
    for (auto& spelling : spellings(option))
      if (std::find(valued.begin(), valued.end(), spelling) == valued.end()) valued.push_back(std::move(spelling));
  };
  std::string lines;
  for (const auto& option : global_options()) {
    collect(option);
    lines += option_line("", option);
  }
  for (const auto& command : commands()) {
    lines +=
        format("complete -c belay -n __belay_needs_command -a {} -d {}\n", command.name, in_quotes(command.summary));
    for (const auto& option : command.options) {
      collect(option);
      lines += option_line(format("-n '__belay_in {}'", command.name), option);
    }
    for (size_t i = 0; i < command.positionals.size(); ++i) {
      const auto& positional = command.positionals[i];
      const std::string values = offer(positional.kind, positional.choices);
      if (values.empty()) continue;
      lines += format("complete -c belay -n '__belay_at {} {} {}' {}\n", command.name, i + 1,
                      positional.repeated ? 99 : i + 1, values);
    }
  }
  return format("# Completion of belay for fish. Made by: belay completion fish\n\nset -g __belay_valued {}\n",
                join(valued, " ")) +
         std::string(frame) + lines;
}

}  // namespace belay::cli
