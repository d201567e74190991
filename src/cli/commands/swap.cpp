// restart, rollback and retry: changes that take nothing but an app, a release and the options of a swap.

#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/restore.h"
#include "host/start.h"

namespace belay::cli {

namespace {

template <class UseCase>
int swap(Invocation& in, UseCase&& use_case) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const host::Change change = use_case(run.context(), name, change_options(in));
  run.report().close();
  return print_change(in.console, name, change, {.exit_unchanged = in.has("exit-unchanged")});
}

}  // namespace

int run_restart(Invocation& in) {
  const Target what = target(in);
  HostRun run(in.session, in.description());
  const host::Change change = host::restart(run.context(), what, change_options(in), in.stop());
  run.report().close();
  return print_change(in.console, what.app, change, {.exit_unchanged = in.has("exit-unchanged")});
}

int run_rollback(Invocation& in) {
  std::optional<ReleaseNumber> to;
  if (const auto text = in.optional_argument("RELEASE")) to = ReleaseNumber::parse(*text);
  const bool with_data = in.has("with-data");
  return swap(in, [&](host::Context& context, const AppName& name, const host::ChangeOptions& options) {
    if (with_data) return host::rollback_with_data(context, name, to, options, in.stop());
    return host::rollback(context, name, to, options, in.stop());
  });
}

int run_retry(Invocation& in) {
  return swap(in, [&](host::Context& context, const AppName& name, const host::ChangeOptions& options) {
    return host::retry(context, name, options, in.stop());
  });
}

}  // namespace belay::cli
