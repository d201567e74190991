// The face docker-compose: its words are Belay's own, about the project of this folder.

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "cli/faces/families.h"
#include "cli/habits.h"
#include "cli/help.h"
#include "cli/program.h"

namespace belay::cli {

namespace {

// The word there, and Belay's.
struct ComposeWord {
  std::string_view word, command;
};
constexpr std::array compose_words{
    ComposeWord{"up", "up"},           ComposeWord{"down", "down"},       ComposeWord{"ps", "ps"},
    ComposeWord{"logs", "logs"},       ComposeWord{"exec", "exec"},       ComposeWord{"run", "run"},
    ComposeWord{"pull", "pull"},       ComposeWord{"build", "build"},     ComposeWord{"config", "config"},
    ComposeWord{"convert", "config"},  ComposeWord{"images", "images"},   ComposeWord{"start", "start"},
    ComposeWord{"stop", "stop"},       ComposeWord{"restart", "restart"}, ComposeWord{"kill", "kill"},
    ComposeWord{"pause", "pause"},     ComposeWord{"unpause", "unpause"}, ComposeWord{"port", "port"},
    ComposeWord{"volumes", "volumes"}, ComposeWord{"ls", "ls"},           ComposeWord{"version", "version"},
};

constexpr std::array compose_options{
    Option{.name = "file", .letter = 'f', .value = "FILE", .repeatable = true},
    Option{.name = "project-name", .letter = 'p', .value = "NAME"},
    Option{.name = "project-directory", .value = "DIR"},
    Option{.name = "profile", .value = "NAME", .repeatable = true},
    Option{.name = "env-file", .value = "FILE", .repeatable = true},
    Option{.name = "host", .letter = 'H', .value = "ENDPOINT"},
    Option{.name = "dry-run"},
    Option{.name = "help", .letter = 'h'},
    Option{.name = "version", .letter = 'v'},
    // Of the display: without effect.
    Option{.name = "ansi", .value = "WHEN"},
    Option{.name = "no-ansi"},
    Option{.name = "progress", .value = "KIND"},
    Option{.name = "parallel", .value = "N"},
    Option{.name = "log-level", .value = "LEVEL"},
    Option{.name = "compatibility"},
    Option{.name = "verbose"},
};

struct ComposeLine {
  ProjectWords project;
  bool dry_run = false, help = false, version = false;
  std::vector<std::string> words;  // the word and what follows it
};

ComposeLine read_line(Session& session, const std::vector<std::string>& arguments) {
  std::vector<const Option*> known;
  for (const auto& option : compose_options) known.push_back(&option);
  const Words read = read_words("", arguments, known, 0);
  ComposeLine line;
  for (const auto& [option, value] : read.options) {
    if (option->name == "file") line.project.files.push_back(value);
    if (option->name == "project-name") line.project.name = value;
    if (option->name == "project-directory") line.project.folder = value;
    if (option->name == "profile") line.project.profiles.push_back(value);
    if (option->name == "env-file") line.project.env_files.push_back(value);
    if (option->name == "host") session.globals.host = value;
    if (option->name == "dry-run") line.dry_run = true;
    if (option->name == "help") line.help = true;
    if (option->name == "version") line.version = true;
  }
  line.words = read.positionals;
  return line;
}

std::string_view command_of(const std::string& word) {
  for (const auto& known : compose_words)
    if (known.word == word) return known.command;
  if (const Habit* habit = find_habit(word))
    throw UsageError(format("docker-compose has no '{}' here", word), std::string(habit->answer));
  std::vector<std::string> all;
  for (const auto& known : compose_words) all.emplace_back(known.word);
  std::string near = did_you_mean(word, all);
  throw UsageError(format("docker-compose has no command '{}'", printable(word)),
                   near.empty() ? "docker-compose help shows all." : std::move(near));
}

}  // namespace

int run_docker_compose(Session& session, const std::vector<std::string>& arguments) {
  ComposeLine line = read_line(session, arguments);
  if (line.version) line.words = {"version"};
  if (line.words.empty() || line.help || line.words.front() == "help") {
    show_markdown(session.console, std::string(help_page("docker-compose")));
    return line.words.empty() && !line.help ? 2 : 0;
  }
  const std::string word = line.words.front();
  const std::string command(command_of(word));
  std::vector<std::string> translated{command};
  if (line.dry_run) {
    if (find_command(command)->find_option("dry-run") == nullptr)
      throw UsageError(format("--dry-run is not for {}, which changes nothing", word));
    translated.emplace_back("--dry-run");
  }
  translated.insert(translated.end(), line.words.begin() + 1, line.words.end());
  session.project = std::move(line.project);
  return run_command_line(session, translated);
}

}  // namespace belay::cli
