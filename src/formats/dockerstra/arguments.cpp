#include "formats/dockerstra/arguments.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay::formats::dockerstra {

namespace {

using document::Node;
using Number = Argument::Number;
using Action = Argument::Action;

[[noreturn]] void refuse_argument(const Node& at, const std::string& message, const std::string& hint = {}) {
  throw ConfigError(at.where(), message, hint);
}

void read_names(Argument& argument, const Node& call) {
  const Node* name = call.find("name");
  if (name == nullptr) refuse_argument(call, "the argument has no name", "Write name: '--language', or name: command.");
  argument.names.push_back(name->as_text("\"name\""));
  if (const Node* letter = call.find("short")) argument.names.push_back(letter->as_text("\"short\""));
  for (const auto& word : argument.names) {
    const bool is_option = word.starts_with('-') && word.find_first_not_of('-') != std::string::npos;
    const bool fits = argument.is_positional() ? argument.names.size() == 1 && !word.empty() : is_option;
    if (!fits || word.find_first_of(" =") != std::string::npos)
      refuse_argument(*name, format("'{}' is no name of an argument", printable(word)),
                      "Options begin with '-', and only they have a short form.");
  }
  std::string longest = argument.names.front();
  for (const auto& word : argument.names)
    if (word.starts_with("--") && !longest.starts_with("--")) longest = word;
  argument.dest = longest.substr(std::min(longest.find_first_not_of('-'), longest.size()));
  if (!argument.is_positional()) std::replace(argument.dest.begin(), argument.dest.end(), '-', '_');
  if (const Node* dest = call.find("dest")) argument.dest = dest->as_text("\"dest\"");
}

void read_action(Argument& argument, const Node& call) {
  const Node* action = call.find("action");
  if (action == nullptr) return;
  static const std::vector<std::string> words{"store", "store_true", "store_false", "append", "count"};
  const std::string& word = action->as_text("\"action\"");
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    std::string hint = did_you_mean(word, words);
    refuse_argument(*action, format("the action '{}' is not known here", printable(word)),
                    hint.empty() ? format("Known actions: {}.", join(words, ", ")) : hint);
  }
  argument.action = static_cast<Action>(found - words.begin());
  const bool takes_words = argument.action == Action::store || argument.action == Action::append;
  if (!takes_words) argument.words = 0;
  if (!takes_words && call.find("nargs") != nullptr)
    refuse_argument(*call.find("nargs"), format("the action {} takes no words, so nargs has no meaning", word));
}

void read_number(Argument& argument, const Node& call) {
  const Node* number = call.find("nargs");
  if (number == nullptr) return;
  const std::string& word = number->as_scalar("\"nargs\"");
  argument.is_list = word != "?";
  if (word == "?") {
    argument.number = Number::optional;
  } else if (word == "*") {
    argument.number = Number::any;
  } else if (word == "+") {
    argument.number = Number::some;
  } else if (word == "argparse.REMAINDER" || word == "REMAINDER" || word == "...") {
    argument.number = Number::rest;
  } else if (const auto count = parse_number(word); count && *count > 0 && *count < 1000) {
    argument.words = static_cast<int>(*count);
  } else {
    refuse_argument(*number, format("nargs is ?, *, +, a number or argparse.REMAINDER, not '{}'", printable(word)));
  }
}

std::string word_of(const Node& value) {
  return value.is_null() ? "None" : value.raw();
}

