#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/set_run.h"
#include "report/settings_json.h"

namespace belay::cli {

namespace {

int print_as_json(Invocation& in, HostRun& run, const AppName& name, const family::SettingsChanged& changed) {
  const ChangeWords words = change_words(in, run);
  print_record(in.console, report::settings_changed_json(name, changed, words.took));
  if (changed.change) return exit_code_of(*changed.change, words);
  return changed.lines.empty() && words.exit_unchanged ? 3 : 0;
}

// A service of a project has no settings of its own to be changed; what is said is about the project.
AppName app_with_settings(Invocation& in, HostRun& run) {
  return Named(in, run).app_of(in.argument("NAME"));
}

}  // namespace

int change_settings(Invocation& in, HostRun& run, const AppName& name, const family::SettingsChange& wanted) {
  family::StartOptions options;
  options.change = change_options(in);
  options.again = in.has("yes");
  options.confirm = confirm_losses(in.console, in.has("yes"), in.stop(), "");
  const auto changed = family::change_settings(run.context(), name, wanted, options, in.stop());
  run.report().close();
  if (in.command.find_option("json") != nullptr && in.has("json")) return print_as_json(in, run, name, changed);
  const bool exits_unchanged = in.has("exit-unchanged");
  if (changed.change) {
    for (const auto& line : changed.lines) in.console.line(line);
    return print_change(in.console, name, *changed.change, change_words(in, run));
  }
  if (changed.lines.empty()) {
    in.console.note(format("{} has these settings already", name.text()));
    return exits_unchanged ? 3 : 0;
  }
  for (const auto& line : changed.lines) in.console.line(line);
  if (!changed.dry_run)
    in.console.success(
        format("{} is not running; belay start {} new starts it with these settings", name.text(), name.text()));
  return 0;
}

int run_set(Invocation& in) {
  const auto given = formats::settings_of_words(in.arguments("KEY=VALUE"), fs::current_path());
  for (const auto& warning : given.warnings) in.console.warning(warning);
  family::SettingsChange wanted;
  wanted.set = given.settings;
  wanted.cleared = given.cleared;
  HostRun run(in.session, in.description());
  return change_settings(in, run, app_with_settings(in, run), wanted);
}

int run_unset(Invocation& in) {
  family::SettingsChange wanted;
  // Who asks whether there was anything to do wants the keys gone, and takes those that are not there.
  (in.has("exit-unchanged") ? wanted.cleared : wanted.unset) = in.arguments("KEY");
  HostRun run(in.session, in.description());
  return change_settings(in, run, app_with_settings(in, run), wanted);
}

}  // namespace belay::cli
