#include "look/doctor.h"

#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/look_json.h"

namespace belay::cli {

int run_doctor(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto findings = look::doctor(run.installation(), in.clock, in.stop());
  using Level = look::Finding::Level;
  const bool is_bad = std::any_of(findings.begin(), findings.end(),
                                  [](const look::Finding& finding) { return finding.level == Level::bad; });
  if (in.has("json")) {
    print_record(in.console, "findings", list_of(findings, finding_json));
    return is_bad ? 1 : 0;
  }
  for (const auto& finding : findings) {
    const Style style = finding.level == Level::good     ? Style::good
                        : finding.level == Level::advice ? Style::warn
                                                         : Style::bad;
    constexpr size_t width = 7;
    in.console.field(style, level_word(finding), width, format("{}: {}", finding.topic, finding.text));
    if (!finding.remedy.empty()) in.console.field(Style::plain, "", width, finding.remedy);
  }
  return is_bad ? 1 : 0;
}

}  // namespace belay::cli
