#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "look/look.h"

namespace belay::cli {

int run_config(Invocation& in) {
  HostRun run(in.session, in.description());
  const AppName name = app_name(in);
  const std::string which = in.optional_argument("RELEASE").value_or("");
  if (const auto from = in.text("diff")) {
    const auto changes = look::config_differences(run.context(), name, *from, which, in.stop());
    if (in.has("json")) {
      Node list = Node::list();
      for (const auto& change : changes) {
        Node node = Node::map();
        node.set("field", Node::text(change.field));
        node.set("before", text_or_null(change.before));
        node.set("after", text_or_null(change.after));
        list.add(std::move(node));
      }
      print_record(in.console, "differences", std::move(list));
      return 0;
    }
    if (changes.empty()) in.console.note("they are alike");
    for (const auto& change : changes) in.console.line(change.text());
    return 0;
  }
  in.console.line(look::config(run.context(), name, which, in.stop()).json);
  return 0;
}

}  // namespace belay::cli
