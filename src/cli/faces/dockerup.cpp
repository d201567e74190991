// The face dockerup: every setting of its file as an option, on the use case of a declared host.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/format.h"
#include "base/text.h"
#include "change/context.h"
#include "change/own_container.h"
#include "cli/declared_run.h"
#include "cli/faces/families.h"
#include "cli/help.h"
#include "cli/serve_run.h"

namespace belay::cli {

namespace {

constexpr std::array truths{"aws", "pull", "exclusive", "server"};

struct Given {
  std::optional<fs::path> settings_file;
  std::vector<std::pair<std::string, std::string>> settings;  // as given, the later counts
  bool verbose = false, once = false, help = false;
};

bool is_truth_setting(const std::string& key) {
  return std::find(truths.begin(), truths.end(), key) != truths.end();
}

bool says_true_or_false(const std::string& word) {
  static constexpr std::array words{"true", "false", "yes", "no", "on", "off", "1", "0"};
  return std::find(words.begin(), words.end(), lower(word)) != words.end();
}

UsageError wrong(const std::string& message, std::string hint = {}) {
  return UsageError(message, hint.empty() ? "dockerup --help shows all options." : std::move(hint));
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words), keys_(formats::setting_keys()) {}

  Given read() {
    while (next_ < words_.size()) option(words_[next_++]);
    return std::move(given_);
  }

 private:
  void option(const std::string& word) {
    if (word == "-h" || word == "--help") {
      given_.help = true;
      return;
    }
    if (word == "-v") {
      given_.verbose = true;
      return;
    }
    if (!word.starts_with("--") || word.size() == 2) throw wrong(format("'{}' is not an option", printable(word)));
    const size_t equals = word.find('=');
    std::string key = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    std::optional<std::string> value;
    if (equals != std::string::npos) value = word.substr(equals + 1);
    std::replace(key.begin(), key.end(), '-', '_');
    if (key == "verbose" || key == "once") {
      if (value) throw wrong(format("--{} takes no value", key));
      (key == "verbose" ? given_.verbose : given_.once) = true;
    } else if (key == "config") {
      given_.settings_file = value_of(key, std::move(value));
    } else if (key.starts_with("no_") && is_truth_setting(key.substr(3))) {
      if (value) throw wrong(format("--no-{} takes no value", key.substr(3)));
      given_.settings.emplace_back(key.substr(3), "false");
    } else if (is_truth_setting(key)) {
      if (!value && next_ < words_.size() && says_true_or_false(words_[next_])) value = words_[next_++];
      given_.settings.emplace_back(key, value.value_or("true"));
    } else if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
      std::string text = value_of(key, std::move(value));
      given_.settings.emplace_back(std::move(key), std::move(text));
    } else {
      std::vector<std::string> known = keys_;
      known.insert(known.end(), {"config", "verbose", "once"});
      throw wrong(format("dockerup has no option --{}", printable(key)), did_you_mean(key, known));
    }
  }

  std::string value_of(const std::string& key, std::optional<std::string> value) {
    if (value) return std::move(*value);
    if (next_ == words_.size()) throw wrong(format("--{} needs a value", key));
    return words_[next_++];
  }

  const std::vector<std::string>& words_;
  const std::vector<std::string> keys_;
  size_t next_ = 0;
  Given given_;
};

// The file's settings, then those of the command line.
formats::Settings settings_of(const Given& given) {
  std::error_code unknown;
  formats::Settings settings;
  if (given.settings_file || fs::exists(settings_file_of_dockerup, unknown))
    settings = read_settings(given.settings_file.value_or(settings_file_of_dockerup));
  for (const auto& [key, value] : given.settings) {
    try {
      formats::set_setting(settings, key, value, fs::current_path());
    } catch (const Error& error) {
      throw wrong(format("--{}", error.what()), error.hint());
    }
  }
  return settings;
}

// In a container only what is on a mount outlives it, and the document's has none but the cache's.
void choose_state(Session& session, const formats::Settings& settings) {
  const char* chosen = std::getenv("BELAY_STATE_DIR");
  if (session.globals.state_dir || (chosen != nullptr && *chosen != '\0')) return;
  if (change::is_lost_with_container(change::usual_state_folder()))
    session.globals.state_dir = (settings.cache / "belay").string();
}

// --server: it runs on, and looks again every interval.
int serve_on(Session& session, const Given& given) {
  serve::ServiceNotifier notifier = prepare_to_serve();
  HostRun run(session, "dockerup");
  serve::DaemonOptions options;
  std::error_code unknown;
  if (given.settings_file)
    options.settings_file = fs::absolute(*given.settings_file);
  else if (fs::exists(settings_file_of_dockerup, unknown))
    options.settings_file = settings_file_of_dockerup;
  options.settings = given.settings;
  options.order = SwapOrder::stop_first;
  // In the journal, what the daemon does by itself is not the deed of the user who started it.
  options.who = "daemon";
  options.command = "dockerup";
  options.defaults = run.context().defaults;
  return serve_host(session, run, notifier, std::move(options), Serving::on);
}

}  // namespace

int run_dockerup(Session& session, const std::vector<std::string>& arguments) {
  const Given given = Reader(arguments).read();
  if (given.help) {
    show_markdown(session.console, std::string(help_page("dockerup")));
    return 0;
  }
  const formats::Settings settings = settings_of(given);
  choose_state(session, settings);
  if (settings.server && !given.once) return serve_on(session, given);
  DeclaredPass pass;
  // As its document has it: without "eager" the old one stops before the new one starts.
  pass.order = SwapOrder::stop_first;
  pass.settings = settings;
  pass.verbose = given.verbose;
  pass.command = "dockerup";
  return apply_once(session, pass);
}

}  // namespace belay::cli
