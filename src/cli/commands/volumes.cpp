#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/volume_table.h"
#include "report/look_json.h"

namespace belay::cli {

void print_volumes(Console& console, const std::vector<look::VolumeRow>& rows) {
  const bool several = std::any_of(rows.begin(), rows.end(), [](const auto& row) { return !row.service.empty(); });
  std::vector<Column> columns{
      {"VOLUME", Align::left, false}, {"MOUNT POINT", Align::left, false}, {"KIND"}, {"MODE"}, {"ON THE HOST"}};
  if (several) columns.insert(columns.begin(), {"SERVICE", Align::left, false});
  Table table(columns);
  for (const auto& row : rows) {
    std::vector<Cell> cells{row.volume.empty() ? "(anonymous)" : row.volume, row.mount_point,
                            std::string(kind_word(row)), std::string(mode_word(row)),
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
    print_record(in.console, "volumes", list_of(rows, volume_json));
    return 0;
  }
  if (rows.empty()) in.console.note(format("{} has no volumes", what.text()));
  if (!rows.empty()) print_volumes(in.console, rows);
  return 0;
}

}  // namespace belay::cli
