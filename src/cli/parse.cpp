#include "cli/parse.h"

#include <algorithm>
#include <getopt.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"
#include "cli/habits.h"
#include "cli/left_out.h"
#include "formats/setting_keys.h"

namespace belay::cli {

namespace {

// The message, behind the command that it is about where there is one.
std::string about(std::string_view subject, std::string message) {
  return subject.empty() ? std::move(message) : format("{}: {}", subject, message);
}

// getopt_long's view of a list of options. Codes from 256 on are positions in the list, so that they cannot be taken
// for a short form.
constexpr int first_code = 256;

class Grammar {
 public:
  Grammar(std::string_view subject, std::span<const Option* const> known, std::string usage)
      : subject_(subject), known_(known), usage_(std::move(usage)) {
    names_.reserve(known.size());
    // "-": positionals are handed out in order, where they stand. ":": a missing value is told from an unknown option.
    letters_ = "-:";
    for (size_t i = 0; i < known.size(); ++i) {
      const Option& option = *known[i];
      const int argument = option.is_flag() ? no_argument : required_argument;
      if (!option.name.empty()) {
        names_.emplace_back(option.name);
        longs_.push_back({names_.back().c_str(), argument, nullptr, first_code + static_cast<int>(i)});
      }
      if (option.letter == 0) continue;
      letters_ += option.letter;
      if (!option.is_flag()) letters_ += ':';
    }
    longs_.push_back({});
  }

  const char* letters() const { return letters_.c_str(); }
  const ::option* longs() const { return longs_.data(); }

  const Option* found(int code) const {
    if (code >= first_code) return known_[static_cast<size_t>(code - first_code)];
    const auto option = std::find_if(known_.begin(), known_.end(), [&](const Option* o) { return o->letter == code; });
    return option == known_.end() ? nullptr : *option;
  }

  // Says why getopt_long refused `word`; `code` is its optopt.
  // `words`: all of the line, for what is answered.
  [[noreturn]] void refuse(const std::string& word, int code, std::span<const std::string> words) const {
    if (const Option* option = code == 0 ? nullptr : found(code))
      throw UsageError(about(subject_, format("the option --{} takes no value", option->name)));
    if (!word.starts_with("--")) {
      const std::string letter = printable(std::string(1, static_cast<char>(code)));
      const std::string_view answer = answer_to_option(subject_, letter);
      throw UsageError(about(subject_, format("there is no option -{}", letter)),
                       answer.empty() ? all_options() : with_name(answer, words));
    }
    const std::string name = printable(word.substr(2, std::min(word.find('='), word.size()) - 2));
    std::vector<std::string> like;
    for (const auto& candidate : names_)
      if (candidate.starts_with(name)) like.push_back("--" + candidate);
    if (like.size() > 1)
      throw UsageError(about(subject_, format("the option --{} can mean {}", name, join(like, " or "))));
    if (const std::string_view answer = answer_to_option(subject_, name); !answer.empty())
      throw UsageError(about(subject_, format("there is no option --{}", name)), with_name(answer, words));
    if (is_for_raw(name))
      throw UsageError(about(subject_, format("there is no option --{}", name)),
                       format("It can be given in --raw: --raw '--{}=…'", name));
    throw UsageError(about(subject_, format("there is no option --{}", name)), told(near_options(name)));
  }

  [[noreturn]] void refuse_missing_value(int code) const {
    const Option* option = found(code);
    throw UsageError(about(subject_, format("the option --{} needs a value: {}", option->name, option_words(*option))));
  }

 private:
  std::string told(const std::vector<std::string>& near) const {
    return near.empty() || near.size() > 3 ? all_options() : format("Did you mean '{}'?", join(near, "' or '"));
  }

  // The nearest one, else those that have the word as a part: --wait-timeout for --timeout.
  std::vector<std::string> near_options(const std::string& name) const {
    if (name.size() < 3) return {};
    if (const auto near = nearest(name, names_)) return {"--" + *near};
    std::vector<std::string> near;
    for (const auto& candidate : names_)
      if (candidate.find(name) != std::string::npos) near.push_back("--" + candidate);
    return near;
  }

  // One of docker run's that is too rare for an option of its own.
  bool is_for_raw(const std::string& name) const {
    const auto settings = formats::container_settings();
    return std::find(names_.begin(), names_.end(), "raw") != names_.end() &&
           std::any_of(settings.begin(), settings.end(), [&](const auto& setting) { return setting.option == name; });
  }

  std::string all_options() const {
    if (!usage_.empty()) return usage_;
    std::vector<std::string> words;
    for (const auto& name : names_) words.push_back("--" + name);
    return words.empty() ? std::string() : format("It takes {}.", join(words, ", "));
  }

