#include "report/service_json.h"

#include "report/json.h"

namespace belay::report {

namespace {

Node rights_json(const service_image::Rights& rights) {
  Node node = Node::map();
  node.set("scripts", word(rights.inside ? "inside" : "host"));
  node.set("ports", texts({rights.ports.begin(), rights.ports.end()}));
  node.set("mounts", texts({rights.mounts.begin(), rights.mounts.end()}));
  node.set("privileged", Node::boolean(rights.privileged));
  node.set("engine_socket", Node::boolean(rights.engine_socket));
  return node;
}

Node rule_json(const service_image::Rule& rule) {
  Node node = Node::map();
  node.set("id", Node::text(rule.id));
  node.set("text", Node::text(rule.text));
  node.set("required", Node::boolean(rule.required));
  node.set("passed", Node::boolean(rule.passed));
  node.set("detail", text_or_null(rule.detail));
  return node;
}

Node command_json(const service_image::CommandLine& command) {
  Node node = Node::map();
  node.set("name", Node::text(command.name));
  node.set("summary", text_or_null(command.summary));
  return node;
}

}  // namespace

Node service_json(const InstalledService& service) {
  Node node = Node::map();
  node.set("name", Node::text(service.name));
  node.set("reference", Node::text(service.version.reference));
  node.set("image_id", Node::text(service.version.image));
  node.set("digest", text_or_null(service.version.digest));
  node.set("scripts", word(service.version.inside ? "inside" : "host"));
  node.set("launcher", text_or_null(service.launcher));
  return node;
}

Node service_done_json(const std::string& name, const service_image::Done& done) {
  Node node = Node::map();
  node.set("name", Node::text(name));
  node.set("result", word(to_text(done.kind)));
  node.set("service", done.service ? service_json(*done.service) : Node());
  node.set("before", text_or_null(done.before));
  node.set("backup", text_or_null(done.kept_backup));
  std::vector<std::string> steps;
  for (const auto& action : done.plan.actions) steps.push_back(plan::step_text(action.step));
  node.set("steps", remarks(steps));
  node.set("kept", remarks(done.kept));
  node.set("left", texts(done.left));
  return node;
}

Node service_backup_json(const std::string& name, const service_image::BackedUp& made) {
  Node node = Node::map();
  node.set("name", Node::text(name));
  node.set("result", word("done"));
  node.set("file", Node::text(made.where));
  node.set("taken", Node::text(iso_time(made.manifest.taken)));
  node.set("size_bytes", Node::number(made.size.value));
  node.set("files", Node::number(made.end.files()));
  node.set("with_image", Node::boolean(made.manifest.with_image));
  return node;
}

Node service_help_json(const InstalledService& service, const service_image::HelpText& help,
                       const std::vector<service_image::CommandLine>& commands) {
  Node node = service_json(service);
  node.set("help", text_or_null(help.text));
  node.set("trouble", text_or_null(help.trouble));
  node.set("commands", list_of(commands, command_json));
  return node;
}

Node service_row_json(const service_image::ServiceRow& row) {
  const auto& has = row.belongings;
  Node node = service_json(row.service);
  node.set("launcher_state", word(to_text(row.launcher)));
  node.set("installed", Node::text(iso_time(row.service.installed)));
  node.set("updated", Node::text(iso_time(row.service.updated)));
  node.set("unfinished", Node::boolean(row.service.unfinished != InstalledService::Unfinished::nothing));
  node.set("containers", texts(has.containers));
  node.set("running", texts({has.running.begin(), has.running.end()}));
  node.set("volumes", texts(has.volumes));
  node.set("networks", texts(has.networks));
  return node;
}

Node examined_json(const service_image::Examined& examined) {
  Node node = Node::map();
  node.set("reference", Node::text(examined.reference));
  node.set("image_id", Node::text(examined.image.id));
  node.set("digest", text_or_null(examined.digest));
  node.set("passes", Node::boolean(examined.passes()));
  node.set("rules", list_of(examined.rules, rule_json));
  node.set("rights", examined.passes() ? rights_json(examined.manifest.rights) : Node());
  node.set("commands", texts(examined.scripts ? examined.scripts->commands() : std::vector<std::string>{}));
  return node;
}

}  // namespace belay::report
