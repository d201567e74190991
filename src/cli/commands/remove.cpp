#include "base/format.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/removal.h"

namespace belay::cli {

bool is_absent(change::Context& context, const AppName& name, std::stop_token stop) {
  return !context.store.app(name) &&
         context.engine.containers({true, format("{}={}", labels::app, name.text())}, std::move(stop)).empty();
}

bool agrees_to_loss(Invocation& in, const AppName& name, const plan::Plan& plan) {
  const Preview shown(in.console, in.has("json"));
  shown.line(format("to do for {}:", name.text()));
  shown.plan(plan);
  // -y never stands for the loss of data: the name must be typed, or given in words.
  return in.text("yes-lose-data").has_value() ||
         in.console.typed_confirmation(format("All data of {} will be lost.", name.text()), name.text(),
                                       format("--yes-lose-data {}", name.text()), in.stop());
}

void check_words_of_loss(const Invocation& in, const AppName& name, bool volumes) {
  const auto agreed = in.text("yes-lose-data");
  if (agreed && *agreed != name.text())
    throw in.usage_error(format("--yes-lose-data names '{}', but the app is {}", *agreed, name.text()));
  if (agreed && !volumes) throw in.usage_error("--yes-lose-data goes with --volumes");
}

int remove_app(Invocation& in, const AppName& name, bool volumes, bool yes, std::optional<Milliseconds> stop_timeout) {
  check_words_of_loss(in, name, volumes);
  HostRun run(in.session, in.description());
  if (stop_timeout) run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*stop_timeout);
  const bool dry_run = in.has("dry-run"), json = in.has("json");
  const RemovalWords words{
      .done = "removed", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged"), .json = json};
  // Who asks whether there was anything to do wants it gone: it is.
  if (in.has("exit-unchanged") && is_absent(run.context(), name, in.stop()))
    return print_removed(in.console, name, {}, words);
  const auto confirm = [&](const change::RemovalPreview& preview) {
    if (!volumes) return confirm_removal(in.console, name, yes, in.stop(), json)(preview);
    return agrees_to_loss(in, name, preview.plan);
  };
  const auto removed = change::remove(run.context(), name, volumes, dry_run, confirm, in.stop());
  run.report().close();
  return print_removed(in.console, name, removed, words);
}

int run_remove(Invocation& in) {
  return remove_app(in, app_name(in), in.has("volumes"), in.has("yes"));
}

}  // namespace belay::cli
