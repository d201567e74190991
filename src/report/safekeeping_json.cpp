#include "report/safekeeping_json.h"

#include "base/text.h"
#include "report/json.h"

namespace belay::report {

namespace {

void add_trial(Node& node, const safekeeping::Trial& trial) {
  node.set("passed", Node::boolean(trial.passed()));
  node.set("service", text_or_null(trial.passed() ? "" : trial.service));
  node.set("reason", text_or_null(trial.passed() ? "" : trial.reason));
  node.set("log_tail", text_or_null(trial.passed() ? "" : std::string(trim(trial.log_tail))));
}

}  // namespace

Node backup_record_json(const BackupRecord& record) {
  Node node = Node::map();
  node.set("id", Node::text(safekeeping::backup_id(record)));
  node.set("name", Node::text(record.app));
  node.set("release", text_or_null(record.release ? record.release->text() : ""));
  node.set("taken", Node::text(iso_time(record.taken)));
  node.set("file", Node::text(safekeeping::where(record)));
  node.set("size_bytes", Node::number(record.size.value));
  node.set("data_size_bytes", safekeeping::is_measured(record) ? Node::number(record.data_size.value) : Node());
  node.set("files", safekeeping::is_measured(record) ? Node::number(record.files) : Node());
  node.set("encrypted", Node::boolean(record.encrypted));
  node.set("with_image", Node::boolean(record.with_image));
  node.set("verified", time_or_null(record.verified));
  node.set("drilled", time_or_null(record.drilled));
  node.set("trouble", text_or_null(record.trouble));
  node.set("drill_failure", text_or_null(record.drill_failure));
  return node;
}

Node backed_up_json(const safekeeping::BackedUp& made, const safekeeping::Pruning& pruned) {
  Node node = Node::map();
  node.set("name", Node::text(made.manifest.app));
  node.set("release", Node::text(made.manifest.release.text()));
  node.set("file", Node::text(made.where));
  node.set("taken", Node::text(iso_time(made.manifest.taken)));
  node.set("size_bytes", Node::number(made.size.value));
  node.set("data_size_bytes", Node::number(made.end.bytes()));
  node.set("files", Node::number(made.end.files()));
  node.set("still_ms", Node::number(made.still.value_or(Milliseconds(0)).count()));
  node.set("left_out", remarks(made.manifest.left_out));
  node.set("no_way_back", remarks(made.no_way_back));
  node.set("warnings", remarks(made.end.warnings));
  node.set("removed",
           list_of(pruned.remove, [](const BackupRecord& gone) { return Node::text(safekeeping::where(gone)); }));
  return node;
}

Node snapshot_json(const safekeeping::SnapshotRow& row) {
  std::vector<std::string> places;
  for (const auto& item : row.snapshot.items) places.push_back(text_of(item.place));
  Node node = Node::map();
  node.set("snapshot", Node::text(row.snapshot.text()));
  node.set("release", text_or_null(row.snapshot.release ? row.snapshot.release->text() : ""));
  node.set("taken", Node::text(iso_time(row.snapshot.taken)));
  node.set("why", Node::text(row.snapshot.why));
  node.set("places", texts(places));
  node.set("size_bytes", row.size ? Node::number(row.size->value) : Node());
  return node;
}

Node verified_json(const backup::Verified& verified) {
  Node items = Node::list();
  for (const auto& item : verified.end.items) {
    const backup::Item& what = verified.manifest.item(item.id);
    Node node = Node::map();
    node.set("source", Node::text(what.source));
    node.set("of_project", Node::boolean(what.of_project));
    node.set("files", Node::number(item.files));
    node.set("size_bytes", Node::number(item.bytes));
    items.add(std::move(node));
  }
  Node node = Node::map();
  node.set("name", Node::text(verified.manifest.app));
  node.set("release", Node::text(verified.manifest.release.text()));
  node.set("taken", Node::text(iso_time(verified.manifest.taken)));
  node.set("encrypted", Node::boolean(verified.encrypted));
  node.set("with_image", Node::boolean(verified.manifest.with_image));
  node.set("items", std::move(items));
  node.set("left_out", remarks(verified.manifest.left_out));
  node.set("warnings", remarks(verified.end.warnings));
  return node;
}

Node drilled_json(const safekeeping::Drilled& drilled) {
  Node node = Node::map();
  node.set("name", Node::text(drilled.manifest.app));
  node.set("release", Node::text(drilled.manifest.release.text()));
  node.set("file", Node::text(drilled.where));
  node.set("taken", Node::text(iso_time(drilled.manifest.taken)));
  node.set("data_size_bytes", Node::number(drilled.end.bytes()));
  node.set("files", Node::number(drilled.end.files()));
  node.set("obstacles", remarks(drilled.obstacles));
  add_trial(node, drilled.trial);
  return node;
}

Node tried_json(const AppName& name, const safekeeping::Tried& tried) {
  Node node = Node::map();
  node.set("name", Node::text(name.text()));
  node.set("release", Node::text(tried.release.text()));
  node.set("candidate", Node::text(tried.candidate));
  node.set("image", Node::text(tried.image));
  node.set("still_ms", Node::number(tried.still.value_or(Milliseconds(0)).count()));
  add_trial(node, tried.trial);
  return node;
}

}  // namespace belay::report
