#include <algorithm>
#include <cerrno>
#include <sys/stat.h>

#include "archive/tree.h"
#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/claims.h"
#include "change/data_swap.h"
#include "change/data_work.h"
#include "change/places.h"
#include "engine/direct.h"
#include "family/family_release.h"
#include "safekeeping/plain_archive.h"
#include "safekeeping/plain_backup.h"
#include "safekeeping/plain_part.h"
#include "safekeeping/plain_restore_remote.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// What the plan of a plain restore does: for each place the archive is read once more, for its entries may be in any
// order. One thread at a time.
class PlainRestoreWork final : public change::DataWork {
 public:
  PlainRestoreWork(engine::Engine& engine, change::Report& report, fs::path archive, std::vector<MountPoint> points)
      : change::DataWork(engine, report), report_(report), archive_(std::move(archive)), points_(std::move(points)) {}

  void unpack(const plan::UnpackData& step, const engine::ProgressSink& progress, std::stop_token stop) override {
    Progress told{step.place.source, "unpacking", 0, 0, false, {}};
    archive::TreeEvents events;
    events.warning = [&](const std::string& warning) { report_.warning(format("{}: {}", step.place.source, warning)); };
    on_read_ = [&](std::int64_t read, std::int64_t size) {
      told.current = read;
      told.total = size;
      progress(told);
    };
    // A bound folder that is not there yet is made, so that it can be exchanged like any other.
    if (step.place.kind == DataPlace::Kind::folder && !data::content_of(step.place.source))
      make_folder(step.place.source);
    reserves(stop).fill(step.into, [&](const fs::path& into) {
      if (step.into.kind == DataPlace::Kind::file)
        unpack_file(step.item, into, events, stop);
      else
        unpack_folder(step.item, into, events, stop);
    });
    told.done = true;
    progress(told);
  }

 private:
  void extract(const fs::path& into, archive::ExtractOptions options, const archive::TreeEvents& events,
               std::stop_token stop) const {
    PlainArchive whole(archive_, on_read_);
    options.limits = PlainArchive::limits();
    options.devices = true;
    options.doubles = true;
    archive::extract_tree(whole.source(), into, options, events, stop);
    whole.read_to_the_end();
  }
  void unpack_folder(const std::string& name, const fs::path& into, const archive::TreeEvents& events,
                     std::stop_token stop) const {
    archive::ExtractOptions options;
    options.below = name;
    const ArchivePath way = way_in_archive(name);
    for (const auto& other : points_)
      if (other.way.size() > way.size() && leads_into(other.way, way)) options.without.push_back(other.name());
    extract(into, std::move(options), events, stop);
  }
  void unpack_file(const std::string& name, const fs::path& into, const archive::TreeEvents& events,
                   std::stop_token stop) const {
    const fs::path folder = into.string() + ".d";
    fs::remove_all(folder);
    if (::mkdir(folder.c_str(), 0700) != 0) throw system_error(format("making {}", folder.string()), errno);
    archive::ExtractOptions options;
    options.only = {name};
    extract(folder, std::move(options), events, stop);
    if (!fs::is_regular_file(fs::symlink_status(folder / name)))
      throw Error(ErrorCode::bad_archive, format("the archive has no file in the place of {}", printable(name)));
    fs::rename(folder / name, into);
    fs::remove_all(folder);
  }

  change::Report& report_;
  const fs::path archive_;
  const std::vector<MountPoint> points_;
  PlainArchive::ReadProgress on_read_;  // of the place that is being unpacked
};

// Of the release that runs or ran last; before the first one, as the last build would have it.
Spec spec_of(change::Context& context, const App& app, std::stop_token stop) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  if (const Release* release = number ? app.find(*number) : nullptr) return release->spec;
  const Build* build = app.latest_build();
  if (build == nullptr)
    throw NotFound(ErrorCode::release_not_found,
                   format("{} was never built: its volumes are not known", app.name.text()),
                   format("Build it first, then restore, then start it: belay build {}", app.name.text()));
  const auto image = context.engine.image(build->image, stop);
  if (!image)
    throw NotFound(ErrorCode::image_gone, format("the image of the last build of {} is gone", app.name.text()),
                   format("Build it again: belay build {}", app.name.text()));
  const auto& configurations = build->configurations;
  const auto& configuration =
      configurations.contains("default") ? configurations.at("default") : configurations.begin()->second;
  Spec spec = configuration.spec;
  spec.services.at(0) = family::family_service(context, app, *build, configuration, image->config, stop);
  return spec;
}

