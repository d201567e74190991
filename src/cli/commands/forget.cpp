#include "base/format.h"
#include "change/let_go.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

void show(const Preview& shown, const change::LetGo& gone) {
  for (const auto& line : gone.forgotten) shown.line("forgotten: " + line);
  for (const auto& line : gone.kept) shown.line("stays: " + line);
  shown.line(gone.again.empty() ? std::string("nothing of it is on the engine") : "to take it again: " + gone.again);
}

int print_let_go(Invocation& in, const AppName& name, const change::LetGo& gone) {
  const bool dry_run = in.has("dry-run");
  if (in.has("json")) {
    print_record(in.console, let_go_json(name, gone, dry_run));
    return gone.declined ? 1 : 0;
  }
  if (dry_run) {
    show(Preview(in.console, false), gone);
    return 0;
  }
  if (gone.declined) {
    in.console.line("nothing was forgotten");
    return 1;
  }
  in.console.success(format("{} is forgotten; its containers were not touched", name.text()));
  if (gone.bears_labels)
    in.console.note(
        "they bear Belay's labels, which only a new container loses: belay ls shows them as not in the state, and "
        "belay recover takes them back, as belay up does with a Compose project");
  return 0;
}

}  // namespace

int run_forget(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const auto confirm = [&](const change::LetGo& gone) {
    const Preview shown(in.console, in.has("json"));
    shown.line(format("{} is to be forgotten, and its containers run on untouched:", name.text()));
    show(shown, gone);
    return in.has("yes") || in.console.confirm(format("Forget {}?", name.text()), in.stop());
  };
  try {
    const auto gone = change::let_go(run.context(), name, in.has("dry-run"), confirm, in.stop());
    run.report().close();
    return print_let_go(in, name, gone);
  } catch (const NotFound& error) {
    // Who asks whether there was anything to do wants it gone: it is.
    if (error.code() != ErrorCode::app_not_found || !in.has("exit-unchanged")) throw;
    if (in.has("json")) print_record(in.console, let_go_json(name, {}, false));
    return 3;
  }
}

}  // namespace belay::cli
