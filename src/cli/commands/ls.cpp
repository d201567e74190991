#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/local_time.h"
#include "base/plural.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/port_text.h"
#include "cli/state_words.h"
#include "look/errand_text.h"
#include "look/left_overs.h"
#include "look/look.h"
#include "report/look_json.h"

namespace belay::cli {

namespace {

using LeftOvers = std::map<std::string, std::string>;  // by app

// What is not as one would expect, in a few words.
std::string note_of(const look::AppSummary& row, const LeftOvers& left, Time now) {
  std::vector<std::string> notes;
  if (!row.known) notes.emplace_back("not in the state");
  if (!row.trouble.empty()) notes.emplace_back("in trouble");
  if (row.unfinished) notes.push_back(row.at_work.empty() ? "interrupted" : "at work: " + row.at_work);
  if (row.unfinished && row.at_work.empty() &&
      std::any_of(row.instances.begin(), row.instances.end(),
                  [](const auto& instance) { return instance.state == look::AppState::paused; }))
    notes.emplace_back("paused");
  if (row.restarts > 0)
    notes.push_back(row.restarts == 1 ? "restarted once" : format("restarted {} times", row.restarts));
  for (const auto& instance : row.instances)
    if (row.instances.size() > 1 && instance.state == look::AppState::held)
      notes.push_back(format("{} is stopped", instance.service));
  if (!row.last_failed.empty()) notes.push_back(format("{} failed", row.last_failed));
  if (row.backup.failed)
    notes.emplace_back("backup failed");
  else if (row.backup_is_late)
    notes.emplace_back("backup late");
  for (const auto& errand : row.errands) {
    if (errand.kind == Errand::Kind::backup) continue;
    const std::string which = row.instances.size() > 1 ? errand.service + " " : std::string();
    if (errand.has_failed()) notes.push_back(which + "run failed");
    notes.push_back(which + look::turn_text(errand, now));
  }
  for (const auto& wait : row.waits) {
    if (wait == Wait::Topic::update) notes.emplace_back("update waits");
    if (wait == Wait::Topic::definition) notes.emplace_back("definition cannot be used");
    if (wait == Wait::Topic::held) notes.emplace_back("definition waits");
    if (wait == Wait::Topic::health) notes.emplace_back("unwell");
  }
  if (left.contains(row.name)) notes.emplace_back("a killed command left data");
  return join(notes, ", ");
}

std::string state_words(const look::AppSummary& row) {
  // Of several containers how many run says more than what one of them does.
  using look::AppState;
  if (const auto count = look::count_up(row.instances);
      count.wanted > 1 && (row.state == AppState::running || row.state == AppState::partial))
    return format("{}/{} up{}", count.up, count.wanted, row.health == Health::unhealthy ? ", unhealthy" : "");
  if (row.state == AppState::unfinished && !row.at_work.empty()) return "changing";
  const bool has_health = row.health != Health::none && row.state == AppState::running;
  std::string state = has_health ? std::string(to_text(row.health)) : words_of(row.state);
  if (row.restarts > 0) state += format(" ×{}", row.restarts);
  return state;
}

Style style_of(const look::AppSummary& row) {
  using look::AppState;
  if (row.health == Health::unhealthy || row.state == AppState::restarting || row.state == AppState::missing ||
      row.state == AppState::partial || (row.unfinished && row.at_work.empty()) || !row.trouble.empty())
    return Style::bad;
  if (row.state == AppState::running) return Style::good;
  return Style::plain;
}

// Of all its instances.
std::vector<PortBinding> ports_of(const look::AppSummary& row) {
  if (!row.ports.empty()) return row.ports;
  std::vector<PortBinding> ports;
  for (const auto& instance : row.instances) ports.insert(ports.end(), instance.ports.begin(), instance.ports.end());
  return ports;
}

bool is_in_trouble(const look::AppSummary& row) {
  return style_of(row) == Style::bad;
}

// The engine's words without what the state says already: "3 minutes" of "Up 3 minutes (healthy)".
std::string time_up(const look::AppSummary& row) {
  constexpr std::string_view up = "Up ";
  if (!row.status.starts_with(up)) return row.status;
  const std::string time = row.status.substr(up.size());
  return time.substr(0, time.find(" ("));
}

Table table_of(const std::vector<look::AppSummary>& rows, const LeftOvers& left, Time now) {
  const bool has_marks =
      std::any_of(rows.begin(), rows.end(), [](const look::AppSummary& row) { return !row.stable.empty(); });
  std::vector<Column> columns{{"APP", Align::left, false},
                              {"STATE", Align::left, false},
                              {"UP", Align::left, false},
                              {"RELEASE", Align::left, false}};
  if (has_marks) columns.push_back({"STABLE", Align::left, false});
  columns.push_back({"IMAGE", Align::left, true, Narrow::cut_front});
  columns.push_back({"PORTS", Align::left, false, Narrow::below});
  columns.push_back({"NOTE", Align::left, false, Narrow::below});
  Table table(columns);
  for (const auto& row : rows) {
    std::vector<Cell> cells{row.name, {state_words(row), style_of(row)}, time_up(row), row.release};
    if (has_marks) cells.emplace_back(row.stable);
    const std::string image = row.image.empty() ? short_digest(row.image_id) : image_words(row.image);
    cells.emplace_back(row.more_images > 0 ? format("{} +{}", image, row.more_images) : image);
    cells.emplace_back(text_of_ports(ports_of(row)));
    cells.emplace_back(note_of(row, left, now), Style::warn);
    table.add(std::move(cells));
  }
  return table;
}

// "11 apps: 9 up, 1 stopped, 1 in trouble (belay why proxy)"
std::string sum_of(const std::vector<look::AppSummary>& rows, const LeftOvers& left) {
  size_t up = 0, changing = 0, stopped = 0;
  std::vector<std::string> bad;
  for (const auto& row : rows) {
    if (is_in_trouble(row))
      bad.push_back(row.name);
    else if (row.state == look::AppState::running)
      ++up;
    else if (!row.at_work.empty())
      ++changing;
    else
      ++stopped;
  }
  std::vector<std::string> parts;
  if (up > 0) parts.push_back(format("{} up", up));
  if (changing > 0) parts.push_back(format("{} changing", changing));
  if (stopped > 0) parts.push_back(format("{} not running", stopped));
  if (!bad.empty())
    parts.push_back(format("{} in trouble ({})", bad.size(),
                           bad.size() == 1 ? "belay why " + bad.front() : std::string("belay why")));
  const auto with_more =
      std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return left.contains(row.name); });
  if (with_more > 0) parts.push_back(format("{} with data that a killed command left", with_more));
  return format("{}: {}", counted(static_cast<std::int64_t>(rows.size()), "app"), join(parts, ", "));
}

