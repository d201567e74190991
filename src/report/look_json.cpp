#include "report/look_json.h"

#include <algorithm>

#include "report/json.h"

namespace belay::report {

namespace {

// ["8080->80/tcp", "127.0.0.1:5433->5432/tcp"].
Node ports_json(const std::vector<PortBinding>& ports) {
  return list_of(ports, [](const PortBinding& port) { return Node::text(port.text()); });
}

Node errand_json(const Errand& errand) {
  Node node = Node::map();
  node.set("kind", word(to_text(errand.kind)));
  node.set("service", text_or_null(errand.service));
  node.set("schedule", Node::text(errand.schedule));
  node.set("due", Node::text(iso_time(errand.due)));
  node.set("began", time_or_null(errand.began));
  node.set("ended", time_or_null(errand.ended));
  node.set("good", errand.began && errand.ended ? Node::boolean(errand.is_good) : Node());
  node.set("reason", text_or_null(errand.reason));
  return node;
}

}  // namespace

Node instance_json(const look::InstanceRow& row) {
  Node node = Node::map();
  node.set("service", Node::text(row.service));
  node.set("number", Node::number(row.number));
  node.set("container", text_or_null(row.container));
  node.set("state", word(to_text(row.state)));
  node.set("health", row.health == Health::none ? Node() : word(to_text(row.health)));
  node.set("status", text_or_null(row.status));
  node.set("image_id", text_or_null(row.image_id));
  node.set("ports", ports_json(row.ports));
  node.set("should_run", Node::boolean(row.should_run));
  node.set("is_up", Node::boolean(row.is_up));
  return node;
}

Node container_json(const std::string& app, const look::InstanceRow& row) {
  Node node = Node::map();
  node.set("app", Node::text(app));
  const Node instance = instance_json(row);
  for (const auto& member : instance.members()) node.set(member.key, member.value);
  return node;
}

Node summary_json(const look::AppSummary& row) {
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
  node.set("ports", ports_json(row.ports));
  const auto count = look::count_up(row.instances);
  node.set("up", Node::number(count.up));
  node.set("wanted", Node::number(count.wanted));
  node.set("instances", list_of(row.instances, instance_json));
  node.set("autostart", row.autostart ? word(to_text(*row.autostart)) : Node());
  node.set("last_failed", text_or_null(row.last_failed));
  node.set("restarts", Node::number(row.restarts));
  node.set("waits", list_of(row.waits, [](Wait::Topic topic) { return word(to_text(topic)); }));
  node.set("unfinished", Node::boolean(row.unfinished));
  node.set("at_work", text_or_null(row.at_work));
  node.set("trouble", text_or_null(row.trouble));
  node.set("known", Node::boolean(row.known));
  Node backup = Node::map();
  backup.set("last_good", time_or_null(row.backup.last_good));
  backup.set("failed", time_or_null(row.backup.failed));
  backup.set("place", text_or_null(row.backup.place));
  backup.set("reason", text_or_null(row.backup.reason));
  backup.set("late", Node::boolean(row.backup_is_late));
  node.set("backup", std::move(backup));
  node.set("errands", list_of(row.errands, errand_json));
  return node;
}

Node status_json(const look::Status& status) {
  Node node = summary_json(status.summary);
  node.set("wish", Node::text(status.wish));
  node.set("since", time_or_null(status.since));
  node.set("restarts", Node::number(status.restarts));
  node.set("health_output", text_or_null(status.health_output));
  node.set("checks", texts(status.checks));
  Node volumes = Node::list();
  for (const auto& mount : status.volumes) {
    Node volume = Node::map();
    volume.set("source", Node::text(mount.source));
    volume.set("mount_point", Node::text(mount.target));
    volume.set("read_only", Node::boolean(mount.read_only));
    volumes.add(std::move(volume));
  }
  node.set("volumes", std::move(volumes));
  node.set("networks", texts(status.networks));
  node.set("kept_files", remarks(status.kept_files));
  node.set("pending", remarks(status.pending));
  node.set("trouble", text_or_null(status.trouble));
  node.set("images_gone", text_or_null(status.images_gone));
  node.set("lock_holder", text_or_null(status.lock_holder));
  node.set("left_over", text_or_null(status.left_over));
  return node;
}

Node why_json(const std::string& app, const look::Why& why) {
  Node node = Node::map();
  node.set("name", Node::text(app));
  node.set("why", Node::text(why.text));
  Node waits = Node::list();
  for (const auto& wait : why.waits) {
    Node each = Node::map();
    each.set("topic", Node::text(to_text(wait.topic)));
    each.set("text", Node::text(wait.text));
    each.set("since", Node::text(iso_time(wait.since)));
    each.set("until", time_or_null(wait.until));
    waits.add(std::move(each));
  }
  node.set("waits", std::move(waits));
  return node;
}

Node release_json(const look::ReleaseRow& row) {
  Node node = Node::map();
  node.set("release", Node::text(row.release));
  node.set("verdict", word(to_text(row.verdict)));
  node.set("marks", texts(to_texts(row.marks)));
  node.set("image", text_or_null(row.image));
  node.set("reference", text_or_null(row.reference));
  node.set("image_gone", Node::boolean(row.image_gone));
  node.set("digest", text_or_null(row.digest));
  node.set("container", text_or_null(row.container));
  node.set("state", row.state ? word(to_text(*row.state)) : Node());
  node.set("created", Node::text(iso_time(row.created)));
  node.set("who", Node::text(row.who));
  node.set("why", Node::text(row.why));
  node.set("reason", text_or_null(row.reason));
  node.set("failed_service", text_or_null(row.failed_service));
  node.set("instances", list_of(row.instances, instance_json));
  return node;
}

Node journal_json(const look::PastEntry& past) {
  const JournalEntry& entry = past.entry;
  Node node = Node::map();
  node.set("time", Node::text(iso_time(entry.time)));
  node.set("app", text_or_null(entry.app));
  node.set("release", text_or_null(entry.release ? entry.release->text() : ""));
  node.set("who", Node::text(entry.who));
  node.set("verb", Node::text(entry.verb.text()));
  node.set("outcome", Node::text(entry.outcome.text()));
  node.set("cut_off", Node::boolean(past.cut_off));
  node.set("text", Node::text(entry.text));
  return node;
}

Node image_json(const std::string& app, const look::ImageRow& row) {
  Node node = Node::map();
  node.set("app", Node::text(app));
  node.set("id", Node::text(row.id));
  node.set("tags", texts(row.tags));
  node.set("releases", texts(row.releases));
  node.set("newest_build", Node::boolean(row.is_newest_build));
  node.set("marks", texts(to_texts(row.marks)));
  node.set("size_bytes", Node::number(row.size.value));
  node.set("created", time_or_null(row.created));
  return node;
}

Node volume_json(const look::VolumeRow& row) {
  Node node = Node::map();
  node.set("service", text_or_null(row.service));
  node.set("volume", text_or_null(row.volume));
  node.set("mount_point", Node::text(row.mount_point));
  node.set("kind", word(kind_word(row)));
  node.set("mode", word(mode_word(row)));
  node.set("host_path", text_or_null(row.host_path));
  node.set("exists", Node::boolean(row.exists));
  node.set("ours", Node::boolean(row.ours));
  return node;
}

Node processes_json(const look::ContainerProcesses& each) {
  Node node = Node::map();
  node.set("service", Node::text(each.service));
  node.set("container", Node::text(each.container));
  Node rows = Node::list();
  for (const auto& row : each.processes.rows) {
    Node process = Node::map();
    for (size_t i = 0; i < std::min(row.size(), each.processes.titles.size()); ++i)
      process.set(each.processes.titles[i], Node::text(row[i]));
    rows.add(std::move(process));
  }
  node.set("processes", std::move(rows));
  return node;
}

Node finding_json(const look::Finding& finding) {
  Node node = Node::map();
  node.set("level", word(level_word(finding)));
  node.set("topic", Node::text(finding.topic));
  node.set("text", Node::text(finding.text));
  node.set("remedy", text_or_null(finding.remedy));
  return node;
}

Node happening_json(const look::Happening& happening) {
  Node node = Node::map();
  node.set("time", Node::text(iso_time(happening.time)));
  node.set("type", Node::text("container"));
  node.set("app", Node::text(happening.app));
  node.set("service", text_or_null(happening.service));
  node.set("container", Node::text(happening.container));
  node.set("action", Node::text(happening.action));
  Node attributes = Node::map();
  for (const auto& [name, value] : happening.attributes) attributes.set(name, Node::text(value));
  node.set("attributes", std::move(attributes));
  return node;
}

Node autostart_json(const change::AutostartStatus& row) {
  Node node = Node::map();
  node.set("name", Node::text(row.app));
  node.set("autostart", word(to_text(row.autostart)));
  return node;
}

std::string_view kind_word(const look::VolumeRow& row) {
  return row.kind == Mount::Kind::volume ? "volume" : row.kind == Mount::Kind::bind ? "folder" : "memory";
}

std::string_view mode_word(const look::VolumeRow& row) {
  return row.read_only ? "ro" : "rw";
}

std::string_view level_word(const look::Finding& finding) {
  using Level = look::Finding::Level;
  return finding.level == Level::good ? "ok" : finding.level == Level::advice ? "advice" : "bad";
}

}  // namespace belay::report
