#include "base/format.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/look.h"

namespace belay::cli {

int run_history(Invocation& in) {
  HostRun run(in.session, in.description());
  std::optional<AppName> name;
  Named named(in, run);
  const auto asked = in.optional_argument("NAME");
  const bool is_service =
      asked && AppName::is_valid(*asked) && !named.is_app(*asked) && named.app_here() && named.project()->has(*asked);
  if (asked && !is_service)
    name.emplace(*asked);  // also one that is gone
  else if (asked || !in.number("keep"))
    name = named.app_here();
  if (const auto keep = in.number("keep")) {
    if (in.has("lines") || in.has("json")) throw in.usage_error("--keep goes neither with --lines nor with --json");
    const int removed = look::trim_history(run.context(), name, static_cast<int>(std::min(*keep, 1'000'000LL)));
    in.console.success(removed == 1 ? "1 entry removed" : format("{} entries removed", removed));
    return 0;
  }
  const auto limit = static_cast<int>(std::min(in.number("lines").value_or(50), 1'000'000LL));
  const auto entries = look::history(run.context(), name, limit);
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& entry : entries) {
      Node node = Node::map();
      node.set("time", Node::text(iso_time(entry.time)));
      node.set("app", text_or_null(entry.app));
      node.set("release", text_or_null(entry.release ? entry.release->text() : ""));
      node.set("who", Node::text(entry.who));
      node.set("verb", Node::text(entry.verb));
      node.set("outcome", Node::text(entry.outcome));
      node.set("text", Node::text(entry.text));
      list.add(std::move(node));
    }
    print_record(in.console, "entries", std::move(list));
    return 0;
  }
  Table table({{"TIME", Align::left, false},
               {"APP", Align::left, false},
               {"VERB", Align::left, false},
               {"RELEASE"},
               {"OUTCOME", Align::left, false},
               {"BY"},
               {"WHAT"}});
  for (const auto& entry : entries)
    table.add({iso_time(std::chrono::floor<Seconds>(entry.time)), entry.app, entry.verb,
               entry.release ? entry.release->text() : std::string(), entry.outcome, entry.who, entry.text});
  if (!table.empty()) in.console.print(table);
  return 0;
}

}  // namespace belay::cli
