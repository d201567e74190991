#include "declared/declare.h"

#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"

namespace belay::cli {

int run_declare(Invocation& in) {
  const AppName name = app_name(in);
  std::optional<ReleaseNumber> which;
  if (const auto release = in.optional_argument("RELEASE")) which = ReleaseNumber::parse(*release);
  HostRun run(in.session, in.description());
  const auto declared = declared::declare(run.context(), name, which, in.stop());
  in.console.print(declared.text);
  for (const auto& warning : declared.warnings) in.console.warning(warning);
  for (const auto& line : declared.left_out)
    in.console.error(
        Error(ErrorCode::settings_lost, format("a definition cannot say this of {}: {}", name.text(), line)));
  return declared.left_out.empty() ? 0 : 1;
}

}  // namespace belay::cli
