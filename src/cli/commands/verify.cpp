#include "base/format.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "safekeeping/backup.h"

namespace belay::cli {

int run_verify(Invocation& in) {
  const std::string where = in.argument("FILE");
  const BackupFile file = existing_backup(in, where);
  HostRun run(in.session, in.description());
  Progress progress(in.console, in.clock);
  progress.begin("verify", "checking " + file.name);
  const backup::Verified verified = safekeeping::verify_backup(
      run.context(), *file.destination, file.name, key_options(in),
      [&](std::int64_t done, std::optional<std::int64_t> total) {
        progress.update("verify", "reading", done, total.value_or(0));
      },
      in.stop());
  progress.finish("verify", true);
  if (in.has("json")) {
    Node items = Node::list();
    for (const auto& item : verified.end.items) {
      const backup::Item& what = verified.manifest.item(item.id);
      Node node = Node::map();
      node.set("source", Node::text(what.source));
      node.set("of_project", Node::boolean(what.of_project));
      node.set("files", Node::number(item.files));
      node.set("size_bytes", Node::number(item.bytes));
      items.add(std::move(node));
    }
    Node node = Node::map();
    node.set("name", Node::text(verified.manifest.app));
    node.set("release", Node::text(verified.manifest.release.text()));
    node.set("taken", Node::text(iso_time(verified.manifest.taken)));
    node.set("encrypted", Node::boolean(verified.encrypted));
    node.set("with_image", Node::boolean(verified.manifest.with_image));
    node.set("items", std::move(items));
    node.set("left_out", remarks(verified.manifest.left_out));
    node.set("warnings", remarks(verified.end.warnings));
    print_record(in.console, node);
    return 0;
  }
  for (const auto& warning : verified.end.warnings) in.console.note("when it was made: " + warning);
  for (const auto& why : verified.manifest.left_out) in.console.note("not in it: " + why);
  in.console.success(format("{} is whole and right: {}", file.name, text_of(verified.manifest, verified.end)));
  return 0;
}

}  // namespace belay::cli
