#include "base/format.h"
#include "base/text.h"
#include "cli/app_node.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/look.h"

namespace belay::cli {

namespace {

Node status_node(const host::Status& status) {
  Node node = app_node(status.summary);
  node.set("wish", Node::text(status.wish));
  node.set("since", Node::text(status.since));
  node.set("restarts", Node::number(status.restarts));
  node.set("health_output", Node::text(status.health_output));
  node.set("volumes", texts(status.volumes));
  node.set("networks", texts(status.networks));
  node.set("kept_files", texts(status.kept_files));
  node.set("pending", texts(status.pending));
  node.set("trouble", Node::text(status.trouble));
  node.set("images_gone", Node::text(status.images_gone));
  node.set("lock_holder", Node::text(status.lock_holder));
  return node;
}

void print_status(Console& console, const host::Status& status) {
  const auto& row = status.summary;
  const auto field = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) console.line(format("{:<12}{}", name, value));
  };
  console.line(Style::bold, row.name);
  field("  state", row.health.empty() ? row.state : format("{} ({})", row.state, row.health));
  field("  wanted", status.wish);
  field("  since", status.since);
  field("  release", row.verdict.empty() ? row.release : format("{} ({})", row.release, row.verdict));
  field("  failed", row.last_failed);
  field("  stable", row.stable);
  field("  image", row.image);
  field("  container", row.status.empty() ? row.container : format("{} ({})", row.container, row.status));
  field("  ports", join(row.ports, ", "));
  field("  volumes", join(status.volumes, ", "));
  field("  networks", join(status.networks, ", "));
  field("  kept files", join(status.kept_files, ", "));
  field("  restarts", status.restarts == 0 ? "" : format("{}", status.restarts));
  field("  probe", status.health_output);
  field("  autostart", row.autostart == "none" ? "" : row.autostart);
  field("  backup", !row.backup_trouble.empty() ? row.backup_trouble
                    : row.backup.last_good ? format("the last good one was taken {}", iso_time(*row.backup.last_good))
                                           : "");
  field("  at work", status.lock_holder);
  field("  trouble", status.trouble);
  field("  image gone", status.images_gone.empty() ? "" : "of " + status.images_gone);
  if (status.pending.empty()) {
    if (status.trouble.empty()) field("  to do", "nothing");
  } else {
    field("  to do", join(status.pending, "; "));
  }
}

}  // namespace

int run_status(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto asked = in.optional_argument("NAME");
  const auto all = asked ? std::vector{host::status(run.context(), AppName(*asked), in.stop())}
                         : host::statuses(run.context(), in.stop());
  Node list = Node::list();
  for (const auto& status : all) {
    if (in.has("json")) {
      list.add(status_node(status));
    } else {
      print_status(in.console, status);
    }
  }
  if (in.has("json")) in.console.print_json(asked ? list.items().at(0) : list);
  return 0;
}

}  // namespace belay::cli
