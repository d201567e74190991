#include "safekeeping/plain_restore_remote.h"

#include <algorithm>
#include <set>

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/data_work.h"
#include "change/new_release.h"
#include "change/temporary.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// A volume that is filled for a mount point.
struct Filled {
  MountPoint point;
  std::string volume;   // its name
  std::string reached;  // the folder that it is in the helper, below /belay
};

class RemoteRestoreWork final : public change::DataWork {
 public:
  RemoteRestoreWork(engine::Engine& engine, change::Report& report, fs::path archive, std::vector<MountPoint> points,
                    std::vector<Filled> filled, std::string helper)
      : change::DataWork(engine, report),
        archive_(std::move(archive)),
        points_(std::move(points)),
        filled_(std::move(filled)),
        helper_(std::move(helper)) {}

  void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    const auto filled = std::find_if(filled_.begin(), filled_.end(),
                                     [&](const Filled& each) { return each.volume == step.into.source; });
    Progress told{step.into.source, "unpacking", 0, 0, false, {}};
    // Into the folder above: only so the volume's own folder gets its owner and mode as well.
    engine().write_archive(
        helper_, "/belay",
        [&](const Sink& sink) {
          PlainArchive whole(archive_, [&](std::int64_t read, std::int64_t size) {
            told.current = read;
            told.total = size;
            progress(told);
          });
          archive::TarWriter tar(sink);
          copy_entries(whole, *filled, tar);
          tar.finish();
          whole.read_to_the_end();
        },
        stop);
    told.done = true;
    progress(told);
  }

 private:
  void copy_entries(PlainArchive& whole, const Filled& filled, archive::TarWriter& tar) const {
    archive::TarReader reader(whole.source());
    archive::TarEntry entry;
    while (reader.next(entry)) {
      const ArchivePath way = way_in_archive(entry.name);
      if (!is_of(filled.point, way)) continue;
      const bool is_folder = entry.kind == archive::TarEntry::Kind::folder;
      if (entry.kind == archive::TarEntry::Kind::hard_link) {
        const ArchivePath target = way_in_archive(entry.target);
        if (!is_of(filled.point, target))
          throw Error(ErrorCode::bad_archive,
                      format("the archive holds {} as a further name of {}, which lies in another place",
                             printable(entry.name), printable(entry.target)));
        // Named twice to tar, the first name of a file is a further name of itself.
        if (target == way) continue;
        entry.target = name_in(filled, target);
      }
      entry.name = name_in(filled, way) + (is_folder ? "/" : "");
      tar.begin(entry);
      for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content()) tar.write(bytes);
    }
  }

  // Of this mount point, and of none inside it.
  bool is_of(const MountPoint& point, const ArchivePath& way) const {
    return leads_into(way, point.way) && std::none_of(points_.begin(), points_.end(), [&](const MountPoint& other) {
             return other.way.size() > point.way.size() && leads_into(way, other.way);
           });
  }

  static std::string name_in(const Filled& filled, const ArchivePath& way) {
    std::string name = filled.reached;
    for (size_t i = filled.point.way.size(); i < way.size(); ++i) name += "/" + way[i];
    return name;
  }

  const fs::path archive_;
  const std::vector<MountPoint> points_;
  const std::vector<Filled> filled_;
  const std::string helper_;
};

std::vector<Filled> volumes_to_fill(change::Context& context, const App& app, const std::vector<MountPoint>& points,
                                    std::stop_token stop) {
  const auto volumes = context.engine.volumes({}, stop);
  const auto is_there = [&](const std::string& name) {
    return std::any_of(volumes.begin(), volumes.end(), [&](const Volume& volume) { return volume.name == name; });
  };
  std::vector<Filled> filled;
  for (const auto& point : points) {
    if (!point.is_there) continue;
    if (std::any_of(filled.begin(), filled.end(),
                    [&](const Filled& other) { return other.point.place == point.place; }))
      continue;
    if (point.place.kind != DataPlace::Kind::volume)
      throw Error(ErrorCode::engine_elsewhere,
                  format("only root on the engine's own machine can put data into {}", text_of(point.place)),
                  "Run it there, as root.");
    std::string name = point.place.source;
    if (is_there(name) && app.releases.empty())
      throw Conflict(ErrorCode::foreign_data,
                     format("the volume {} is there already, and {} has never run: it is not known whose data it holds",
                            name, app.name.text()),
                     format("Remove it (docker volume rm {}) if it is not needed, or run the restore as root.", name));
    if (is_there(name)) name = format("{}_{}", name, compact_time(context.clock.now()));
    filled.push_back({point, name, std::to_string(filled.size())});
  }
  return filled;
}

std::string image_for_helper(const App& app) {
  if (!app.releases.empty()) return change::release_of_data(app).images.begin()->second;
  return app.builds.back().image;
}

