#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/state_words.h"
#include "look/look.h"
#include "report/look_json.h"

namespace belay::cli {

namespace {

Style style_of(Verdict verdict) {
  return verdict == Verdict::failed ? Style::bad : verdict == Verdict::passed ? Style::good : Style::plain;
}

Cell image_text(const look::ReleaseRow& row) {
  const std::string image = short_digest(row.image);
  if (!row.image_gone) return image;
  return {format("{} (gone{})", image, row.digest.empty() ? "" : ", can be pulled again"), Style::bad};
}

}  // namespace

int run_releases(Invocation& in) {
  HostRun run(in.session, in.description());
  const AppName app = Named(in, run).app_of(in.optional_argument("NAME"));
  if (in.has("names")) {
    for (const auto& name : look::release_names(run.context(), app)) in.console.line(name);
    return 0;
  }
  const auto rows = look::releases(run.context(), app, in.stop());
  if (in.has("json")) {
    print_record(in.console, "releases", list_of(rows, release_json));
    return 0;
  }
  if (rows.empty()) {
    in.console.note(format("{0} has no releases yet; belay start {0} new makes the first", app.text()));
    return 0;
  }
  Table table({{"RELEASE", Align::left, false},
               {"VERDICT", Align::left, false},
               {"MARKS", Align::left, false},
               {"IMAGE", Align::left, false},
               {"VERSION", Align::left, false, Narrow::below},
               {"CONTAINER", Align::left, false, Narrow::below},
               {"STATE", Align::left, false},
               {"CREATED", Align::left, false},
               {"BY"},
               {"REASON", Align::left, true, Narrow::below}});
  for (const auto& row : rows)
    table.add({row.release,
               {std::string(to_text(row.verdict)), style_of(row.verdict)},
               join(to_texts(row.marks), ", "),
               image_text(row),
               row.more_images > 0 ? format("{} +{}", image_words(row.reference), row.more_images)
                                   : image_words(row.reference),
               row.instances.size() > 1 ? format("{} containers", row.instances.size()) : row.container,
               row.state ? std::string(to_text(*row.state)) : "no container",
               ago(row.created, in.clock.now()),
               row.who,
               row.reason});
  in.console.print(table);
  return 0;
}

}  // namespace belay::cli