// Every target of every place; also of bound folders that are not on this host yet.
std::vector<MountPoint> mount_points(const Spec& spec) {
  std::vector<MountPoint> points;
  for (const auto& use : change::places_of(spec).uses)
    for (const auto& target : use.targets) points.push_back({use.place, way_in_archive(target)});
  for (const auto& service : spec.services)
    for (const auto& mount : service.mounts) {
      std::error_code error;
      if (mount.kind != Mount::Kind::bind || fs::symlink_status(mount.source, error).type() != fs::file_type::not_found)
        continue;
      const ArchivePath way = way_in_archive(mount.target);
      if (std::none_of(points.begin(), points.end(), [&](const MountPoint& point) { return point.way == way; }))
        points.push_back({{DataPlace::Kind::folder, fs::path(mount.source).lexically_normal().string()}, way});
    }
  return points;
}

// Reads the archive to its end and marks the mount points that it has something for.
void look_through(const AppName& name, const fs::path& path, std::vector<MountPoint>& points, std::stop_token stop) {
  PlainArchive whole(path);
  archive::TreeEvents events;
  events.entry = [&](const archive::TarEntry& entry) {
    const ArchivePath way = way_in_archive(entry.name);
    MountPoint* owner = nullptr;
    for (auto& point : points)
      if (leads_into(way, point.way) && (owner == nullptr || point.way.size() > owner->way.size())) owner = &point;
    if (owner != nullptr) {
      owner->is_there = true;
      return;
    }
    const bool is_on_the_way =
        entry.kind == archive::TarEntry::Kind::folder &&
        std::any_of(points.begin(), points.end(), [&](const auto& point) { return leads_into(point.way, way); });
    if (is_on_the_way) return;
    std::vector<std::string> targets;
    for (const auto& point : points) targets.push_back("/" + point.name());
    throw Error(
        ErrorCode::bad_archive,
        format("the archive holds {}, which is in none of the mount points of {}", printable(entry.name), name.text()),
        targets.empty() ? "" : format("It has data at: {}", join(targets, ", ")));
  };
  archive::list_tree(whole.source(), PlainArchive::limits(), events, stop);
  whole.read_to_the_end();
}

}  // namespace

PlainRestored restore_plain(change::Context& context, const AppName& name, const fs::path& archive,
                            const change::ChangeOptions& options, std::stop_token stop) {
  return restore_plain(context, name, PlainPart{}, archive, options, std::move(stop));
}

PlainRestored restore_plain(change::Context& context, const AppName& name, const PlainPart& part,
                            const fs::path& archive, const change::ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("restoring {} from {}", name.text(), printable(archive.string())), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    auto points = mount_points(spec_of_part(name, spec_of(context, app, stop), part));
    look_through(name, archive, points, stop);
    if (std::none_of(points.begin(), points.end(), [](const MountPoint& point) { return point.is_there; }))
      throw NotFound(format("the archive is empty: it has nothing for {}", name.text()));
    if (!engine::shares_files(context.engine, options.dry_run, stop))
      return restore_through_engine(context, app, archive, points, options, stop);
    PlainRestored restored;
    std::vector<change::DataSource> fillings;
    std::vector<DataPlace> done;
    for (const auto& point : points) {
      // The same place at a second mount point holds the same.
      if (!point.is_there || std::find(done.begin(), done.end(), point.place) != done.end()) continue;
      done.push_back(point.place);
      restored.replaced.push_back(text_of(point.place));
      fillings.push_back({point.place, "/" + point.name(),
                          [item = point.name(), place = point.place](const DataPlace& reserve) -> plan::Step {
                            return plan::UnpackData{item, place, reserve};
                          },
                          "beside what is there"});
    }
    for (const auto& point : points)
      if (std::find(done.begin(), done.end(), point.place) == done.end()) {
        done.push_back(point.place);
        restored.untouched.push_back(text_of(point.place));
      }
    // The app's own settings name them, not the archive.
    std::vector<DataPlace> own;
    for (const auto& point : points) own.push_back(point.place);
    if (const auto place = change::place_around(fs::absolute(archive), own, context.engine.volumes({}, stop)))
      throw Conflict(ErrorCode::foreign_data,
                     format("the archive lies in {}, whose data it is to replace", text_of(*place)),
                     "Copy it elsewhere first: it would go away with the old data.");
    PlainRestoreWork work(context.engine, context.report, archive, points);
    exec::RunOptions run = context.run;
    run.data = &work;
    change::Context with_data{context.engine,        context.store,    context.clock,
                              context.report,        context.who,      context.command,
                              context.wait_for_lock, context.defaults, run};
    restored.change = swap_data(with_data, app, change::what_runs(app), fillings,
                                {format("replaced by {}", archive.filename().string()), {}, {}, own}, options,
                                "volumes restore", stop);
    for (const auto& snapshot : app.snapshots)
      if (snapshot.number == app.highest_snapshot && snapshot.complete) restored.snapshot = snapshot.text();
    return restored;
  });
}

}  // namespace belay::safekeeping