plan::Plan plan_filling(const App& app, const std::vector<Filled>& filled, const change::Temporary& helper) {
  plan::Plan plan;
  std::vector<size_t> last;
  const auto then = [&](plan::Step step, const std::string& reason) {
    last = {plan.add(std::move(step), reason, last)};
  };
  Service reach;
  reach.name = "reach";
  reach.command = {"true"};
  for (const auto& each : filled) {
    then(plan::CreateVolume{each.volume, labels::for_volume(app.name, "/" + each.point.name())}, "for the data");
    reach.mounts.push_back({Mount::Kind::volume, each.volume, "/belay/" + each.reached, false, {}});
  }
  then(plan::CreateContainer{helper.name, image_for_helper(app), reach, helper.labels, {"no", 0}},
       "the engine reaches the volumes through it; it is never started");
  for (const auto& each : filled)
    then(plan::UnpackData{each.point.name(), each.point.place, {DataPlace::Kind::volume, each.volume}},
         "beside what is there");
  then(plan::RemoveContainer{helper.name}, "it was only there to reach the volumes");
  return plan;
}

// Nothing stays of volumes that are not whole; all of them were made for this.
void drop_filled(change::Context& context, const App& app, const std::vector<Filled>& filled) {
  try {
    discard_temporary(context, app.name);
    const auto volumes = context.engine.volumes({}, {});
    plan::Plan plan;
    for (const auto& each : filled)
      if (std::any_of(volumes.begin(), volumes.end(), [&](const Volume& volume) { return volume.name == each.volume; }))
        plan.add(plan::RemoveVolume{each.volume}, "it is not whole");
    change::carry_out_whole(context, plan, {.is_told = false}, {});
  } catch (const Error& error) {
    context.report.warning(error.what());
  }
}

// The release with these volumes in place of its own.
change::ReleaseDraft with_volumes(const Release& release, const std::vector<Filled>& filled) {
  change::ReleaseDraft made{release.spec, release.images, release.digests, release.files, release.needs};
  for (auto& service : made.spec.services)
    for (auto& mount : service.mounts)
      for (const auto& each : filled)
        if (mount.kind == Mount::Kind::volume && mount.source == each.point.place.source) mount.source = each.volume;
  return made;
}

// What move_to will do once the volumes are filled.
change::Change plan_move(change::Context& context, App& app, const std::vector<Filled>& filled,
                         const plan::Plan& filling, const change::ChangeOptions& options, std::stop_token stop) {
  const change::ReleaseDraft made = with_volumes(change::release_of_data(app), filled);
  change::Change change =
      plan_draft(context, app, made, options, filling, change::Containers::new_ones, std::move(stop), {});
  std::set<std::string> volumes;
  change.plan = plan::without(change.plan, [&](const plan::Step& step) {
    const auto* volume = std::get_if<plan::CreateVolume>(&step);
    return volume != nullptr && !volumes.insert(volume->name).second;
  });
  return change;
}

change::Change move_to(change::Context& context, App& app, const std::vector<Filled>& filled,
                       const change::ChangeOptions& options, std::stop_token stop) {
  const change::ReleaseDraft made = with_volumes(change::release_of_data(app), filled);
  if (change::what_runs(app))
    return start_draft(context, app, made, options, change::Containers::new_ones, "volumes restore", stop);
  Release& release = add_release(context, app, made, nullptr, stop);
  release.verdict = Verdict::unproven;
  app.last = release.number;
  context.store.save(app);
  write_journal(context, app, "volumes restore", "done", "", release.number);
  change::Change change;
  change.kind = change::Change::Kind::done;
  change.release = release.number;
  return change;
}

}  // namespace

PlainRestored restore_through_engine(change::Context& context, App& app, const fs::path& archive,
                                     const std::vector<MountPoint>& points, const change::ChangeOptions& options,
                                     std::stop_token stop) {
  const std::vector<Filled> filled = volumes_to_fill(context, app, points, stop);
  PlainRestored restored;
  for (const auto& each : filled) restored.replaced.push_back(text_of(each.point.place));
  for (const auto& point : points)
    if (std::none_of(filled.begin(), filled.end(), [&](const Filled& each) { return each.point.place == point.place; }))
      restored.untouched.push_back(text_of(point.place));
  const change::Temporary helper = change::temporary(context, app.name, "reach");
  const plan::Plan filling = plan_filling(app, filled, helper);
  if (options.dry_run) {
    restored.change.kind = change::Change::Kind::planned;
    restored.change.plan = filling;
    if (change::what_runs(app)) restored.change = plan_move(context, app, filled, filling, options, stop);
    return restored;
  }
  clear_temporary(context, app.name, stop);
  RemoteRestoreWork work(context.engine, context.report, archive, points, filled, helper.name);
  try {
    change::carry_out_whole(context, filling, {nullptr, &work}, stop);
  } catch (...) {
    drop_filled(context, app, filled);
    throw;
  }
  if (app.releases.empty()) {
    restored.change.kind = change::Change::Kind::done;
    return restored;
  }
  restored.change = move_to(context, app, filled, options, stop);
  for (const auto& each : filled)
    if (each.volume != each.point.place.source && !restored.change.failed())
      restored.change.plan.notes.push_back(
          format("{} is in the volume {} now; what was there stays in {}: belay "
                 "rollback {} goes back to it",
                 "/" + each.point.name(), each.volume, each.point.place.source, app.name.text()));
  return restored;
}

}  // namespace belay::safekeeping
