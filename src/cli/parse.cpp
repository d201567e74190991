#include "cli/parse.h"

#include <algorithm>
#include <getopt.h>

#include "base/clock.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/habits.h"
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
  Grammar(std::string_view subject, std::span<const Option* const> known) : subject_(subject), known_(known) {
    names_.reserve(known.size());
    // "-": positionals are handed out in order, where they stand. ":": a missing value is told from an unknown option.
    letters_ = "-:";
    for (size_t i = 0; i < known.size(); ++i) {
      const Option& option = *known[i];
      const int argument = option.is_flag() ? no_argument : required_argument;
      names_.emplace_back(option.name);
      longs_.push_back({names_.back().c_str(), argument, nullptr, first_code + static_cast<int>(i)});
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
  [[noreturn]] void refuse(const std::string& word, int code) const {
    if (const Option* option = code == 0 ? nullptr : found(code))
      throw UsageError(about(subject_, format("the option --{} takes no value", option->name)));
    if (!word.starts_with("--"))
      throw UsageError(
          about(subject_, format("there is no option -{}", printable(std::string(1, static_cast<char>(code))))),
          all_options());
    const std::string name = printable(word.substr(2, std::min(word.find('='), word.size()) - 2));
    std::vector<std::string> like;
    for (const auto& candidate : names_)
      if (candidate.starts_with(name)) like.push_back("--" + candidate);
    if (like.size() > 1)
      throw UsageError(about(subject_, format("the option --{} can mean {}", name, join(like, " or "))));
    if (const std::string_view answer = answer_to_option(subject_, name); !answer.empty())
      throw UsageError(about(subject_, format("there is no option --{}", name)), std::string(answer));
    if (is_for_raw(name))
      throw UsageError(about(subject_, format("there is no option --{}", name)),
                       format("It can be given in --raw: --raw '--{}=…'", name));
    const auto near = nearest(name, names_);
    throw UsageError(about(subject_, format("there is no option --{}", name)),
                     near ? format("Did you mean '--{}'?", *near) : all_options());
  }

  [[noreturn]] void refuse_missing_value(int code) const {
    const Option* option = found(code);
    throw UsageError(about(subject_, format("the option --{} needs a value: {}", option->name, option_words(*option))));
  }

 private:
  // One of docker run's that is too rare for an option of its own.
  bool is_for_raw(const std::string& name) const {
    const auto settings = formats::container_settings();
    return std::find(names_.begin(), names_.end(), "raw") != names_.end() &&
           std::any_of(settings.begin(), settings.end(), [&](const auto& setting) { return setting.option == name; });
  }

  std::string all_options() const {
    std::vector<std::string> words;
    for (const auto& name : names_) words.push_back("--" + name);
    return words.empty() ? std::string() : format("It takes {}.", join(words, ", "));
  }

  std::string_view subject_;
  std::span<const Option* const> known_;
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
  if (kind == Kind::time && !parse_duration(value) && !parse_time(value))
    wrong("a time such as 10m (back from now) or 2026-01-31T09:00:00Z");
  if (kind == Kind::words) {
    const auto known = choices_of(choices);
    if (std::find(known.begin(), known.end(), value) == known.end())
      wrong(join(known, " or "), did_you_mean(value, known));
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
}

void check_words(const Command& command, const std::vector<std::string>& words) {
  const std::string usage = "usage: " + usage_line(command);
  const auto& positionals = command.positionals;
  for (size_t i = words.size(); i < positionals.size(); ++i)
    if (positionals[i].required)
      throw UsageError(about(command.name, format("{} is missing", positionals[i].name)), usage);
  if (words.size() > positionals.size() && (positionals.empty() || !positionals.back().repeated)) {
    const std::string extra = printable(words[positionals.size()]);
    throw UsageError(about(command.name, format("unexpected argument '{}'", extra)), usage);
  }
  for (size_t i = 0; i < std::min(words.size(), positionals.size()); ++i)
    check_value(command.name, std::string(positionals[i].name), positionals[i].kind, positionals[i].choices, words[i]);
}

}  // namespace

Words read_words(std::string_view subject, std::span<const std::string> words, std::span<const Option* const> known,
                 int verbatim_from) {
  const Grammar grammar(subject, known);
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
      if (verbatim_from >= 0 && static_cast<int>(read.positionals.size()) > verbatim_from) break;
      continue;
    }
    if (code == '?') grammar.refuse(argv[word], optopt);
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
  const Words lead = read_words("", arguments, known, 0);
  for (const auto& [option, value] : lead.options) apply(line.globals, *option, value);
  if (lead.positionals.empty()) return line;

  const Command& command = command_named(lead.positionals.front());
  line.command = &command;
  known.resize(global_count);
  for (const auto& option : command.options) known.push_back(&option);
  const Words rest = read_words(command.name, std::span(lead.positionals).subspan(1), known, command.verbatim_from);
  for (const auto& [option, value] : rest.options) {
    if (is_global(*option)) {
      apply(line.globals, *option, value);
    } else {
      line.options.emplace_back(option, value);
    }
  }
  for (const auto& [option, value] : lead.options) {
    if (is_global(*option)) continue;
    const Option* own = command.find_option(option->name);
    if (own == nullptr) throw UsageError(about(command.name, format("there is no option --{}", option->name)));
    line.options.emplace_back(own, value);
  }
  line.words = rest.positionals;
  if (!line.globals.help && !line.globals.version) check_words(command, line.words);
  return line;
}

}  // namespace belay::cli
