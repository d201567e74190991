#include <algorithm>

#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/port_text.h"
#include "cli/state_words.h"
#include "look/errand_text.h"
#include "look/look.h"
#include "report/look_json.h"

namespace belay::cli {

namespace {

// Of its containers only those that were asked for.
void keep_only(look::AppSummary& row, const Target& what) {
  if (what.service.empty()) return;
  std::vector<std::string> known;
  for (const auto& each : row.instances)
    if (std::find(known.begin(), known.end(), each.service) == known.end()) known.push_back(each.service);
  std::erase_if(row.instances, [&](const look::InstanceRow& each) {
    return each.service != what.service || (what.number != 0 && each.number != what.number);
  });
  if (row.instances.empty())
    throw NotFound(ErrorCode::service_not_found, format("there is no {}", what.text()),
                   format("The services of {}: {}", row.name, join(known, ", ")));
  row.container = row.instances.front().container;
  row.status = row.instances.front().status;
  row.ports = row.instances.front().ports;
  row.health = row.instances.front().health;
  if (row.instances.size() == 1) row.state = row.instances.front().state;
}

std::string label_of(const look::InstanceRow& instance) {
  return "  " + (instance.number > 1 ? format("{}/{}", instance.service, instance.number) : instance.service);
}

void print_status(Console& console, const look::Status& status, Time now) {
  const auto& row = status.summary;
  size_t width = 12;
  if (row.instances.size() > 1)
    for (const auto& each : row.instances) width = std::max(width, label_of(each).size() + 2);
  const auto field = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) console.field(Style::plain, name, width, value);
  };
  console.line(Style::bold, row.name);
  const std::string state = words_of(row.state);
  field("  state", row.health == Health::none ? state : format("{} ({})", state, to_text(row.health)));
  field("  wanted", status.wish);
  field("  since", status.since ? local_time(*status.since) : "");
  field("  release", row.verdict ? format("{} ({})", row.release, to_text(*row.verdict)) : row.release);
  field("  failed", row.last_failed);
  field("  stable", row.stable);
  field("  image", image_words(row.image));
  field("  container", row.status.empty() ? row.container : format("{} ({})", row.container, row.status));
  if (row.instances.size() > 1)
    for (const auto& each : row.instances)
      field(label_of(each),
            format("{}{}{}", words_of(each.state),
                   each.health == Health::none ? "" : format(" ({})", to_text(each.health)),
                   each.container.empty()
                       ? ""
                       : format(", {}{}", each.container, each.status.empty() ? "" : " (" + each.status + ")")));
  field("  ports", text_of_ports(row.ports));
  std::vector<std::string> volumes;
  for (const auto& mount : status.volumes)
    volumes.push_back(format("{}:{}{}", mount.source, mount.target, mount.read_only ? ":ro" : ""));
  field("  volumes", join(volumes, ", "));
  field("  networks", join(status.networks, ", "));
  field("  kept files", join(status.kept_files, ", "));
  field("  restarts", status.restarts == 0 ? "" : format("{}", status.restarts));
  field("  probe", status.health_output);
  field("  checks", join(status.checks, "; "));
  field("  autostart", !row.autostart || *row.autostart == Autostart::none ? "" : std::string(to_text(*row.autostart)));
  field("  backup", !row.backup_trouble.empty() ? row.backup_trouble
                    : row.backup.last_good ? format("the last good one was taken {}", local_time(*row.backup.last_good))
                                           : "");
  for (const auto& errand : row.errands)
    field(errand.kind == Errand::Kind::backup ? "  backups" : "  job",
          format("{}{}: {}; {}", row.instances.size() > 1 && !errand.service.empty() ? errand.service + ", " : "",
                 errand.schedule, look::turn_text(errand, now), look::outcome_text(errand, now)));
  field("  at work", status.lock_holder);
  field("  trouble", status.trouble);
  field("  left over", status.left_over);
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
  std::vector<look::Status> all;
  Named named(in, run);
  std::vector<Target> asked;
  for (const auto& word : in.arguments("NAME")) asked.push_back(named.of(word));
  if (asked.empty())
    if (const auto here = named.app_here()) asked.emplace_back(*here);
  for (const Target& what : asked) {
    all.push_back(look::status(run.context(), what.app, in.stop()));
    keep_only(all.back().summary, what);
  }
  const bool is_one = asked.size() == 1;
  if (asked.empty()) all = look::statuses(run.context(), in.stop());
  Node list = Node::list();
  for (const auto& status : all) {
    if (in.has("json")) {
      list.add(status_json(status));
    } else {
      print_status(in.console, status, in.clock.now());
    }
  }
  if (!in.has("json")) return 0;
  if (is_one)
    print_record(in.console, list.items().at(0));
  else
    print_record(in.console, "apps", std::move(list));
  return 0;
}

}  // namespace belay::cli
