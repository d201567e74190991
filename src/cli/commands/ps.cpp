// ps and port: the containers of apps, as those who come from docker compose look for them.

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/port_text.h"
#include "cli/state_words.h"
#include "look/look.h"
#include "report/look_json.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

struct PsRow {
  std::string app;
  look::InstanceRow instance;
  bool is_down = false;  // the app should be, and has no container at all
};

bool is_of(const Target& target, const std::string& app, const look::InstanceRow& row) {
  return target.app.text() == app && (target.service.empty() || target.service == row.service) &&
         (target.number == 0 || target.number == row.number);
}

// `targets` empty: of all apps.
std::vector<PsRow> rows_of(change::Context& context, const std::vector<Target>& targets, std::stop_token stop) {
  const auto apps = look::list(context, stop);
  std::vector<PsRow> rows;
  for (const auto& app : apps) {
    const bool is_down =
        app.state == look::AppState::stopped && std::all_of(app.instances.begin(), app.instances.end(),
                                                            [](const auto& each) { return each.container.empty(); });
    for (const auto& instance : app.instances)
      if (targets.empty() || std::any_of(targets.begin(), targets.end(),
                                         [&](const Target& each) { return is_of(each, app.name, instance); }))
        rows.push_back({app.name, instance, is_down});
  }
  // A name that is wrong is answered as any other command answers it.
  for (const auto& target : targets)
    if (std::none_of(rows.begin(), rows.end(),
                     [&](const PsRow& row) { return is_of(target, row.app, row.instance); }) &&
        (!target.service.empty() || std::none_of(apps.begin(), apps.end(), [&](const look::AppSummary& app) {
          return app.name == target.app.text();
        })))
      look::containers_of(context, target, {}, stop);
  return rows;
}

// Who took an app down looks for no containers of it; how it comes up again is said once.
void leave_out_what_is_down(std::vector<PsRow>& rows, Console& console, bool is_told) {
  std::set<std::string> down;
  for (const auto& row : rows)
    if (row.is_down) down.insert(row.app);
  std::erase_if(rows, [](const PsRow& row) { return row.is_down; });
  if (!is_told) return;
  for (const auto& app : down) console.note(format("{} is down: belay start {} brings it up", app, app));
}

// In the engine's terms: of what should be down, or has ended, only that it does not run.
bool is_so(const look::InstanceRow& row, std::string_view status) {
  if (row.container.empty()) return false;
  if (status != "exited") return to_text(row.state) == status;
  return !row.is_up && row.state != look::AppState::created && row.state != look::AppState::removing &&
         row.state != look::AppState::dead;
}

std::string shown_name(const look::InstanceRow& row) {
  return row.number > 1 ? format("{}/{}", row.service, row.number) : row.service;
}

std::string shown_state(const look::InstanceRow& row) {
  return row.health == Health::none || row.state != look::AppState::running
             ? words_of(row.state)
             : format("{} ({})", words_of(row.state), to_text(row.health));
}

// "80" or "53/udp".
std::pair<long long, std::string> port_and_protocol(const Invocation& in, const std::string& word) {
  const size_t slash = word.find('/');
  const auto number = parse_number(word.substr(0, slash));
  if (!number || *number < 1 || *number > 65535)
    throw in.usage_error(format("PORT is a number such as 80 or 53/udp, not '{}'", printable(word)));
  return {*number, slash == std::string::npos ? in.text_or("protocol", "tcp") : word.substr(slash + 1)};
}

std::vector<Target> targets_of(Invocation& in, HostRun& run) {
  Named named(in, run);
  const auto words = in.arguments("NAME");
  // Outside a project there is no one app: all are shown, as `belay ls` does.
  if (words.empty() && !named.project()) return {};
  return named.of_all(words, "NAME");
}

}  // namespace

int run_ps(Invocation& in) {
  HostRun run(in.session, in.description());
  auto rows = rows_of(run.context(), targets_of(in, run), in.stop());
  leave_out_what_is_down(rows, in.console, !in.has("names") && !in.has("json") && !in.has("services"));
  if (const auto asked = in.list("status"); !asked.empty())
    std::erase_if(rows, [&](const PsRow& row) {
      return std::none_of(asked.begin(), asked.end(), [&](const auto& status) { return is_so(row.instance, status); });
    });
  if (in.has("names") || in.globals.quiet) {
    for (const auto& row : rows)
      if (!row.instance.container.empty()) in.console.line(row.instance.container);
    return 0;
  }
  if (in.has("json")) {
    print_record(in.console, "containers",
                 list_of(rows, [](const PsRow& row) { return container_json(row.app, row.instance); }));
    return 0;
  }
  if (in.has("services")) {
    for (const auto& row : rows)
      if (row.instance.number <= 1) in.console.line(row.instance.service);
    return 0;
  }
  Table table(
      {{"CONTAINER", Align::left, false}, {"APP"}, {"SERVICE"}, {"STATE", Align::left, false}, {"STATUS"}, {"PORTS"}});
  for (const auto& row : rows)
    table.add({row.instance.container.empty() ? "(none)" : row.instance.container, row.app, shown_name(row.instance),
               shown_state(row.instance), row.instance.status, text_of_ports(row.instance.ports)});
  in.console.print(table);
  return 0;
}

// The address of a container's port on this host: "0.0.0.0:8080".
int run_port(Invocation& in) {
  HostRun run(in.session, in.description());
  Target what = Named(in, run).of(in.argument("NAME"));
  take_index(in, what);
  const auto asked = in.optional_argument("PORT");
  const auto [number, protocol] = asked ? port_and_protocol(in, *asked) : std::pair(0LL, std::string());
  bool is_found = false;
  auto ports = look::published_ports(run.context(), what, in.stop());
  std::erase_if(ports, [&, &wanted = number, &of = protocol](const PortBinding& port) {
    return !port.host_port || (asked && (port.container_port != wanted || port.protocol != of));
  });
  if (in.has("json") && (!asked || !ports.empty())) {
    print_record(in.console, "ports", ports_json(ports));
    return 0;
  }
  for (const PortBinding& port : ports) {
    const std::string address = format("{}:{}",
                                       port.host_ip.empty()                          ? "0.0.0.0"
                                       : port.host_ip.find(':') == std::string::npos ? port.host_ip
                                                                                     : "[" + port.host_ip + "]",
                                       *port.host_port);
    in.console.line(asked ? address : format("{}/{} -> {}", port.container_port, port.protocol, address));
    is_found = true;
    if (asked) break;
  }
  if (!asked || is_found) return 0;
  throw NotFound(ErrorCode::not_found, format("the port {}/{} of {} is not published", number, protocol, what.text()),
                 format("All that are: belay port {}", what.text()));
}

}  // namespace belay::cli
