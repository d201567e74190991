#include "host/backup.h"

#include "base/format.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"

namespace belay::cli {

namespace {

host::BackupOptions backup_options(const Invocation& in) {
  host::BackupOptions options;
  options.dry_run = in.has("dry-run");
  options.with_image = in.has("with-image");
  options.replace = in.has("replace");
  options.before = in.list("before");
  options.after = in.list("after");
  if (in.has("pause") + in.has("stop") + in.has("live") > 1)
    throw in.usage_error("only one of --pause, --stop and --live can be meant");
  if (in.has("pause")) options.consistency = backup::Consistency::pause;
  if (in.has("stop")) options.consistency = backup::Consistency::stop;
  if (in.has("live")) options.consistency = backup::Consistency::live;
  return options;
}

void print_json(Console& console, const host::BackedUp& made) {
  Node node = Node::map();
  node.set("name", Node::text(made.manifest.app));
  node.set("release", Node::text(made.manifest.release.text()));
  node.set("file", Node::text(made.where));
  node.set("taken", Node::text(iso_time(made.manifest.taken)));
  node.set("size", Node::number(made.size.value));
  node.set("data_size", Node::number(made.end.bytes()));
  node.set("files", Node::number(made.end.files()));
  node.set("still_ms", Node::number(made.still.value_or(Milliseconds(0)).count()));
  node.set("left_out", texts(made.manifest.left_out));
  node.set("warnings", texts(made.end.warnings));
  console.print_json(node);
}

}  // namespace

int run_backup(Invocation& in) {
  const AppName name = app_name(in);
  const backup::Sealing sealing = sealing_options(in);
  host::BackupOptions options = backup_options(in);
  const BackupFile file = backup_file(in.text_or("output", usual_place()));
  options.name = file.name;
  HostRun run(in.session, in.description());
  const host::BackedUp made = host::back_up(run.context(), name, *file.destination, sealing, options, in.stop());
  run.report().close();
  if (!made.done) {
    print_plan(in.console, made.plan);
    return 0;
  }
  if (in.has("json")) {
    print_json(in.console, made);
    return 0;
  }
  for (const auto& note : made.plan.notes) in.console.note(note);
  in.console.success(format("{}: {} ({})", name.text(), made.where, byte_text(made.size)));
  in.console.success(format("{}: {} files, {}{}", made.manifest.release.text(), made.end.files(),
                            byte_text({made.end.bytes()}),
                            made.still ? format("; held still for {}", duration_text(*made.still)) : ""));
  return 0;
}

}  // namespace belay::cli
