#include "formats/docker_run.h"

#include <algorithm>
#include <iterator>

#include "base/format.h"
#include "base/text.h"
#include "formats/networks.h"
#include "formats/run_options.h"
#include "model/names.h"

namespace belay::formats {

namespace {

// Walks the arguments as Docker's own command line does: options end at the first word that is none, or at "--".
class LineReader {
 public:
  LineReader(const std::vector<std::string>& arguments, RunCollection& collection)
      : arguments_(arguments), collection_(collection) {}

  void skip_command_words() {
    const auto is = [&](size_t i, std::string_view word) { return i < arguments_.size() && arguments_[i] == word; };
    size_t i = is(0, "sudo") ? 1 : 0;
    if (!is(i, "docker")) return;
    ++i;
    if (is(i, "container")) ++i;
    if (is(i, "run") || is(i, "create")) {
      next_ = i + 1;
    } else if (i < arguments_.size()) {
      throw RunLineError(i, format("'docker {}' is not a line that runs a container", printable(arguments_[i])),
                         "Begin with docker run, or with its first option.");
    }
  }

  void read_options() {
    while (next_ < arguments_.size()) {
      const std::string& word = arguments_[next_];
      if (word == "--") {
        ++next_;
        return;
      }
      if (word.size() < 2 || word[0] != '-') return;
      current_ = next_++;
      if (word[1] == '-') {
        read_long(std::string_view(word).substr(2));
      } else {
        read_letters(std::string_view(word).substr(1));
      }
    }
  }

  size_t next() const { return next_; }

 private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const {
    throw RunLineError(current_, message, hint);
  }

  // --name, --name=value, --name value
  void read_long(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const RunOption* option = find_run_option(name);
    const std::string written = format("--{}", printable(name));
    if (option == nullptr) fail_unknown(written);
    if (equals != std::string_view::npos) {
      take(*option, written, text.substr(equals + 1));
    } else if (option->kind == RunOption::Kind::flag) {
      take(*option, written, "true");
    } else {
      take(*option, written, following(written));
    }
  }

  // -itd, -p80:80, -p=80:80, -p 80:80
  void read_letters(std::string_view letters) {
    const std::string_view whole = letters;
    while (!letters.empty()) {
      const RunOption* option = find_run_option(letters[0]);
      const std::string written = format("-{}", printable(letters.substr(0, 1)));
      if (option == nullptr) fail_unknown(format("-{}", printable(whole)), written);
      letters.remove_prefix(1);
      if (letters.starts_with('=')) {
        take(*option, written, letters.substr(1));
        return;
      }
      if (option->kind == RunOption::Kind::value) {
        take(*option, written, letters.empty() ? following(written) : std::string(letters));
        return;
      }
      take(*option, written, "true");
    }
  }

  std::string following(const std::string& option) {
    if (next_ == arguments_.size()) fail(format("the option {} needs a value", option));
    return arguments_[next_++];
  }

  [[noreturn]] void fail_unknown(const std::string& word, const std::string& letter = {}) const {
    std::string hint;
    if (word.find(' ') != std::string::npos) {
      hint = "An option and its value are two words, or one with '=' between them.";
    } else if (!letter.empty() && find_run_option(std::string_view(word).substr(1)) != nullptr) {
      hint = format("Did you mean '-{}'?", word);
    } else if (letter.empty()) {
      hint = did_you_mean(word, run_option_names());
    }
    const std::string inside = letter.empty() || word.size() == 2 ? "" : format(" in {}", word);
    fail(format("unknown option {}{}", letter.empty() ? word : letter, inside), hint);
  }

  void take(const RunOption& option, const std::string& written, std::string_view value) {
    if (option.take == nullptr && !option.reason.empty())
      fail(format("the option --{} cannot be kept: {}", option.name, option.reason));
    if (option.take == nullptr) {
      collection_.line.warnings.push_back(
          format("{} means nothing for a container that Belay keeps, so it is left out", written));
      return;
    }
    try {
      option.take(collection_, option.kind == RunOption::Kind::flag ? flag_value(value) : value);
    } catch (const ConfigError&) {
      throw;
    } catch (const Error& error) {
      fail(format("{}: {}", written, error.what()), error.hint());
    }
  }

