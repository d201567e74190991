// restart, rollback and retry: changes that take nothing but an app, a release and the options of a swap.

#include "change/start.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/each_target.h"
#include "cli/named.h"
#include "cli/release_words.h"
#include "safekeeping/restore.h"

namespace belay::cli {

namespace {

template <class UseCase>
int swap(Invocation& in, UseCase&& use_case) {
  HostRun run(in.session, in.description());
  const AppName name = Named(in, run).whole_app(in.optional_argument("NAME"));
  const change::Change change = use_case(run.context(), name, change_options(in));
  run.report().close();
  return print_change(in.console, name, change, change_words(in, run));
}

// What somebody stopped stays down where it is not named.
std::vector<Target> what_is_to_run(const Invocation& in, HostRun& run, Named& named) {
  auto targets = named.every_app();
  std::erase_if(targets, [&](const Target& what) {
    const auto app = run.context().store.app(what.app);
    if (!app || !app->wish.is<goal::Stopped>()) return false;
    in.console.note(format("{} is stopped, and stays so (belay start {})", what.text(), what.text()));
    return true;
  });
  return targets;
}

}  // namespace

int run_restart(Invocation& in) {
  HostRun run(in.session, in.description());
  Named named(in, run);
  const auto targets = in.has("all") ? what_is_to_run(in, run, named) : named.of_all(in.arguments("NAME"), "NAME");
  if (const auto timeout = in.duration("timeout"))
    run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  return change_each(in, run, targets, [&](const Target& what) {
    return change::restart(run.context(), what, change_options(in), in.stop());
  });
}

int run_rollback(Invocation& in) {
  const auto word = in.optional_argument("RELEASE");
  const bool with_data = in.has("with-data");
  return swap(in, [&](change::Context& context, const AppName& name, const change::ChangeOptions& options) {
    const auto to = word ? std::optional(release_named(context, name, *word)) : std::nullopt;
    if (with_data) return safekeeping::rollback_with_data(context, name, to, options, in.stop());
    return change::rollback(context, name, to, options, in.stop());
  });
}

int run_retry(Invocation& in) {
  return swap(in, [&](change::Context& context, const AppName& name, const change::ChangeOptions& options) {
    return change::retry(context, name, options, in.stop());
  });
}

}  // namespace belay::cli
