#include "base/text.h"
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/volume_table.h"

namespace belay::cli {

std::string use_of(const look::ImageRow& row) {
  std::vector<std::string> uses = to_texts(row.marks);
  if (row.is_newest_build) uses.insert(uses.begin(), "newest build");
  return uses.empty() ? "unused" : join(uses, ", ");
}

int run_images(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto rows = look::images(run.context(), Named(in, run).of(in.optional_argument("NAME"), "NAME").app, in.stop());
  if (in.has("ids")) {
    for (const auto& row : rows) in.console.line(row.id);
    return 0;
  }
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& row : rows) {
      Node node = Node::map();
      node.set("id", Node::text(row.id));
      node.set("tags", texts(row.tags));
      node.set("releases", texts(row.releases));
      node.set("newest_build", Node::boolean(row.is_newest_build));
      node.set("marks", texts(to_texts(row.marks)));
      node.set("size_bytes", Node::number(row.size.value));
      node.set("created", row.created ? Node::text(iso_time(*row.created)) : Node());
      list.add(std::move(node));
    }
    print_record(in.console, "images", std::move(list));
    return 0;
  }
  Table table({{"IMAGE", Align::left, false}, {"TAGS"}, {"RELEASES"}, {"USE"}, {"SIZE", Align::right}, {"CREATED"}});
  for (const auto& row : rows)
    table.add({short_digest(row.id), join(row.tags, ", "), join(row.releases, ", "), use_of(row), byte_text(row.size),
               row.created ? ago(*row.created, in.clock.now()) : std::string()});
  in.console.print(table);
  return 0;
}

}  // namespace belay::cli
