#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/look.h"

namespace belay::cli {

int run_why(Invocation& in) {
  HostRun run(in.session, in.description());
  const AppName name = Named(in, run).app_of(in.optional_argument("NAME"));
  const look::Why why = look::why(run.context(), name, in.stop());
  if (in.has("json")) {
    Node node = Node::map();
    node.set("name", Node::text(name.text()));
    node.set("why", Node::text(why.text));
    Node waits = Node::list();
    for (const auto& wait : why.waits) {
      Node each = Node::map();
      each.set("topic", Node::text(to_text(wait.topic)));
      each.set("text", Node::text(wait.text));
      each.set("since", Node::text(iso_time(wait.since)));
      each.set("until", wait.until ? Node::text(iso_time(*wait.until)) : Node());
      waits.add(std::move(each));
    }
    node.set("waits", std::move(waits));
    print_record(in.console, node);
  } else {
    in.console.line(why.text);
  }
  return 0;
}

}  // namespace belay::cli
