#include "base/format.h"
#include "base/text.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/service_run.h"
#include "report/service_json.h"
#include "service_image/service.h"

namespace belay::cli {

namespace {

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
    print_record(session.console, report::examined_json(examined));
  else
    print_check(session.console, examined);
  return examined.passes() ? 0 : 1;
}

}  // namespace belay::cli
