#include "base/format.h"
#include "cli/commands.h"
#include "cli/invocation.h"

namespace belay::cli {

int run_version(Invocation& in) {
  in.console.line(format("belay {}", BELAY_VERSION));
  return 0;
}

}  // namespace belay::cli
