#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/take_over.h"

namespace belay::cli {

int run_import(Invocation& in) {
  // import run NAME -- docker run …, or import run -- docker run --name NAME …
  std::string name = in.optional_argument("NAME").value_or("");
  std::vector<std::string> line = in.arguments("WORD");
  if (name == "--" || name == "docker") {
    if (name == "docker") line.insert(line.begin(), name);
    name.clear();
  }
  if (!line.empty() && line.front() == "--") line.erase(line.begin());
  if (line.empty()) throw in.usage_error("the docker run line is missing");
  HostRun run(in.session, in.description());
  const auto imported = host::import_run(run.context(), name, line, in.has("dry-run"), in.stop());
  run.report().close();
  for (const auto& warning : imported.warnings) in.console.warning(warning);
  if (in.has("dry-run")) {
    in.console.line(imported.spec);
    return 0;
  }
  in.console.success(format("{} is an app now, from image {}", imported.app, short_digest(imported.image)));
  in.console.note(format("start it with: belay start {} new", imported.app));
  return 0;
}

}  // namespace belay::cli
