#include <algorithm>

#include "cli/commands.h"
#include "cli/named.h"
#include "cli/volume_table.h"

namespace belay::cli {

namespace {

std::string_view kind_word(Mount::Kind kind) {
  return kind == Mount::Kind::volume ? "volume" : kind == Mount::Kind::bind ? "folder" : "memory";
}

std::string_view mode_word(const look::VolumeRow& row) {
  return row.read_only ? "ro" : "rw";
}

}  // namespace

void print_volumes(Console& console, const std::vector<look::VolumeRow>& rows) {
  const bool several = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !row.service.empty(); });
  std::vector<Column> columns{
      {"VOLUME", Align::left, false}, {"MOUNT POINT", Align::left, false}, {"KIND"}, {"MODE"}, {"ON THE HOST"}};
  if (several) columns.insert(columns.begin(), {"SERVICE", Align::left, false});
  Table table(columns);
  for (const auto& row : rows) {
    std::vector<Cell> cells{row.volume.empty() ? "(anonymous)" : row.volume, row.mount_point,
                            std::string(kind_word(row.kind)), std::string(mode_word(row)),
                            row.exists                       ? row.host_path
                            : row.kind == Mount::Kind::tmpfs ? std::string()
                                                             : std::string("(not made yet)")};
    if (several) cells.insert(cells.begin(), row.service);
    table.add(std::move(cells));
  }
  console.print(table);
}

int run_volumes(Invocation& in) {
  HostRun run(in.session, in.description());
  const Target what = Named(in, run).of(in.optional_argument("NAME"), "NAME");
  // An app that never ran shows what its first release will get.
  const auto rows = look::current_volumes(run.context(), what, in.stop());
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& row : rows) {
      Node node = Node::map();
      node.set("service", text_or_null(row.service));
      node.set("volume", text_or_null(row.volume));
      node.set("mount_point", Node::text(row.mount_point));
      node.set("kind", word(kind_word(row.kind)));
      node.set("mode", word(mode_word(row)));
      node.set("host_path", text_or_null(row.host_path));
      node.set("exists", Node::boolean(row.exists));
      node.set("ours", Node::boolean(row.ours));
      list.add(std::move(node));
    }
    print_record(in.console, "volumes", std::move(list));
    return 0;
  }
  print_volumes(in.console, rows);
  return 0;
}

}  // namespace belay::cli
