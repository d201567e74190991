#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/app_node.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "look/look.h"

namespace belay::cli {

namespace {

// What is not as one would expect, in a few words.
std::string note_of(const look::AppSummary& row) {
  std::vector<std::string> notes;
  if (!row.last_failed.empty()) notes.push_back(format("{} failed", row.last_failed));
  for (const auto& wait : row.waits) {
    if (wait == Wait::Topic::update) notes.emplace_back("update waits");
    if (wait == Wait::Topic::definition) notes.emplace_back("definition cannot be used");
    if (wait == Wait::Topic::held) notes.emplace_back("definition waits");
    if (wait == Wait::Topic::health) notes.emplace_back("unwell");
  }
  return join(notes, ", ");
}

std::string state_words(const look::AppSummary& row) {
  // Of several containers how many run says more than what one of them does.
  using look::AppState;
  if (const auto count = look::count_up(row.instances);
      count.wanted > 1 && (row.state == AppState::running || row.state == AppState::partial))
    return format("{}/{} up{}", count.up, count.wanted, row.health == Health::unhealthy ? ", unhealthy" : "");
  const bool has_health = row.health != Health::none && row.state == AppState::running;
  std::string state = has_health ? std::string(to_text(row.health)) : words_of(row.state);
  if (row.restarts > 0) state += format(" ×{}", row.restarts);
  return row.known ? state : state + " (not in the state)";
}

Style style_of(const look::AppSummary& row) {
  using look::AppState;
  if (row.health == Health::unhealthy || row.state == AppState::restarting || row.state == AppState::missing ||
      row.state == AppState::partial || row.unfinished || !row.trouble.empty())
    return Style::bad;
  if (row.state == AppState::running) return Style::good;
  return Style::plain;
}

// Of all its instances.
std::vector<std::string> ports_of(const look::AppSummary& row) {
  if (!row.ports.empty()) return row.ports;
  std::vector<std::string> ports;
  for (const auto& instance : row.instances) ports.insert(ports.end(), instance.ports.begin(), instance.ports.end());
  return ports;
}

}  // namespace

std::string words_of(look::AppState state) {
  return state == look::AppState::in_trouble ? "in trouble" : std::string(to_text(state));
}

Node instance_node(const look::InstanceRow& row) {
  Node node = Node::map();
  node.set("service", Node::text(row.service));
  node.set("number", Node::number(row.number));
  node.set("container", text_or_null(row.container));
  node.set("state", word(to_text(row.state)));
  node.set("health", row.health == Health::none ? Node() : word(to_text(row.health)));
  node.set("status", text_or_null(row.status));
  node.set("image_id", text_or_null(row.image_id));
  node.set("ports", texts(row.ports));
  node.set("should_run", Node::boolean(row.should_run));
  node.set("is_up", Node::boolean(row.is_up));
  return node;
}

Node app_node(const look::AppSummary& row) {
  Node node = Node::map();
  node.set("name", Node::text(row.name));
  node.set("state", word(to_text(row.state)));
  node.set("health", row.health == Health::none ? Node() : word(to_text(row.health)));
  node.set("release", text_or_null(row.release));
  node.set("verdict", row.verdict ? word(to_text(*row.verdict)) : Node());
  node.set("stable", text_or_null(row.stable));
  node.set("image", text_or_null(row.image));
  node.set("image_id", text_or_null(row.image_id));
  node.set("container", text_or_null(row.container));
  node.set("status", text_or_null(row.status));
  node.set("ports", texts(row.ports));
  const auto count = look::count_up(row.instances);
  node.set("up", Node::number(count.up));
  node.set("wanted", Node::number(count.wanted));
  Node instances = Node::list();
  for (const auto& each : row.instances) instances.add(instance_node(each));
  node.set("instances", std::move(instances));
  node.set("autostart", row.autostart ? word(to_text(*row.autostart)) : Node());
  node.set("last_failed", text_or_null(row.last_failed));
  node.set("restarts", Node::number(row.restarts));
  Node waits = Node::list();
  for (const auto topic : row.waits) waits.add(word(to_text(topic)));
  node.set("waits", std::move(waits));
  node.set("unfinished", Node::boolean(row.unfinished));
  node.set("trouble", text_or_null(row.trouble));
  node.set("known", Node::boolean(row.known));
  Node backup = Node::map();
  backup.set("last_good", row.backup.last_good ? Node::text(iso_time(*row.backup.last_good)) : Node());
  backup.set("failed", row.backup.failed ? Node::text(iso_time(*row.backup.failed)) : Node());
  backup.set("place", text_or_null(row.backup.place));
  backup.set("reason", text_or_null(row.backup.reason));
  node.set("backup", std::move(backup));
  return node;
}

int run_ls(Invocation& in) {
  HostRun run(in.session, in.description());
  if (in.has("names")) {
    for (const auto& name : look::names(run.context())) in.console.line(name);
    return 0;
  }
  const auto rows = look::list(run.context(), in.stop());
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& row : rows) list.add(app_node(row));
    print_record(in.console, "apps", std::move(list));
    return 0;
  }
  if (rows.empty()) {
    in.console.note(
        "there are no apps yet; belay deploy NAME beside a Dockerfile, or belay up beside a Compose file, makes the "
        "first");
    return 0;
  }
  const bool has_notes =
      std::any_of(rows.begin(), rows.end(), [](const look::AppSummary& row) { return !note_of(row).empty(); });
  std::vector<Column> columns{{"APP", Align::left, false},
                              {"STATE", Align::left, false},
                              {"RELEASE", Align::left, false},
                              {"STABLE", Align::left, false},
                              {"IMAGE"},
                              {"PORTS"},
                              {"STATUS"}};
  if (has_notes) columns.push_back({"NOTE", Align::left, false});
  Table table(columns);
  for (const auto& row : rows) {
    std::vector<Cell> cells{row.name,
                            {state_words(row), style_of(row)},
                            row.release,
                            row.stable,
                            row.image.empty() ? short_digest(row.image_id) : row.image,
                            join(ports_of(row), ", "),
                            row.status};
    if (has_notes) cells.emplace_back(note_of(row), Style::warn);
    table.add(std::move(cells));
  }
  in.console.print(table);
  for (const auto& row : rows)
    if (!row.backup_trouble.empty()) in.console.warning(format("{}: {}", row.name, row.backup_trouble));
  return 0;
}

}  // namespace belay::cli
