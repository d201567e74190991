// The face docker-compose: its words are Belay's own, about the project of this folder. What each option leads to is in
// compose_words.cpp.

#include <algorithm>
#include <array>
#include <deque>

#include "base/format.h"
#include "base/text.h"
#include "cli/faces/compose_help.h"
#include "cli/faces/compose_words.h"
#include "cli/faces/families.h"
#include "cli/habits.h"
#include "cli/help.h"
#include "cli/program.h"

namespace belay::cli {

namespace {

using Leads = ComposeOption::Leads;

// What stands before the word: what the whole line is about, and how it is told of.
struct ComposeLead {
  ProjectWords project;
  bool dry_run = false, help = false, version = false;
  std::vector<std::string> words;  // the word and what follows it
};

[[noreturn]] void refuse(const std::string& subject, const ComposeOption& option) {
  throw UsageError(format("{}: --{} is not taken", subject, option.option.name), std::string(option.means));
}

void take_progress(Globals& globals, const std::string& kind) {
  constexpr std::array kinds{"auto", "tty", "plain", "json", "quiet"};
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end())
    throw UsageError(format("the option --progress takes auto, tty, plain, json or quiet, not '{}'", printable(kind)));
  if (kind == "plain" || kind == "json") globals.progress = kind;
  if (kind == "quiet") globals.quiet = true;
}

void take_global(Session& session, ComposeLead& lead, std::string_view name, const std::string& value) {
  if (name == "file") lead.project.files.push_back(value);
  if (name == "project-name") lead.project.name = value;
  if (name == "project-directory") lead.project.folder = value;
  if (name == "profile") lead.project.profiles.push_back(value);
  if (name == "env-file") lead.project.env_files.push_back(value);
  if (name == "host") session.globals.host = value;
  if (name == "dry-run") lead.dry_run = true;
  if (name == "help") lead.help = true;
  if (name == "version") lead.version = true;
  if (name == "no-ansi" || (name == "ansi" && value == "never")) session.globals.color = false;
  if (name == "progress") take_progress(session.globals, value);
}

ComposeLead read_lead(Session& session, const std::vector<std::string>& arguments) {
  std::vector<const Option*> known;
  for (const auto& option : compose_globals()) known.push_back(&option.option);
  const Words read = read_words("", arguments, known, 0);
  ComposeLead lead;
  for (const auto& [given, value] : read.options) {
    for (const auto& option : compose_globals())
      if (&option.option == given && option.leads == Leads::to_refusal) refuse("docker-compose", option);
    take_global(session, lead, given->name, value);
  }
  lead.words = read.positionals;
  return lead;
}

const ComposeWord& word_named(const std::string& word) {
  const ComposeWord* known = find_compose_word(word);
  if (known != nullptr && !known->command.empty()) return *known;
  if (const Habit* habit = find_habit(word))
    throw UsageError(format("docker-compose has no '{}' here", word), std::string(habit->answer));
  std::vector<std::string> all;
  for (const auto& each : compose_words())
    if (!each.command.empty()) all.emplace_back(each.word);
  std::string near = did_you_mean(word, all);
  throw UsageError(format("docker-compose has no command '{}'", printable(word)),
                   near.empty() ? "docker-compose help shows all." : std::move(near));
}

// A word with what follows it, in docker compose's terms.
struct ComposeLine {
  const ComposeWord& word;
  std::vector<std::pair<ComposeOption, std::string>> options{};
  std::vector<std::string> words{};

  bool has(std::string_view name) const {
    return std::any_of(options.begin(), options.end(),
                       [&](const auto& given) { return given.first.option.name == name; });
  }
  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> all;
    for (const auto& [option, value] : options)
      if (option.option.name == name) all.push_back(value);
    return all;
  }
};

// The options of docker compose, and those that only Belay's command has; a letter means what it means there.
std::deque<ComposeOption> options_of(const ComposeWord& word) {
  std::deque<ComposeOption> all(word.options.begin(), word.options.end());
  const auto is_taken = [&](const auto& is) {
    return std::any_of(all.begin(), all.end(), [&](const ComposeOption& known) { return is(known.option); });
  };
  for (Option option : command_named(word.command).options) {
    if (is_taken([&](const Option& known) { return known.name == option.name; })) continue;
    if (is_taken([&](const Option& known) { return known.letter == option.letter; })) option.letter = 0;
    all.push_back({option, Leads::to_option, option.name});
  }
  return all;
}

ComposeLine read_line(const ComposeWord& word, std::span<const std::string> arguments) {
  const std::string subject = format("docker-compose {}", word.word);
  const auto known = options_of(word);
  std::vector<const Option*> options;
  for (const auto& option : known) options.push_back(&option.option);
  const Words read = read_words(subject, arguments, options, word.is_verbatim ? 0 : -1);
  ComposeLine line{word};
  for (const auto& [given, value] : read.options)
    for (const auto& option : known)
      if (&option.option == given) {
        if (option.leads == Leads::to_refusal) refuse(subject, option);
        line.options.emplace_back(option, value);
      }
  line.words = read.positionals;
  return line;
}

// json, or what is printed in any case.
void add_format(const ComposeLine& line, const std::string& kind, std::vector<std::string>& translated) {
  if (kind == "json") {
    translated.emplace_back("--json");
  } else if (kind != "table" && kind != "pretty" && kind != "yaml") {
    throw UsageError(format("docker-compose {}: --format takes no templates", line.word.word),
                     format("belay {} --json is for programs.", line.word.command));
  }
}

