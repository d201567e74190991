#include "base/format.h"
#include "base/text.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/service_run.h"
#include "service_image/service.h"

namespace belay::cli {

namespace {

Node to_node(const service_image::Examined& examined) {
  Node rules = Node::list();
  for (const auto& rule : examined.rules) {
    Node node = Node::map();
    node.set("id", Node::text(rule.id));
    node.set("text", Node::text(rule.text));
    node.set("required", Node::boolean(rule.required));
    node.set("passed", Node::boolean(rule.passed));
    node.set("detail", text_or_null(rule.detail));
    rules.add(std::move(node));
  }
  const auto& rights = examined.manifest.rights;
  Node asked = Node::map();
  asked.set("scripts", word(rights.inside ? "inside" : "host"));
  asked.set("ports", texts({rights.ports.begin(), rights.ports.end()}));
  asked.set("mounts", texts({rights.mounts.begin(), rights.mounts.end()}));
  asked.set("privileged", Node::boolean(rights.privileged));
  asked.set("engine_socket", Node::boolean(rights.engine_socket));
  Node node = Node::map();
  node.set("reference", Node::text(examined.reference));
  node.set("image_id", Node::text(examined.image.id));
  node.set("digest", text_or_null(examined.digest));
  node.set("passes", Node::boolean(examined.passes()));
  node.set("rules", std::move(rules));
  node.set("rights", examined.passes() ? std::move(asked) : Node());
  node.set("commands", texts(examined.scripts ? examined.scripts->commands() : std::vector<std::string>{}));
  return node;
}

void print_check(Console& console, const service_image::Examined& examined) {
  for (const auto& rule : examined.rules) {
    const std::string detail = rule.detail.empty() ? "" : ": " + printable(rule.detail);
    const std::string text = format("  {}{}", rule.text, detail);
    if (rule.passed)
      console.line(Style::good, "ok     ", text);
    else if (rule.required)
      console.line(Style::bad, "BROKEN ", text);
    else
      console.line(Style::warn, "advice ", text);
  }
  if (!examined.passes()) return;
  console.line("");
  for (const auto& sentence : sentences(examined.manifest.rights, examined.scripts->commands().size()))
    console.line(format("It {}.", printable(sentence)));
  console.line(format("Its commands: {}", join(examined.scripts->commands(), ", ")));
}

}  // namespace

int check_service_image(Session& session, const std::string& command, const ImageCheck& check) {
  HostRun run(session, command);
  const auto examined = service_image::check_image(run.context(), check.reference, session.stop());
  run.report().close();
  if (!check.script.empty()) {
    const auto* file = examined.scripts ? examined.scripts->find(check.script) : nullptr;
    if (file == nullptr)
      throw NotFound(ErrorCode::file_not_found,
                     format("{} has no script {}", printable(check.reference), printable(check.script)));
    session.console.print(file->content);
    return 0;
  }
  if (check.json)
    print_record(session.console, to_node(examined));
  else
    print_check(session.console, examined);
  return examined.passes() ? 0 : 1;
}

}  // namespace belay::cli
