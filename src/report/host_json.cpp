#include "report/host_json.h"

#include "report/json.h"
#include "report/plan_json.h"

namespace belay::report {

namespace {

Node release_or_null(const std::optional<ReleaseNumber>& release) {
  return release ? Node::text(release->text()) : Node();
}

Node app_json(const declared::DeclaredApp& app) {
  Node node = Node::map();
  node.set("name", text_or_null(app.name));
  node.set("origin", text_or_null(app.origin));
  node.set("kind", word(to_text(app.kind)));
  node.set("outcome", word(to_text(app.change.kind)));
  node.set("release", release_or_null(app.change.release));
  node.set("running", release_or_null(app.change.running));
  node.set("differences", remarks(app.differences));
  node.set("code", app.code ? word(error_name(*app.code)) : Node());
  node.set("reason", text_or_null(app.reason));
  node.set("hint", text_or_null(app.hint));
  node.set("as_declared", Node::boolean(app.as_declared));
  node.set("taken_over", remarks(app.taken_over));
  node.set("orphans", remarks(app.orphans));
  node.set("downtime", app.downtime ? word(to_text(app.downtime->kind)) : Node());
  node.set("outage_ms", app.outage ? Node::number(app.outage->count()) : Node());
  node.set("actions", actions_json(app.change.plan));
  node.set("notes", remarks(app.change.plan.notes));
  node.set("log_tail", text_or_null(app.change.log_tail));
  return node;
}

}  // namespace

Node host_json(const declared::DeclaredHost& host, const std::string& folder, const std::string& trouble) {
  Node apps = Node::list();
  for (const auto& app : host.apps) apps.add(app_json(app));
  Node node = Node::map();
  node.set("folder", Node::text(folder));
  node.set("trouble", text_or_null(trouble));
  node.set("apps", std::move(apps));
  node.set("warnings", remarks(host.warnings));
  return node;
}

}  // namespace belay::report
