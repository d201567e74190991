#include "look/doctor.h"

#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"

namespace belay::cli {

int run_doctor(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto findings = look::doctor(run.installation(), in.clock, in.stop());
  using Level = look::Finding::Level;
  bool bad = false;
  Node list = Node::list();
  for (const auto& finding : findings) {
    const std::string_view level = finding.level == Level::good     ? "ok"
                                   : finding.level == Level::advice ? "advice"
                                                                    : "bad";
    bad = bad || finding.level == Level::bad;
    if (in.has("json")) {
      Node node = Node::map();
      node.set("level", Node::text(std::string(level)));
      node.set("topic", Node::text(finding.topic));
      node.set("text", Node::text(finding.text));
      node.set("remedy", text_or_null(finding.remedy));
      list.add(std::move(node));
      continue;
    }
    const Style style = finding.level == Level::good     ? Style::good
                        : finding.level == Level::advice ? Style::warn
                                                         : Style::bad;
    in.console.line(style, format("{:<6}", level), format(" {}: {}", finding.topic, finding.text));
    if (!finding.remedy.empty()) in.console.line(format("       {}", finding.remedy));
  }
  if (in.has("json")) print_record(in.console, "findings", std::move(list));
  return bad ? 1 : 0;
}

}  // namespace belay::cli
