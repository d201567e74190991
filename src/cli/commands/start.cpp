#include "change/start.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/attached.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/each_target.h"
#include "cli/named.h"
#include "cli/release_words.h"
#include "cli/run_job_now.h"
#include "cli/settings_options.h"
#include "family/start_new.h"

namespace belay::cli {

namespace {

bool is_mark(const std::string& word) {
  return word == "new" || word == "last" || word == "stable";
}

bool is_which(const std::string& word) {
  return is_mark(word) || (word.size() > 1 && word[0] == 'r' && parse_number(word.substr(1)).has_value());
}

// "start new web", as jockler has it; "start web newest".
void refuse_misplaced(Invocation& in, HostRun& run, Named& named, const std::vector<std::string>& words) {
  if (words.size() < 2) return;
  if (is_mark(words[0]) && !named.is_app(words[0]) && named.is_app(words[1]))
    throw in.usage_error(format("the app comes first: belay start {} {}", words[1], words[0]));
  if (words.size() != 2 || !named.is_app(words[0]) || named.is_app(words[1])) return;
  if (words[1].find('/') != std::string::npos || (named.project() && named.project()->has(words[1]))) return;
  static_cast<void>(release_named(run.context(), AppName(words[0]), words[1]));
}

bool is_known_app(Invocation& in, const std::string& word) {
  HostRun run(in.session, in.description());
  return Named(in, run).is_app(word);
}

void refuse_options_of_new_releases(const Invocation& in) {
  if (in.has("settings-from-image") || in.has("yes"))
    throw in.usage_error("--settings-from-image and --yes are for new releases only");
  for (const Option& option : settings_options)
    if (in.has(option.name))
      throw in.usage_error(format("--{} is for new releases only; belay set changes what runs", option.name));
}

// start [NAME [new|last|stable|rN] [CONFIG]], or start NAME…
int start_several(Invocation& in, const std::vector<std::string>& words) {
  if (in.has("attach")) throw in.usage_error("--attach is for one app or service");
  refuse_options_of_new_releases(in);
  HostRun run(in.session, in.description());
  Named named(in, run);
  if (!in.has("all")) refuse_misplaced(in, run, named, words);
  const auto targets = in.has("all") ? named.every_app() : named.of_all(words, "NAME");
  return change_each(in, run, targets, [&](const Target& what) {
    return change::start_services(run.context(), what, change_options(in), in.stop());
  });
}

}  // namespace

int run_start(Invocation& in) {
  auto words = in.arguments("NAME");
  // "start web 2". An app may be called so, a release of another may not be meant then.
  if (words.size() == 2 && !in.has("all") && parse_number(words[1]) && !is_known_app(in, words[1]))
    words[1] = "r" + words[1];
  if (in.has("all") || (words.size() != 1 && (words.size() < 2 || !is_which(words[1]))))
    return start_several(in, words);
  if (words.size() > 3) throw in.usage_error(format("unexpected argument '{}'", printable(words[3])));
  const auto word = [&](size_t index) { return index < words.size() ? std::optional(words[index]) : std::nullopt; };
  HostRun run(in.session, in.description());
  const Target what = Named(in, run).of(words[0]);
  const AppName& name = what.app;
  if (!what.service.empty() && word(1))
    throw in.usage_error(format("{} starts as the release that runs has it: name no other one", what.text()));
  const std::string which = word(1).value_or("last");
  const auto configuration = word(2);
  if (configuration && which != "new") throw in.usage_error("CONFIG is for new releases only");
  if (which != "new") refuse_options_of_new_releases(in);
  const change::ChangeOptions change = change_options(in);
  if (which == "last" && !in.has("attach"))
    if (const auto code = run_job_now(in, run, what)) return *code;
  change::Change result;
  if (which == "new") {
    family::StartOptions options;
    options.change = change;
    options.configuration = configuration.value_or("");
    options.settings_from_image = in.has("settings-from-image");
    options.settings = given_settings(in);
    options.again = in.has("yes");
    options.confirm = confirm_losses(in.console, in.has("yes"), in.stop());
    result = family::start_new(run.context(), name, options, in.stop());
  } else if (!what.service.empty()) {
    result = change::start_services(run.context(), what, change, in.stop());
  } else {
    result = change::start_release(run.context(), name, which, change, in.stop());
  }
  run.report().close();
  const int code = print_change(in.console, name, result, change_words(in, run));
  if (!in.has("attach") || result.failed() || change.dry_run) return code;
  return attached(in.session, run.context(), what);
}

}  // namespace belay::cli