  static std::string_view flag_value(std::string_view text) {
    for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
      if (text == yes) return "true";
    for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
      if (text == no) return "false";
    throw Error(ErrorCode::bad_value, format("the value is true or false, not '{}'", printable(text)));
  }

  const std::vector<std::string>& arguments_;
  RunCollection& collection_;
  size_t next_ = 0, current_ = 0;
};

void finish_health(RunCollection& collection) {
  if (collection.no_health_check) {
    if (collection.has_health) throw Error(ErrorCode::bad_value, "--no-healthcheck excludes the --health-… options");
    collection.line.service.health = HealthCheck{{"NONE"}, {}, {}, {}, {}};
  } else if (collection.has_health) {
    collection.line.service.health = std::move(collection.health);
  }
}

// Aliases and addresses that stand outside --network belong to the first network.
void finish_networks(RunCollection& collection) {
  auto& networks = collection.networks;
  if (!collection.aliases.empty() || !collection.ipv4.empty() || !collection.ipv6.empty()) {
    if (networks.empty())
      throw Error(ErrorCode::bad_value, "--network-alias, --ip and --ip6 need a network",
                  "Name one with --network NAME.");
    NetworkLink& first = networks.front();
    if ((!first.aliases.empty() && !collection.aliases.empty()) || (!first.ipv4.empty() && !collection.ipv4.empty()) ||
        (!first.ipv6.empty() && !collection.ipv6.empty()))
      throw Error(ErrorCode::bad_value,
                  format("aliases or addresses in {} are given twice: inside --network and beside it", first.network));
    first.aliases.insert(first.aliases.end(), collection.aliases.begin(), collection.aliases.end());
    if (!collection.ipv4.empty()) first.ipv4 = collection.ipv4;
    if (!collection.ipv6.empty()) first.ipv6 = collection.ipv6;
  }
  join_networks(collection.line.service, std::move(networks));
}

void finish(RunCollection& collection) {
  Service& service = collection.line.service;
  service.environment = std::move(collection.environment);
  service.environment.merge(collection.file_environment);
  service.labels = std::move(collection.labels);
  service.labels.merge(collection.file_labels);
  finish_health(collection);
  finish_networks(collection);
  if (service.resources.nano_cpus && (service.resources.cpu_period || service.resources.cpu_quota))
    throw Error(ErrorCode::bad_value, "--cpus excludes --cpu-period and --cpu-quota: it sets both");
  if (service.network_mode.starts_with("container:") && (!service.ports.empty() || service.publish_all_ports))
    throw Error(ErrorCode::bad_value, "a container that shares another's network cannot publish ports of its own");
}

}  // namespace

RunLine parse_run_line(const std::vector<std::string>& arguments, const RunLineOptions& options) {
  RunCollection collection(options);
  LineReader reader(arguments, collection);
  const bool whole = options.form == RunLineOptions::Form::whole;
  if (whole) reader.skip_command_words();
  reader.read_options();

  const size_t image = reader.next();
  if (!whole && image < arguments.size()) {
    // Of a variable that lost its -e only the name: errors are shown and kept, and the value may be a secret.
    const std::string& word = arguments[image];
    const size_t equals = word.find('=');
    throw RunLineError(image, format("'{}' is not an option", printable(word.substr(0, equals))),
                       equals != word.npos
                           ? "Write -e in front of a variable, as an element of its own."
                           : "Only options belong here; the image and its command have their own place.");
  }
  if (whole && image == arguments.size()) throw RunLineError({}, "the line names no image");
  try {
    finish(collection);
    if (whole) {
      ImageRef::parse(arguments[image]);
      collection.line.service.image = arguments[image];
    }
  } catch (const Error& error) {
    throw RunLineError({}, error.what(), error.hint());
  }
  if (whole && image + 1 < arguments.size())
    collection.line.service.command.emplace(std::next(arguments.begin(), static_cast<std::ptrdiff_t>(image) + 1),
                                            arguments.end());
  return std::move(collection.line);
}

}  // namespace belay::formats
