#include "base/format.h"
#include "change/mark.h"
#include "cli/autostart_table.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/look_json.h"

namespace belay::cli {

void print_autostart(Console& console, const std::vector<change::AutostartStatus>& rows) {
  Table table({{"APP", Align::left, false}, {"AUTOSTART", Align::left, false}});
  for (const auto& row : rows) table.add({row.app, to_text(row.autostart)});
  console.print(table);
}

int print_started(Console& console, const std::vector<change::Started>& all, const ChangeWords& words) {
  const auto is_unchanged = [](const change::Started& started) {
    return started.change && started.change->kind == change::Change::Kind::unchanged;
  };
  int code = words.exit_unchanged && std::all_of(all.begin(), all.end(), is_unchanged) ? 3 : 0;
  Node list = Node::list();
  for (const auto& started : all) {
    if (started.error) {
      Error error = *started.error;
      error.offer_hint(format("belay why {} explains it.", started.app));
      console.error(error);
      code = 1;
    } else if (words.json) {
      list.add(report::change_json(AppName(started.app), *started.change, {}));
      if (started.change->failed()) code = 1;
    } else if (print_change(console, AppName(started.app), *started.change) != 0) {
      code = 1;
    }
  }
  if (words.json) print_record(console, "changes", std::move(list));
  if (all.empty()) console.note("no app is marked for autostart; belay autostart NAME last marks one");
  return code;
}

int run_autostart(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto mark = in.optional_argument("MARK");
  if (!mark) {
    auto rows = change::autostart_status(run.context());
    if (const auto name = in.optional_argument("NAME")) {
      std::erase_if(rows, [&](const auto& row) { return row.app != *name; });
      if (rows.empty())
        throw NotFound(ErrorCode::app_not_found, format("there is no app {}", *name), "belay ls shows the apps.");
    }
    if (in.has("json"))
      print_record(in.console, "apps", list_of(rows, report::autostart_json));
    else
      print_autostart(in.console, rows);
    return 0;
  }
  const AppName name = app_name(in);
  const bool changed = change::set_autostart(run.context(), name, autostart(*mark), in.has("dry-run"), in.stop());
  if (in.has("json")) {
    const change::AutostartStatus now{name.text(), autostart(*mark)};
    print_record(in.console, "apps", list_of(std::vector{now}, report::autostart_json));
    return !changed && in.has("exit-unchanged") ? 3 : 0;
  }
  in.console.success(format("{}autostart of {}: {}", in.has("dry-run") ? "then: " : "", name.text(), *mark));
  return !changed && in.has("exit-unchanged") ? 3 : 0;
}

int run_start_all(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto all = change::start_all(run.context(), change_options(in), in.stop());
  run.report().close();
  return print_started(in.console, all, {.exit_unchanged = in.has("exit-unchanged"), .json = in.has("json")});
}

}  // namespace belay::cli
