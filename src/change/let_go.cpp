#include "change/let_go.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/change.h"
#include "change/forgotten_files.h"
#include "change/kept_files.h"
#include "model/naming.h"
#include "plan/planner.h"
#include "state/store.h"

namespace belay::change {

namespace {

void refuse_what_goes_anyway(const App& app) {
  if (!app.wish.is<goal::Removed>()) return;
  throw Conflict(ErrorCode::being_removed, format("{} is being removed", app.name.text()),
                 format("belay remove {} finishes it.", app.name.text()));
}

// The next pass would find the definition without its app, and the containers in its way. A definition that is not
// there now may be on a disk that is not mounted, but nobody could move it out of the way.
void refuse_declared(const App& app) {
  if (app.origin_kind != Origin::definition || app.origin.empty()) return;
  std::error_code unknown;
  if (fs::status(app.origin, unknown).type() == fs::file_type::not_found) return;
  throw Conflict(
      ErrorCode::declared_elsewhere, format("{} is declared in {}", app.name.text(), app.origin),
      format("While belay serve is stopped, move that file out of its folder; then: belay forget {}", app.name.text()));
}

// The copies go with the app, and a container that is bound to one could not be started again.
void refuse_bound_copies(const Context& context, const App& app, const std::vector<plan::Instance>& instances) {
  for (const auto& instance : instances) {
    const Release* release = app.find(instance.release);
    if (release == nullptr) continue;
    const auto copies = bound_copies(context.store, app, release->spec);
    if (copies.empty()) continue;
    throw Conflict(format("the container {} is bound to a copy of {} that Belay keeps for it", instance.container->name,
                          copies.begin()->second),
                   format("Start a release with the files of this host first, and belay cleanup {} --keep 0 removes "
                          "the older ones.",
                          app.name.text()));
  }
}

std::vector<std::string> what_is_forgotten(const App& app) {
  std::vector<std::string> lines;
  if (!app.releases.empty()) {
    std::string line = format("{} with settings, verdicts and kept files",
                              counted(static_cast<std::int64_t>(app.releases.size()), "release"));
    if (app.last) line += format("; last is {}", app.last->text());
    if (app.stable) line += format(", stable is {}", app.stable->text());
    lines.push_back(std::move(line));
  }
  if (!app.builds.empty()) lines.push_back("what was built for it, and with which settings");
  if (!app.quarantine.empty()) lines.push_back("which images failed");
  if (app.autostart != Autostart::none) lines.push_back("that it is started with the host");
  return lines;
}

std::vector<std::string> what_stays(Context& context, const App& app, const World& world,
                                    const std::vector<plan::Instance>& instances) {
  std::vector<std::string> lines;
  std::set<std::string> volumes;
  std::set<std::string> of_snapshots;  // these have lines of their own
  for (const auto& snapshot : app.snapshots)
    for (const auto& item : snapshot.items) of_snapshots.insert(item.kept.source);
  for (const auto& instance : instances) {
    lines.push_back(format("container {}, {}", instance.container->name, to_text(instance.container->state)));
    for (const auto& mount : instance.container->mounts)
      if (mount.kind == Mount::Kind::volume) volumes.insert(mount.source);
  }
  for (const auto& volume : world.volumes)
    if (const auto label = volume.labels.find(labels::app);
        label != volume.labels.end() && label->second == app.name.text() && !of_snapshots.contains(volume.name))
      volumes.insert(volume.name);
  for (const auto& volume : volumes) lines.push_back(format("volume {} with its data", volume));
  for (const auto& snapshot : app.snapshots)
    for (const auto& item : snapshot.items)
      lines.push_back(format("{}: the data of the snapshot {}", text_of(item.kept), snapshot.text()));
  std::set<std::string> tags;
  for (const auto& release : app.releases)
    for (const auto& [service, image] : release.images)
      if (const auto present = world.images.find(image); present != world.images.end()) {
        const std::string tag = pin_tag(app.name, service, release.number);
        const auto& has = present->second.tags;
        if (std::find(has.begin(), has.end(), tag) != has.end()) tags.insert(tag);
      }
  if (!tags.empty())
    lines.push_back(format("{} with the {} {}", tags.size() == 1 ? "the image" : "the images",
                           tags.size() == 1 ? "tag" : "tags", join({tags.begin(), tags.end()}, ", ")));
  if (const auto backups = context.store.backups(app.name.text()); !backups.empty())
    lines.push_back(
        format("{}: belay backups {}", counted(static_cast<std::int64_t>(backups.size()), "backup"), app.name.text()));
  return lines;
}

std::string way_again(const AppName& name, const LetGo& gone) {
  if (gone.containers.empty()) return {};
  if (gone.bears_labels) return "belay recover";
  if (gone.containers == std::vector{name.text()}) return format("belay adopt {}", name.text());
  return format("belay adopt {} {}", name.text(), join(gone.containers, " "));
}

}  // namespace

LetGo let_go(Context& context, const AppName& name, bool dry_run, const std::function<bool(const LetGo&)>& confirm,
             std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = known_app(context, name, stop);
  refuse_what_goes_anyway(app);
  refuse_declared(app);
  if (!dry_run) finish_unfinished(context, app, stop);
  const World world = observe(context.engine, app, stop);
  const auto instances = plan::instances(app, world);
  refuse_bound_copies(context, app, instances);
  LetGo gone;
  for (const auto& instance : instances) {
    gone.containers.push_back(instance.container->name);
    gone.bears_labels = gone.bears_labels || instance.container->owner().has_value();
  }
  gone.forgotten = what_is_forgotten(app);
  gone.kept = what_stays(context, app, world, instances);
  gone.again = way_again(name, gone);
  if (dry_run) return gone;
  if (!confirm(gone)) {
    gone.declined = true;
    return gone;
  }
  drop_forgotten_files(context);
  forget_with_files(context, name);
  write_journal(context, app, "forget", "done", join(gone.containers, ", "));
  gone.done = true;
  return gone;
}

}  // namespace belay::change