  std::string_view subject_;
  std::span<const Option* const> known_;
  std::string usage_;
  std::vector<std::string> names_;
  std::vector<::option> longs_;
  std::string letters_;
};

void check_value(std::string_view subject, const std::string& what, Kind kind, std::string_view choices,
                 const std::string& value) {
  const auto wrong = [&](std::string_view expected, std::string hint = {}) {
    throw UsageError(about(subject, format("{} takes {}, not '{}'", what, expected, printable(value))),
                     std::move(hint));
  };
  if (kind == Kind::number && !parse_number(value)) wrong("a whole number");
  if (kind == Kind::duration && !parse_duration(value)) wrong("a time such as 30s, 5m or 1h30m");
  // Which day it is does not matter for whether it is a time.
  if (kind == Kind::time && !parse_duration(value) && !parse_local_time(value, Time()))
    wrong("a time such as 10m (back from now), 09:00, yesterday, 2026-01-31 or 2026-01-31T09:00:00Z");
  if (kind == Kind::words) {
    const auto known = choices_of(choices);
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      const std::string_view answer = answer_to_word(subject, value);
      wrong(join(known, " or "), answer.empty() ? did_you_mean(value, known) : std::string(answer));
    }
  }
}

void check_option(std::string_view subject, const Words& read, const Option& option, const std::string& value) {
  if (option.is_flag()) return;
  check_value(subject, format("the option --{}", option.name), option.kind, option.choices, value);
  const bool given = std::any_of(read.options.begin(), read.options.end(),
                                 [&](const auto& other) { return other.first->name == option.name; });
  if (given && !option.repeatable)
    throw UsageError(about(subject, format("the option --{} is given twice", option.name)));
}

// What people type by habit and no page lists: -v and -V before the command, and --format json.
constexpr Option version_by_habit{.name = "", .letter = 'v'};
constexpr Option version_as_capital{.name = "", .letter = 'V'};
constexpr Option format_by_habit{.name = "format", .value = "json|table", .kind = Kind::words, .choices = "json|table"};

// An option that may stand before the command's name although only some commands take it.
const Option* leading_option(std::string_view name) {
  for (const auto& command : commands())
    if (const Option* option = command.find_option(name)) return option;
  return nullptr;
}

bool is_global(const Option& option) {
  const auto all = global_options();
  return std::any_of(all.begin(), all.end(), [&](const Option& global) { return &global == &option; });
}

void apply(Globals& globals, const Option& option, const std::string& value) {
  if (option.name == "host") globals.host = value;
  if (option.name == "state-dir") globals.state_dir = value;
  if (option.name == "no-lock-wait") globals.lock_wait = false;
  if (option.name == "quiet") globals.quiet = true;
  if (option.name == "no-color") globals.color = false;
  if (option.name == "progress") globals.progress = value;
  if (option.name == "help") globals.help = true;
  if (option.name == "version") globals.version = true;
  if (option.name == "utc") globals.utc = true;
}

void check_words(const Command& command, const std::vector<std::string>& words) {
  const std::string usage = "usage: " + usage_line(command);
  const auto& positionals = command.positionals;
  // Which app is meant can be known without a word.
  const bool lacks_app = leaves_out_app(command, words) ||
                         (words.empty() && !positionals.empty() && positionals.front().kind == Kind::app);
  for (size_t i = words.size(); i < positionals.size(); ++i)
    if (positionals[i].required && !lacks_app)
      throw UsageError(about(command.name, format("{} is missing", positionals[i].name)), usage);
  if (words.size() > positionals.size() && (positionals.empty() || !positionals.back().repeated)) {
    const std::string extra = printable(words[positionals.size()]);
    if (command.name == "backup" && words.size() == 2 && extra.find(' ') != std::string::npos)
      throw UsageError(about(command.name, format("unexpected argument '{}'", extra)),
                       format("--cron prints a line for cron to be edited: belay backup {0} --cron. A timer: belay "
                              "backup {0} --install-timer --schedule 03:00.",
                              printable(words[0])));
    if (command.name == "backup" && words.size() == 2)
      throw UsageError(about(command.name, format("unexpected argument '{}'", extra)),
                       format("Where it goes: belay backup {} -o {}", printable(words[0]), shell_quoted(extra)));
    const std::string_view answer = answer_to_word(command.name, words[0]);
    throw UsageError(about(command.name, format("unexpected argument '{}'", extra)),
                     answer.empty() ? usage : with_name(answer, std::span(words).subspan(1)));
  }
  for (size_t i = 0; i < std::min(words.size(), positionals.size()); ++i)
    check_value(command.name, std::string(positionals[i].name), positionals[i].kind, positionals[i].choices, words[i]);
}

// "docker container logs web": behind the words of another tool is a word of Belay, or one that is answered. Two words
// that mean something else together come first: "image rm".
void refuse_other_programs(const std::vector<std::string>& words) {
  std::vector<std::string> left_out;
  for (std::span<const std::string> rest(words); rest.size() > 1; rest = rest.subspan(1)) {
    if (const Phrase* phrase = find_phrase(rest))
      throw UsageError(format("there is no command '{} {}'", phrase->first, phrase->second),
                       with_name(phrase->answer, rest.subspan(2)));
    if (!is_other_program(rest[0])) return;
    left_out.push_back(rest[0]);
    if (is_other_program(rest[1]) || find_phrase(rest.subspan(1)) != nullptr) continue;
    const std::string_view command = without_alias(rest[1]);
    if (find_command(command) != nullptr) {
      std::vector<std::string> line{std::string(command)};
      for (const auto& word : rest.subspan(2)) line.push_back(shell_quoted(printable(without_kind(word))));
      throw UsageError(format("there is no command '{}'", words[0]),
                       format("Leave {} out: belay {}", join(left_out, " "), join(line, " ")));
    }
    if (const Habit* habit = find_habit(rest[1]))
      throw UsageError(format("there is no command '{}'", words[0]), with_name(habit->answer, rest.subspan(2)));
  }
}

// "web start": the command comes first.
void refuse_turned_words(const std::vector<std::string>& words) {
  refuse_other_programs(words);
  if (words.size() < 2 || find_command(without_alias(words[0])) != nullptr || find_habit(words[0]) != nullptr) return;
  const std::string_view second = without_alias(words[1]);
  if (find_command(second) == nullptr) return;
  throw UsageError(format("there is no command '{}'", printable(words[0])),
                   format("The command comes first: belay {} {}", second, printable(words[0])));
}

}  // namespace

