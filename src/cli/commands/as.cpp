#include "cli/commands.h"
#include "cli/faces.h"

namespace belay::cli {

int run_as(Invocation& in) {
  return run_face(in.argument("FACE"), in.session, in.arguments("WORD"));
}

}  // namespace belay::cli
