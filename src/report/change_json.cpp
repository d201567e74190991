#include "report/change_json.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "report/json.h"
#include "report/plan_json.h"

namespace belay::report {

std::string hint_for(const AppName& name, const change::Change& change) {
  if (!change.hint.empty()) return change.hint;
  // Logs are promised only of what did run.
  if (change.is_judged && change.release)
    return format("belay logs {0} {1} shows all it wrote; belay retry {0} tries it again.", name.text(),
                  change.release->text());
  if (!change.container.empty() && !change.is_held && change.release)
    return format("{1} is not to blame: belay retry {0} tries it again.", name.text(), change.release->text());
  return format("belay why {0} explains it; belay retry {0} tries it again.", name.text());
}

std::vector<std::string> addresses_of(const plan::Plan& plan) {
  std::vector<std::string> all;
  for (const auto& action : plan.actions)
    if (const auto* made = std::get_if<plan::CreateContainer>(&action.step))
      for (const auto& port : made->service.ports) {
        if (!port.host_port) continue;
        const std::string host = port.host_ip.empty()                          ? "*"
                                 : port.host_ip.find(':') == std::string::npos ? port.host_ip
                                                                               : "[" + port.host_ip + "]";
        std::string address = format("{}:{}", host, *port.host_port);
        if (port.protocol != "tcp") address += "/" + port.protocol;
        if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(std::move(address));
      }
  return all;
}

Node change_json(const AppName& name, const change::Change& change, const Took& took) {
  const auto milliseconds = [](const std::optional<Milliseconds>& time) {
    return time ? Node::number(time->count()) : Node();
  };
  Node node = Node::map();
  node.set("name", Node::text(name.text()));
  node.set("outcome", word(change::to_text(change.kind)));
  node.set("release", text_or_null(change.release ? change.release->text() : ""));
  node.set("running", text_or_null(change.running ? change.running->text() : ""));
  node.set("addresses", texts(addresses_of(change.plan)));
  node.set("duration_ms", milliseconds(took.time));
  node.set("outage_ms", milliseconds(took.outage));
  node.set("code", text_or_null(change.failed() ? std::string(error_kind(change::error_code(change)).name) : ""));
  node.set("reason", text_or_null(change.failed() ? change.reason : ""));
  node.set("hint", text_or_null(change.failed() ? hint_for(name, change) : ""));
  node.set("log_tail", text_or_null(change.failed() ? change.log_tail : ""));
  node.set("actions", actions_json(change.plan));
  node.set("notes", remarks(change.plan.notes));
  return node;
}

}  // namespace belay::report
