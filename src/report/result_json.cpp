#include "report/result_json.h"

#include <algorithm>

#include "document/json.h"
#include "report/json.h"
#include "report/plan_json.h"

namespace belay::report {

namespace {

Node outcome_word(bool dry_run, bool is_done) {
  return word(dry_run ? "planned" : is_done ? "done" : "unchanged");
}

Node number_or_null(const std::optional<ReleaseNumber>& release) {
  return release ? Node::text(release->text()) : Node();
}

Node bytes_or_null(const std::optional<ByteCount>& size) {
  return size ? Node::number(size->value) : Node();
}

Node bare_name(const std::string& name) {
  Node node = Node::map();
  node.set("name", Node::text(name));
  return node;
}

void add_steps(Node& node, const plan::Plan& plan) {
  node.set("actions", actions_json(plan));
  node.set("notes", remarks(plan.notes));
}

void add_marks(Node& node, const std::optional<ReleaseNumber>& last, const std::optional<ReleaseNumber>& stable) {
  node.set("last", number_or_null(last));
  node.set("stable", number_or_null(stable));
}

}  // namespace

Node removal_json(const std::string& name, const change::Removed& removed, bool dry_run,
                  std::optional<ByteCount> frees) {
  Node node = bare_name(name);
  node.set("outcome", removed.declined ? word("declined") : outcome_word(dry_run, removed.done));
  node.set("frees_bytes", bytes_or_null(frees));
  node.set("kept", remarks(removed.kept));
  add_steps(node, removed.plan);
  return node;
}

Node adopted_json(const family::Adopted& adopted) {
  Node node = bare_name(adopted.app);
  node.set("outcome", outcome_word(adopted.dry_run && !adopted.was_there, !adopted.was_there));
  node.set("containers", texts(adopted.containers));
  add_marks(node, adopted.last, adopted.stable);
  node.set("autostart", word(to_text(adopted.autostart)));
  node.set("lost", remarks(adopted.lost));
  node.set("warnings", remarks(adopted.warnings));
  add_steps(node, adopted.plan);
  return node;
}

Node let_go_json(const AppName& name, const change::LetGo& gone, bool dry_run) {
  Node node = bare_name(name.text());
  node.set("outcome", gone.declined ? word("declined") : outcome_word(dry_run, gone.done));
  node.set("containers", texts(gone.containers));
  node.set("forgotten", remarks(gone.forgotten));
  node.set("kept", remarks(gone.kept));
  node.set("again", text_or_null(gone.again));
  return node;
}

Node imported_json(const family::ImportedFamily& imported, bool dry_run) {
  Node node = bare_name(imported.name);
  node.set("outcome", imported.error ? word("failed") : outcome_word(dry_run && imported.changed, imported.changed));
  node.set("containers", texts(imported.containers));
  add_marks(node, imported.last, imported.stable);
  node.set("autostart", word(to_text(imported.autostart)));
  node.set("settings_file", text_or_null(imported.settings_file));
  node.set("warnings", remarks(imported.warnings));
  node.set("code", imported.error ? word(error_name(imported.error->code())) : Node());
  node.set("reason", imported.error ? Node::text(imported.error->what()) : Node());
  add_steps(node, imported.plan);
  return node;
}

Node imported_json(const family::Imported& imported, bool dry_run) {
  Node node = bare_name(imported.app);
  node.set("outcome", outcome_word(dry_run, imported.changed));
  node.set("image", text_or_null(imported.image));
  node.set("settings", document::read_json(imported.spec, imported.app));
  node.set("warnings", remarks(imported.warnings));
  add_steps(node, imported.plan);
  return node;
}

Node recovered_json(const family::Recovered& recovered, bool dry_run) {
  Node node = bare_name(recovered.app);
  node.set("outcome", recovered.refused ? word("refused") : outcome_word(dry_run, true));
  node.set("is_new", Node::boolean(recovered.is_new));
  node.set("releases", texts(recovered.releases));
  add_marks(node, recovered.last, recovered.stable);
  node.set("lost", remarks(recovered.lost));
  return node;
}

Node build_json(const AppName& name, const family::BuildOutcome& outcome) {
  Node node = bare_name(name.text());
  node.set("outcome", outcome_word(outcome.dry_run, outcome.changed));
  node.set("image", text_or_null(outcome.image));
  node.set("tag", text_or_null(outcome.tag));
  node.set("settings_file", text_or_null(outcome.parameter_file));
  add_steps(node, outcome.plan);
  return node;
}

Node images_json(const plan::Plan& plan, bool dry_run) {
  Node node = Node::map();
  node.set("outcome", outcome_word(dry_run && !plan.empty(), !plan.empty()));
  add_steps(node, plan);
  return node;
}

Node taken_snapshot_json(const AppName& name, const safekeeping::TakenSnapshot& taken, bool dry_run) {
  Node node = bare_name(name.text());
  node.set("outcome", outcome_word(dry_run, !taken.snapshot.empty()));
  node.set("snapshot", text_or_null(taken.snapshot));
  node.set("still_ms", Node::number(taken.still ? taken.still->count() : 0));
  add_steps(node, taken.plan);
  return node;
}

Node marked_json(const AppName& name, const change::Marked& marked,
                 const std::optional<safekeeping::TakenSnapshot>& taken, bool dry_run) {
  Node node = bare_name(name.text());
  node.set("outcome", outcome_word(dry_run && marked.changed, marked.changed));
  node.set("release", number_or_null(marked.release));
  node.set("container", text_or_null(marked.container));
  node.set("snapshot", text_or_null(taken ? taken->snapshot : ""));
  plan::Plan steps = marked.plan;
  if (taken) {
    const size_t behind = steps.actions.size();
    for (auto action : taken->plan.actions) {
      for (size_t& before : action.after) before += behind;
      steps.actions.push_back(std::move(action));
    }
    steps.notes.insert(steps.notes.end(), taken->plan.notes.begin(), taken->plan.notes.end());
  }
  add_steps(node, steps);
  return node;
}

Node rendered_json(const rendering::FileRequest& request, const rendering::FileResult& result) {
  Node node = Node::map();
  node.set("file", Node::text(request.file.string()));
  node.set("changed", Node::boolean(result.has_changed));
  node.set("told", texts(result.told));
  return node;
}

Node ports_json(const std::vector<PortBinding>& ports) {
  Node list = Node::list();
  for (const auto& port : ports) {
    if (!port.host_port) continue;
    Node node = Node::map();
    node.set("container_port", Node::number(port.container_port));
    node.set("protocol", Node::text(port.protocol));
    node.set("host_ip", text_or_null(port.host_ip));
    node.set("host_port", Node::number(*port.host_port));
    list.add(std::move(node));
  }
  return list;
}

Node endings_json(const std::vector<look::Ending>& endings) {
  Node list = Node::list();
  for (const auto& ending : endings) {
    Node node = Node::map();
    node.set("service", Node::text(ending.service));
    node.set("container", Node::text(ending.container));
    node.set("exit_code", Node::number(ending.exit_code));
    list.add(std::move(node));
  }
  return list;
}

}  // namespace belay::report
