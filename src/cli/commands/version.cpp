#include "base/format.h"
#include "cli/commands.h"
#include "cli/invocation.h"

namespace belay::cli {

int run_version(Invocation& in) {
  if (in.has("json")) {
    auto value = document::Node::map();
    value.set("version", document::Node::text(BELAY_VERSION));
    in.console.print_json(value);
    return 0;
  }
  in.console.line(format("belay {}", BELAY_VERSION));
  return 0;
}

}  // namespace belay::cli
