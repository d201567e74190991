#include <set>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/volume_table.h"
#include "cli/which_app.h"
#include "report/look_json.h"

namespace belay::cli {

std::string use_of(const look::ImageRow& row) {
  std::vector<std::string> uses = to_texts(row.marks);
  if (row.is_newest_build) uses.insert(uses.begin(), "newest build");
  return uses.empty() ? "unused" : join(uses, ", ");
}

namespace {

struct AppImage {
  std::string app;
  look::ImageRow row;
};

std::vector<AppImage> images_of(Invocation& in, HostRun& run) {
  Named named(in, run);
  const auto asked = in.optional_argument("NAME");
  if (asked && in.has("all")) throw in.usage_error("--all goes without a name");
  std::vector<AppName> apps;
  if (in.has("all") || (!asked && !named.project()))
    apps = all_apps(run.context());
  else
    apps.push_back(named.of(asked, "NAME").app);
  std::vector<AppImage> all;
  for (const auto& app : apps)
    for (auto& row : look::images(run.context(), app, in.stop())) all.push_back({app.text(), std::move(row)});
  return all;
}

}  // namespace

int run_images(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto rows = images_of(in, run);
  if (in.has("ids") || in.globals.quiet) {
    std::set<std::string> told;
    for (const auto& [app, row] : rows)
      if (told.insert(row.id).second) in.console.line(row.id);
    return 0;
  }
  if (in.has("json")) {
    print_record(in.console, "images",
                 list_of(rows, [](const AppImage& each) { return image_json(each.app, each.row); }));
    return 0;
  }
  if (rows.empty()) {
    in.console.note("there are no images of apps");
    return 0;
  }
  Table table({{"IMAGE", Align::left, false},
               {"APP", Align::left, false},
               {"TAGS"},
               {"RELEASES"},
               {"USE"},
               {"SIZE", Align::right},
               {"CREATED"}});
  for (const auto& [app, row] : rows)
    table.add({short_digest(row.id), app, join(row.tags, ", "), join(row.releases, ", "), use_of(row),
               byte_text(row.size), row.created ? ago(*row.created, in.clock.now()) : std::string()});
  in.console.print(table);
  return 0;
}

}  // namespace belay::cli
