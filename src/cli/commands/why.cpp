#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "host/look.h"

namespace belay::cli {

int run_why(Invocation& in) {
  HostRun run(in.session, in.description());
  const std::string text = host::why(run.context(), app_name(in), in.stop());
  if (in.has("json")) {
    Node node = Node::map();
    node.set("name", Node::text(in.argument("NAME")));
    node.set("why", Node::text(text));
    in.console.print_json(node);
  } else {
    in.console.line(text);
  }
  return 0;
}

}  // namespace belay::cli