std::vector<look::AppSummary> rows_of(std::vector<look::AppSummary> all, const std::vector<std::string>& asked) {
  if (asked.empty()) return all;
  std::vector<std::string> names;
  for (const auto& row : all) names.push_back(row.name);
  for (const auto& name : asked)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw NotFound(ErrorCode::app_not_found, format("there is no app {}", printable(name)),
                     did_you_mean(name, names));
  std::erase_if(
      all, [&](const look::AppSummary& row) { return std::find(asked.begin(), asked.end(), row.name) == asked.end(); });
  return all;
}

}  // namespace

std::string words_of(look::AppState state) {
  return state == look::AppState::in_trouble ? "in trouble" : std::string(to_text(state));
}

std::string image_words(const std::string& reference) {
  return reference.starts_with("sha256:") ? short_digest(reference) : reference;
}

namespace {

void print_list(Invocation& in, HostRun& run, const std::vector<look::AppSummary>& rows) {
  if (rows.empty()) {
    in.console.note(
        "there are no apps yet; belay deploy NAME beside a Dockerfile, or belay up beside a Compose file, makes the "
        "first");
    return;
  }
  const LeftOvers left = look::left_overs(run.context());
  in.console.print(table_of(rows, left, in.clock.now()));
  in.console.prose(sum_of(rows, left));
  for (const auto& row : rows)
    if (!row.backup_trouble.empty()) in.console.warning(format("{}: {}", row.name, row.backup_trouble));
  for (const auto& row : rows)
    if (const auto of_app = left.find(row.name); of_app != left.end()) in.console.warning(of_app->second);
}

// Until Ctrl-C, which is how one ends watching.
int watch(Invocation& in, HostRun& run, const std::vector<std::string>& asked) {
  constexpr Seconds pause{2};
  if (!in.console.settings().out_terminal) throw in.usage_error("--watch needs a terminal");
  do {
    const auto rows = rows_of(look::list(run.context(), in.stop()), asked);
    in.console.clear_screen();
    in.console.line(Style::dim, local_time(in.clock.now(), Precision::seconds));
    print_list(in, run, rows);
  } while (in.clock.sleep(pause, in.stop()) && !in.console.is_closed());
  return 0;
}

}  // namespace

int run_ls(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto asked = in.arguments("NAME");
  // As docker has it, -q prints names only.
  if (in.has("names") || in.globals.quiet) {
    for (const auto& name : look::names(run.context()))
      if (asked.empty() || std::find(asked.begin(), asked.end(), name) != asked.end()) in.console.line(name);
    return 0;
  }
  if (in.has("watch")) return watch(in, run, asked);
  const auto rows = rows_of(look::list(run.context(), in.stop()), asked);
  if (in.has("json")) {
    print_record(in.console, "apps", list_of(rows, summary_json));
    return 0;
  }
  print_list(in, run, rows);
  return 0;
}

}  // namespace belay::cli
