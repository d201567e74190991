#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "family/import_store.h"
#include "family/take_over.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

std::string marks_text(const family::Adopted& adopted) {
  std::vector<std::string> marks;
  if (adopted.last) marks.push_back("last is " + adopted.last->text());
  if (adopted.stable) marks.push_back("stable is " + adopted.stable->text());
  if (adopted.autostart != Autostart::none) marks.push_back(format("autostart {}", to_text(adopted.autostart)));
  return join(marks, ", ");
}

}  // namespace

int run_adopt(Invocation& in) {
  const AppName name = app_name(in);
  family::TakeOver how{.dry_run = in.has("dry-run"), .lossy = in.has("lossy")};
  if (const auto scheme = in.text("scheme")) how.scheme = naming_scheme(*scheme);
  how.stores = {family::store_folder(family::StoreKind::jockler), family::store_folder(family::StoreKind::dockervisor)};
  HostRun run(in.session, in.description());
  const auto adopted = family::adopt(run.context(), name, in.arguments("CONTAINER"), how, in.stop());
  const int code = adopted.was_there && in.has("exit-unchanged") ? 3 : 0;
  if (in.has("json")) {
    print_record(in.console, adopted_json(adopted));
    return code;
  }
  for (const auto& warning : adopted.warnings) in.console.warning(warning);
  for (const std::string& lost : adopted.lost) in.console.warning(format("the next release is without it: {}", lost));
  const std::string containers = join(adopted.containers, ", ");
  if (adopted.dry_run) {
    if (!adopted.plan.empty()) print_plan(in.console, adopted.plan);
    in.console.line(
        format("then: {} is an app with the containers {}; {}", name.text(), containers, marks_text(adopted)));
  } else if (adopted.was_there) {
    in.console.success(format("{} has been adopted before: {}", name.text(), containers));
  } else {
    in.console.success(format("{} is an app now: {}; {}", name.text(), containers, marks_text(adopted)));
  }
  return code;
}

}  // namespace belay::cli
