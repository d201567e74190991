// stats and df: what apps use of the host.

#include "base/bytes.h"
#include "base/format.h"
#include "change/meter.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/which_app.h"
#include "look/usage.h"
#include "report/usage_json.h"

namespace belay::cli {

namespace {

std::string both(ByteCount in, ByteCount out) {
  return format("{} / {}", byte_text(in), byte_text(out));
}

// As commands take it: "shop/web/2"; of an app with one container its name.
std::string measured_name(const look::UsageRow& row) {
  return row.service == row.app ? row.app : format("{}/{}", row.app, row.service);
}

Table usage_table(const std::vector<look::UsageRow>& rows) {
  Table table({{"NAME", Align::left, false},
               {"CPU", Align::right, false},
               {"MEMORY", Align::right, false},
               {"LIMIT", Align::right, false},
               {"NET IN / OUT", Align::right, false},
               {"DISK READ / WRITE", Align::right, false}});
  for (const auto& row : rows) {
    const auto& usage = row.usage;
    table.add({measured_name(row), format("{} %", cpu_percent_text(usage.cpu_permille)), byte_text(usage.memory),
               usage.memory_limit ? byte_text(*usage.memory_limit) : "", both(usage.received, usage.sent),
               both(usage.read, usage.written)});
  }
  return table;
}

std::vector<Target> targets_to_measure(Invocation& in, HostRun& run) {
  Named named(in, run);
  const auto words = in.arguments("NAME");
  // Outside a project there is no one app: all are measured.
  return words.empty() && !named.project() ? named.every_app() : named.of_all(words, "NAME");
}

Table space_table(const look::Space& space) {
  Table table({{"APP", Align::left, false},
               {"IMAGES", Align::right, false},
               {"CONTAINERS", Align::right, false},
               {"VOLUMES", Align::right, false},
               {"BACKUPS", Align::right, false},
               {"CLEANUP FREES", Align::right, false}});
  for (const auto& row : space.apps)
    table.add({row.app, byte_text(row.images), byte_text(row.containers), byte_text(row.volumes),
               byte_text(row.backups), row.frees ? byte_text(*row.frees) : "?"});
  return table;
}

ByteCount frees(const look::Space& space) {
  ByteCount sum;
  for (const auto& row : space.apps) sum.value += row.frees.value_or(ByteCount{}).value;
  return sum;
}

}  // namespace

int run_stats(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto meter = in.session.doors.meter(ground_options(in.session, {}));
  const auto measured = [&] { return look::usage(run.context(), *meter, targets_to_measure(in, run), in.stop()); };
  if (in.has("json")) {
    print_record(in.console, "containers", list_of(measured(), usage_json));
    return 0;
  }
  // Each look takes the engine a second or two: that is pause enough.
  const bool goes_on = in.console.settings().out_terminal && !in.has("no-stream");
  try {
    do {
      const auto rows = measured();
      if (goes_on) in.console.clear_screen();
      if (rows.empty())
        in.console.note("nothing runs");
      else
        in.console.print(usage_table(rows));
    } while (goes_on && in.clock.sleep(Milliseconds(500), in.stop()) && !in.console.is_closed());
  } catch (const Cancelled&) {
    // Ctrl-C is how one ends watching.
    if (!goes_on) throw;
  }
  return 0;
}

int run_df(Invocation& in) {
  HostRun run(in.session, in.description());
  std::vector<AppName> names;
  for (const auto& word : in.arguments("NAME")) names.push_back(Named(in, run).whole_app(word));
  if (names.empty()) names = all_apps(run.context());
  const auto meter = in.session.doors.meter(ground_options(in.session, {}));
  const look::Space space = look::space(run.context(), *meter, names, in.stop());
  if (in.has("json")) {
    print_record(in.console, space_json(space));
    return 0;
  }
  in.console.print(space_table(space));
  in.console.prose(format("The engine as a whole: {} of images, shared layers once, and {} of build cache.",
                          byte_text(space.engine.images), byte_text(space.engine.build_cache)));
  if (frees(space).value > 0)
    in.console.note(format("belay cleanup frees up to {} of images", byte_text(frees(space))));
  return 0;
}

}  // namespace belay::cli