Words read_words(std::string_view subject, std::span<const std::string> words, std::span<const Option* const> known,
                 int verbatim_from, std::string_view verbatim_after, const std::string& usage) {
  const Grammar grammar(subject, known, usage);
  std::string program = "belay";
  std::vector<std::string> copies(words.begin(), words.end());
  std::vector<char*> argv{program.data()};
  for (auto& copy : copies) argv.push_back(copy.data());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);

  Words read;
  opterr = 0;
  optind = 0;  // 0, not 1: glibc then forgets the line before
  for (;;) {
    // The word that a refusal is about: optind has moved past it by then, unless it is a cluster of letters.
    const size_t word = optind == 0 ? 1 : static_cast<size_t>(optind);
    const int code = ::getopt_long(argc, argv.data(), grammar.letters(), grammar.longs(), nullptr);
    if (code == -1) break;
    if (code == 1) {
      read.positionals.emplace_back(optarg);
      const bool may_be_verbatim = verbatim_after.empty() || read.positionals.front() == verbatim_after;
      if (verbatim_from >= 0 && may_be_verbatim && static_cast<int>(read.positionals.size()) > verbatim_from) break;
      continue;
    }
    if (code == '?') grammar.refuse(argv[word], optopt, words);
    if (code == ':') grammar.refuse_missing_value(optopt);
    const Option& option = *grammar.found(code);
    const std::string value = option.is_flag() ? "" : optarg;
    check_option(subject, read, option, value);
    read.options.emplace_back(&option, value);
  }
  while (optind < argc) read.positionals.emplace_back(argv[static_cast<size_t>(optind++)]);
  return read;
}

CommandLine parse_command_line(std::span<const std::string> arguments, const Globals& already) {
  CommandLine line;
  line.globals = already;
  std::vector<const Option*> known;
  for (const auto& option : global_options()) known.push_back(&option);
  const size_t global_count = known.size();
  for (const auto* name : {"json", "dry-run"}) known.push_back(leading_option(name));
  known.push_back(&version_by_habit);
  known.push_back(&version_as_capital);
  const Words lead =
      read_words("", arguments, known, 0, {}, "usage: belay [OPTION]… COMMAND … (belay help lists the commands)");
  for (const auto& [option, value] : lead.options) {
    apply(line.globals, *option, value);
    if (option->name.empty()) line.globals.version = true;
  }
  if (lead.positionals.empty()) return line;

  refuse_turned_words(lead.positionals);
  const Command& command = command_named(lead.positionals.front(), std::span(lead.positionals).subspan(1));
  line.command = &command;
  known.resize(global_count);
  for (const auto& option : command.options) known.push_back(&option);
  const Option* json = command.find_option("json");
  if (json != nullptr) known.push_back(&format_by_habit);
  const Words rest = read_words(command.name, std::span(lead.positionals).subspan(1), known, command.verbatim_from,
                                command.verbatim_after, "usage: " + usage_line(command));
  for (const auto& [option, value] : rest.options) {
    if (is_global(*option)) {
      apply(line.globals, *option, value);
    } else if (option == &format_by_habit) {
      if (value == "json") line.options.emplace_back(json, "");
    } else {
      line.options.emplace_back(option, value);
    }
  }
  for (const auto& [option, value] : lead.options) {
    if (is_global(*option) || option->name.empty()) continue;
    const Option* own = command.find_option(option->name);
    if (own == nullptr) throw UsageError(about(command.name, format("there is no option --{}", option->name)));
    line.options.emplace_back(own, value);
  }
  line.words = rest.positionals;
  for (const auto& habit : habit_values())
    if (habit.command == command.name && habit.place < line.words.size() && line.words[habit.place] == habit.word)
      line.words[habit.place] = habit.value;
  if (!line.globals.help && !line.globals.version) check_words(command, line.words);
  return line;
}

}  // namespace belay::cli