// The word as a value of the argument's type; nullopt where it is none.
std::optional<Node> typed(const Argument& argument, const std::string& word) {
  if (argument.type == "str") return Node::text(word);
  char* end = nullptr;
  if (argument.type == "int") {
    errno = 0;
    const long long value = std::strtoll(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0' || errno != 0 || is_space(word[0])) return {};
    return Node::number(value);
  }
  const double value = std::strtod(word.c_str(), &end);
  if (word.empty() || *end != '\0' || is_space(word[0])) return {};
  const std::string text = format("{}", value);
  return Node::number_text(text.find_first_of(".e") == std::string::npos ? text + ".0" : text);
}

void read_values(Argument& argument, const Node& call) {
  if (const Node* type = call.find("type")) {
    argument.type = type->as_text("\"type\"");
    if (argument.type != "int" && argument.type != "float" && argument.type != "str")
      refuse_argument(*type, format("type is int, float or str, not '{}'", printable(argument.type)));
  }
  if (const Node* choices = call.find("choices"))
    for (const Node& choice : choices->as_list("\"choices\"")) {
      const auto value = typed(argument, choice.as_scalar("a choice"));
      if (!value) refuse_argument(choice, format("the choice '{}' is no {}", printable(choice.raw()), argument.type));
      argument.choices.push_back(*value);
    }
  if (const Node* fallback = call.find("default")) {
    argument.fallback = *fallback;
    if (fallback->is_text())
      if (const auto value = typed(argument, fallback->raw())) argument.fallback = value;
  }
  if (const Node* constant = call.find("const")) argument.constant = *constant;
  if (const Node* help = call.find("help")) argument.help = help->as_scalar("\"help\"");
  if (const Node* metavar = call.find("metavar")) argument.metavar = metavar->as_text("\"metavar\"");
  if (const Node* required = call.find("required")) {
    argument.required = required->as_bool("\"required\"");
    if (argument.is_positional())
      refuse_argument(*required, "an argument by place is required by itself",
                      "Write nargs: '?' where it may be left out.");
  }
}

std::string choice_list(const Argument& argument, bool quotes) {
  std::vector<std::string> words;
  for (const Node& choice : argument.choices)
    words.push_back(quotes && choice.is_text() ? "'" + choice.raw() + "'" : choice.raw());
  return join(words, quotes ? ", " : ",");
}

std::string value_word(const Argument& argument) {
  if (!argument.metavar.empty()) return argument.metavar;
  if (!argument.choices.empty()) return "{" + choice_list(argument, false) + "}";
  if (argument.is_positional()) return argument.dest;
  std::string word = argument.dest;
  for (char& c : word)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return word;
}

// "LANGUAGE", "[X ...]", "X [X ...]".
std::string words_shown(const Argument& argument) {
  const std::string word = value_word(argument);
  switch (argument.number) {
    case Number::optional:
      return "[" + word + "]";
    case Number::any:
      return "[" + word + " ...]";
    case Number::some:
      return word + " [" + word + " ...]";
    case Number::rest:
      return "...";
    case Number::exact:
      break;
  }
  std::string text;
  for (int i = 0; i < argument.words; ++i) text += (i == 0 ? "" : " ") + word;
  return text;
}

std::string name_in_errors(const Argument& argument) {
  return argument.is_positional() ? (argument.metavar.empty() ? argument.dest : argument.metavar)
                                  : join(argument.names, "/");
}

[[noreturn]] void fail_argument(const Argument& argument, const std::string& message) {
  throw UsageError(format("argument {}: {}", name_in_errors(argument), message));
}

// Reads one command line.
class CommandLine {
 public:
  CommandLine(const std::vector<Argument>& arguments, const std::vector<std::string>& words)
      : arguments_(arguments), words_(words) {}

  Node read() {
    for (const Argument& argument : arguments_) values_.set(argument.dest, usual(argument));
    std::vector<std::string> places;
    while (next_ < words_.size()) {
      const std::string& word = words_[next_];
      if (!only_places_ && word == "--") {
        only_places_ = true;
        ++next_;
      } else if (!only_places_ && is_option(word)) {
        take_option();
      } else if (takes_the_rest(places.size() + 1)) {
        places.insert(places.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
        next_ = words_.size();
      } else {
        places.push_back(word);
        ++next_;
      }
    }
    give_places(places);
    require();
    return std::move(values_);
  }

 private:
  static Node usual(const Argument& argument) {
    if (argument.fallback) return *argument.fallback;
    if (argument.action == Action::store_true) return Node::boolean(false);
    if (argument.action == Action::store_false) return Node::boolean(true);
    return {};
  }

  bool is_option(const std::string& word) const {
    if (word.size() < 2 || word[0] != '-') return false;
    const bool is_number = word.find_first_not_of("0123456789.", 1) == std::string::npos;
    return !is_number || std::any_of(arguments_.begin(), arguments_.end(), [&](const Argument& argument) {
      return std::find(argument.names.begin(), argument.names.end(), word) != argument.names.end();
    });
  }

  // Whether the word at that place, counted from 1, goes to an argument that takes all the rest.
  bool takes_the_rest(size_t place) const {
    for (const Argument& argument : arguments_) {
      if (!argument.is_positional()) continue;
      if (argument.number == Number::rest) return true;
      if (argument.number != Number::exact && argument.number != Number::optional) return false;
      const auto count = static_cast<size_t>(argument.number == Number::exact ? argument.words : 1);
      if (place <= count) return false;
      place -= count;
    }
    return false;
  }

  const Argument& option_named(const std::string& name) const {
    std::vector<const Argument*> like;
    std::vector<std::string> names;
    for (const Argument& argument : arguments_)
      for (const std::string& known : argument.names) {
        if (argument.is_positional()) continue;
        if (known == name) return argument;
        if (!name.starts_with("--") || !known.starts_with(name)) continue;
        like.push_back(&argument);
        names.push_back(known);
      }
    if (like.size() == 1) return *like.front();
    if (like.size() > 1) throw UsageError(format("ambiguous option: {} could match {}", name, join(names, ", ")));
    std::vector<std::string> known;
    for (const Argument& argument : arguments_) known.insert(known.end(), argument.names.begin(), argument.names.end());
    std::string hint = did_you_mean(name, known);
    if (hint.empty() && name.starts_with("--"))
      hint = "What stands behind the unit is the unit's own. Options of belay unit go before it.";
    throw UsageError(format("unrecognized arguments: {}", printable(name)), std::move(hint));
  }

  void take_option() {
    std::string word = words_[next_++];
    std::optional<std::string> joined;
    if (const size_t equals = word.find('='); word.starts_with("--") && equals != std::string::npos) {
      joined = word.substr(equals + 1);
      word.resize(equals);
    } else if (!word.starts_with("--") && word.size() > 2) {
      joined = word.substr(2);
      word.resize(2);
    }
    const Argument& argument = option_named(word);
    if (argument.words == 0) {
      if (joined && word.starts_with("--"))
        fail_argument(argument, format("ignored explicit argument '{}'", printable(*joined)));
      set_flag(argument);
      if (joined) {  // -vvv
        --next_;
        words_[next_] = "-" + *joined;
      }
      return;
    }
    std::vector<std::string> taken;
    if (joined)
      taken.push_back(*joined);
    else
      take_words(argument, taken);
    store(argument, taken);
  }

  void take_words(const Argument& argument, std::vector<std::string>& taken) {
    const bool has_end = argument.number == Number::exact || argument.number == Number::optional;
    const size_t most = argument.number == Number::exact ? static_cast<size_t>(argument.words)
                        : has_end                        ? 1
                                                         : words_.size();
    while (taken.size() < most && next_ < words_.size()) {
      if (argument.number != Number::rest && (words_[next_] == "--" || is_option(words_[next_]))) break;
      taken.push_back(words_[next_++]);
    }
  }

  void set_flag(const Argument& argument) {
    if (argument.action == Action::count) {
      const Node* before = values_.find(argument.dest);
      const std::int64_t count = before->kind() == Node::Kind::number ? before->as_int(argument.dest) : 0;
      values_.set(argument.dest, Node::number(count + 1));
    } else {
      values_.set(argument.dest, Node::boolean(argument.action == Action::store_true));
    }
    given_.push_back(&argument);
  }

  static Node checked(const Argument& argument, const std::string& word) {
    const auto value = typed(argument, word);
    if (!value) fail_argument(argument, format("invalid {} value: '{}'", argument.type, printable(word)));
    const bool is_choice =
        argument.choices.empty() || std::any_of(argument.choices.begin(), argument.choices.end(),
                                                [&](const Node& choice) { return choice.raw() == value->raw(); });
    if (!is_choice) {
      const std::string shown = value->is_text() ? "'" + printable(word) + "'" : printable(word);
      fail_argument(argument, format("invalid choice: {} (choose from {})", shown, choice_list(argument, true)));
    }
    return *value;
  }

  void store(const Argument& argument, const std::vector<std::string>& taken) {
    check_number(argument, taken.size());
    Node value;
    if (argument.is_list) {
      value = Node::list();
      for (const auto& word : taken) value.add(checked(argument, word));
    } else if (taken.empty()) {
      value = argument.is_positional() ? usual(argument) : argument.constant.value_or(Node());
    } else {
      value = checked(argument, taken.front());
    }
    if (argument.action == Action::append) {
      const Node* before = values_.find(argument.dest);
      Node list = before != nullptr && before->is_list() ? *before : Node::list();
      list.add(std::move(value));
      value = std::move(list);
    }
    values_.set(argument.dest, std::move(value));
    given_.push_back(&argument);
  }

  static void check_number(const Argument& argument, size_t count) {
    if (argument.number == Number::some && count == 0) fail_argument(argument, "expected at least one argument");
    if (argument.number == Number::exact && count != static_cast<size_t>(argument.words))
      fail_argument(argument,
                    argument.words == 1 ? "expected one argument" : format("expected {} arguments", argument.words));
  }

  // What an argument by place must have.
  static size_t least(const Argument& argument) {
    if (argument.number == Number::exact) return static_cast<size_t>(argument.words);
    return argument.number == Number::some ? 1 : 0;
  }

  // Each takes as many as it may, but leaves those after it what they must have, as argparse does.
  void give_places(const std::vector<std::string>& places) {
    size_t at = 0, needed = 0;
    for (const Argument& argument : arguments_)
      if (argument.is_positional()) needed += least(argument);
    for (const Argument& argument : arguments_) {
      if (!argument.is_positional()) continue;
      needed -= least(argument);
      const size_t left = places.size() - at;
      size_t count = left > needed ? left - needed : 0;
      if (argument.number == Number::exact) count = std::min(count, static_cast<size_t>(argument.words));
      if (argument.number == Number::optional) count = std::min<size_t>(count, 1);
      if (count < least(argument)) {
        missing_.push_back(name_in_errors(argument));
        continue;
      }
      const std::vector<std::string> taken(places.begin() + static_cast<std::ptrdiff_t>(at),
                                           places.begin() + static_cast<std::ptrdiff_t>(at + count));
      at += count;
      if (taken.empty() && argument.fallback) continue;
      store(argument, taken);
    }
    if (at < places.size())
      throw UsageError(format("unrecognized arguments: {}",
                              printable(join({places.begin() + static_cast<std::ptrdiff_t>(at), places.end()}, " "))));
  }

  void require() {
    for (const Argument& argument : arguments_)
      if (argument.required && std::find(given_.begin(), given_.end(), &argument) == given_.end())
        missing_.push_back(name_in_errors(argument));
    if (!missing_.empty()) throw UsageError(format("the following arguments are required: {}", join(missing_, ", ")));
  }

  const std::vector<Argument>& arguments_;
  std::vector<std::string> words_;
  size_t next_ = 0;
  bool only_places_ = false;
  Node values_ = Node::map();
  std::vector<const Argument*> given_;
  std::vector<std::string> missing_;
};

}  // namespace

Arguments Arguments::parse(const Node& list) {
  static const std::vector<std::string> keys{"name",   "short", "choices", "default",  "help", "nargs",
                                             "action", "type",  "metavar", "required", "dest", "const"};
  Arguments arguments;
  for (const Node& entry : list.as_list("the list of arguments")) {
    document::refuse_unknown_keys(entry, {"add_argument"}, "an argument");
    const Node* call = entry.find("add_argument");
    if (call == nullptr) refuse_argument(entry, "the entry has no add_argument");
    document::refuse_unknown_keys(*call, keys, "add_argument");
    Argument argument;
    argument.where = call->where();
    read_names(argument, *call);
    read_action(argument, *call);
    read_number(argument, *call);
    read_values(argument, *call);
    for (const Argument& other : arguments.arguments_)
      for (const auto& name : argument.names)
        if (std::find(other.names.begin(), other.names.end(), name) != other.names.end())
          refuse_argument(*call, format("two arguments are called {}", name));
    arguments.arguments_.push_back(std::move(argument));
  }
  return arguments;
}

Node Arguments::values(const std::vector<std::string>& words) const {
  return CommandLine(arguments_, words).read();
}

std::string Arguments::usage() const {
  std::vector<std::string> options, places;
  for (const Argument& argument : arguments_) {
    const std::string words = argument.words == 0 ? "" : words_shown(argument);
    if (argument.is_positional()) {
      places.push_back(words);
      continue;
    }
    const std::string text = argument.names.front() + (words.empty() ? "" : " " + words);
    options.push_back(argument.required ? text : "[" + text + "]");
  }
  options.insert(options.end(), places.begin(), places.end());
  return join(options, " ");
}

std::string Arguments::help() const {
  std::string text;
  for (const Argument& argument : arguments_) {
    std::string left = argument.is_positional() ? value_word(argument) : join(argument.names, ", ");
    if (!argument.is_positional() && argument.words != 0) left += " " + words_shown(argument);
    text += format("  {:<30}{}{}", left, left.size() >= 30 ? " " : "", argument.help);
    if (argument.fallback && !argument.fallback->is_null() && !argument.fallback->raw().empty())
      text += format("{}(default: {})", argument.help.empty() ? "" : " ", word_of(*argument.fallback));
    while (text.ends_with(' ')) text.pop_back();
    text += "\n";
  }
  return text;
}

}  // namespace belay::formats::dockerstra
