#include "base/format.h"
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/json_output.h"

namespace belay::cli {

int run_version(Invocation& in) {
  if (in.has("json")) {
    auto value = document::Node::map();
    value.set("version", document::Node::text(BELAY_VERSION));
    print_record(in.console, value);
    return 0;
  }
  in.console.line(in.has("short") ? BELAY_VERSION : format("belay {}", BELAY_VERSION));
  return 0;
}

}  // namespace belay::cli