void add_filter(const std::string& filter, std::vector<std::string>& translated) {
  constexpr std::string_view status = "status=";
  if (!filter.starts_with(status))
    throw UsageError(format("docker-compose ps: there is no filter '{}'", printable(filter)),
                     "--filter status=running shows what runs; belay ps --json is for programs.");
  translated.push_back("--status=" + filter.substr(status.size()));
}

// Belay's command line for it, but for what the face does itself.
std::vector<std::string> translated(const ComposeLine& line, bool dry_run) {
  std::vector<std::string> all{std::string(line.word.command)};
  if (dry_run) {
    if (command_named(line.word.command).find_option("dry-run") == nullptr)
      throw UsageError(format("--dry-run is not for {}, which changes nothing", line.word.word));
    all.emplace_back("--dry-run");
    // docker compose shows each step.
    if (command_named(line.word.command).find_option("verbose") != nullptr) all.emplace_back("--verbose");
  }
  for (const auto& [option, value] : line.options) {
    const std::string_view name = option.option.name;
    if (option.leads == Leads::to_option)
      all.push_back(option.option.is_flag() ? format("--{}", option.means) : format("--{}={}", option.means, value));
    if (option.leads != Leads::to_face) continue;
    if (name == "format") add_format(line, value, all);
    if (name == "filter") add_filter(value, all);
  }
  if (line.word.word == "events" && !line.has("follow")) all.emplace_back("--follow");
  if (line.word.word == "scale")
    for (const auto& word : line.words) all.push_back("--scale=" + word);
  all.emplace_back("--");
  for (const auto& word : line.words) all.push_back(line.word.word == "scale" ? word.substr(0, word.find('=')) : word);
  return all;
}

// The logs of what is up, until Ctrl-C or until all has ended; a signal then stops the services.
int follow(Session& session, const ComposeLine& line, const std::string& since) {
  std::vector<std::string> logs{"logs", "--follow", "--since=" + since};
  for (const std::string_view option : {"no-log-prefix", "timestamps"})
    if (line.has(option)) logs.push_back(format("--{}", option));
  logs.emplace_back("--");
  const auto attached = line.values("attach");
  const auto& followed = attached.empty() ? line.words : attached;
  logs.insert(logs.end(), followed.begin(), followed.end());
  const int code = run_command_line(session, logs);
  const int signal = session.stop_signal();
  if (signal == 0) return code;
  session.listen_anew();
  session.console.note("stopping what was followed (again to leave at once)");
  std::vector<std::string> stop{"stop"};
  for (const auto& time : line.values("timeout")) stop.push_back("--timeout=" + time);
  stop.emplace_back("--");
  stop.insert(stop.end(), line.words.begin(), line.words.end());
  const int stopped = run_command_line(session, stop);
  return stopped == 0 ? 128 + signal : stopped;
}

int run_up_line(Session& session, const ComposeLine& line, bool dry_run) {
  const bool is_attached = !dry_run && !line.has("detach") && !line.has("wait") && !line.has("json") &&
                           !line.has("dry-run") && !line.has("no-wait") && !line.has("no-start");
  const std::string began = iso_time(session.clock.now());
  const int code = run_command_line(session, translated(line, dry_run));
  return code == 0 && is_attached ? follow(session, line, began) : code;
}

// --build and --pull are commands of their own here.
int run_run_line(Session& session, const ComposeLine& line, bool dry_run) {
  const auto command = translated(line, dry_run);
  const auto first = [&](const char* verb) {
    return dry_run || line.words.empty()
               ? 0
               : run_command_line(session, std::vector<std::string>{verb, "--quiet", "--", line.words.front()});
  };
  for (const auto& pull : line.values("pull"))
    if (pull == "always")
      if (const int code = first("pull"); code != 0) return code;
  if (line.has("build"))
    if (const int code = first("build"); code != 0) return code;
  return run_command_line(session, command);
}

bool asks_for_help(const ComposeWord& word, std::span<const std::string> arguments) {
  for (const auto& argument : arguments) {
    if (argument == "--help" || argument == "-h") return true;
    // Behind it stands a command with options of its own.
    if (argument == "--" || (word.is_verbatim && !argument.starts_with('-'))) return false;
  }
  return false;
}

}  // namespace

int run_docker_compose(Session& session, const std::vector<std::string>& arguments) {
  ComposeLead lead = read_lead(session, arguments);
  if (lead.version) lead.words = {"version"};
  const bool is_help = lead.help || lead.words.empty() || lead.words.front() == "help";
  if (is_help && lead.words.size() < 2) {
    show_markdown(session.console, std::string(help_page("docker-compose")));
    return lead.words.empty() && !lead.help ? 2 : 0;
  }
  const ComposeWord& word = word_named(lead.words[is_help && lead.words.front() == "help" ? 1 : 0]);
  const std::span<const std::string> rest = std::span(lead.words).subspan(1);
  if (is_help || asks_for_help(word, rest)) {
    show_markdown(session.console, help_of(word));
    return 0;
  }
  const ComposeLine line = read_line(word, rest);
  session.project = std::move(lead.project);
  if (word.word == "up") return run_up_line(session, line, lead.dry_run);
  if (word.word == "run") return run_run_line(session, line, lead.dry_run);
  return run_command_line(session, translated(line, lead.dry_run));
}

}  // namespace belay::cli
