#include "safekeeping/restore.h"

#include <algorithm>

#include "backup/reader.h"
#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/claims.h"
#include "change/clear_up.h"
#include "change/data_swap.h"
#include "change/kept_files.h"
#include "change/new_release.h"
#include "change/start.h"
#include "change/temporary.h"
#include "engine/direct.h"
#include "plan/sequence.h"
#include "safekeeping/engine_filling.h"
#include "safekeeping/restore_targets.h"
#include "safekeeping/restore_work.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// "volume web_data", or "volume other_data from web_data" where it was another place then.
std::string text_of_replaced(const Target& target) {
  const std::string text = text_of(target.place);
  return target.place.source == target.item.source ? text : format("{} from {}", text, target.item.source);
}

// Whether the app's services have the place, be it there or not: what is gone is what needs a restore most.
bool has_place(const App& app, const DataPlace& place) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  const Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr) return true;
  const auto is_meant = [&](const Mount& mount) {
    if (mount.kind == Mount::Kind::volume) return place == DataPlace{DataPlace::Kind::volume, mount.source};
    if (mount.kind != Mount::Kind::bind || place.kind == DataPlace::Kind::volume) return false;
    const fs::path path = fs::path(mount.source).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()) == fs::path(place.source);
  };
  return std::any_of(release->spec.services.begin(), release->spec.services.end(), [&](const Service& service) {
    return std::any_of(service.mounts.begin(), service.mounts.end(), is_meant);
  });
}

// Items that an app which is there has no use for are left out, and said.
std::vector<Target> targets_for(const App& app, const std::vector<backup::Item>& items, bool asked_for,
                                Restored& restored) {
  std::vector<Target> targets;
  for (const auto& item : items) {
    const DataPlace place{static_cast<DataPlace::Kind>(item.kind), item.source};
    if (asked_for || has_place(app, place))
      targets.push_back({item, place});
    else if (!item.of_project)
      restored.change.plan.notes.push_back(
          format("{} stays in the backup: {} does not use it now", text_of(place), app.name.text()));
  }
  const bool has_files = std::any_of(items.begin(), items.end(), [](const auto& item) { return item.of_project; });
  if (has_files && !asked_for)
    restored.change.plan.notes.push_back(
        format("the files of the project stay as they are: {} is here, and follows them", app.name.text()));
  return targets;
}

// Another app beside the first has no project.
std::vector<backup::Item> without_project(std::vector<backup::Item> items) {
  std::erase_if(items, [](const backup::Item& item) { return item.of_project; });
  return items;
}

// Those of the places that the items go to.
std::vector<Target> targets_for_items(const std::vector<Target>& places, const std::vector<backup::Item>& items) {
  std::vector<Target> targets;
  std::copy_if(places.begin(), places.end(), std::back_inserter(targets), [&](const Target& target) {
    return std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.id == target.item.id; });
  });
  return targets;
}

bool has_all_images(change::Context& context, const backup::Manifest& manifest, std::stop_token stop) {
  return std::all_of(manifest.images.begin(), manifest.images.end(),
                     [&](const auto& image) { return context.engine.image(image.second, stop).has_value(); });
}

// How the app comes back whose image is nowhere: it is made first, and gets its data then.
std::string way_without_image(const backup::Manifest& manifest, const AppName& app, const std::string& service) {
  const std::string& image = manifest.spec.service(service).image;
  std::string way = format("belay deploy {}, beside its Dockerfile and with its options", app.text());
  if (manifest.spec.project)
    way = format("belay up, in {}", shell_quoted(manifest.spec.project->folder));
  else if (!image.empty())
    way += format(" (or with --image {})", shell_quoted(image));
  std::string hint = format(
      "Make the app first: {}. Then the same restore puts the data into it. A backup made with --with-image needs none "
      "of that.",
      way);
  if (!manifest.left_out.empty()) hint += format(" Not in this one: {}.", join(manifest.left_out, "; "));
  return hint;
}

// Before anything is unpacked.
void refuse_missing_images(change::Context& context, const backup::Manifest& manifest, const AppName& app,
                           std::stop_token stop) {
  if (manifest.with_image) return;
  for (const auto& [service, image] : manifest.images) {
    if (manifest.digests.contains(service) || context.engine.image(image, stop)) continue;
    throw NotFound(ErrorCode::image_gone,
                   format("the image of {} is not on this host, and the backup has none", service),
                   way_without_image(manifest, app, service));
  }
}

// Images are saved by their ids; the names that the services know them by are given back. A tag that is here names
// something of this host's.
std::vector<plan::Step> steps_that_load_images(change::Context& context, const backup::Manifest& manifest,
                                               const std::string& where, std::stop_token stop) {
  std::vector<plan::Step> steps{plan::LoadImages{where}};
  std::set<std::string> named;
  for (const auto& service : manifest.spec.services) {
    const auto image = manifest.images.find(service.name);
    if (image == manifest.images.end() || service.image.empty() || !ImageRef::parse(service.image).digest.empty())
      continue;
    if (!context.engine.image(service.image, stop) && named.insert(service.image).second)
      steps.emplace_back(plan::TagImage{image->second, service.image});
  }
  return steps;
}

// A registry that is away, or has it no more, is found out before anything is unpacked.
std::vector<plan::Step> steps_that_pull_images(change::Context& context, const backup::Manifest& manifest,
                                               std::stop_token stop) {
  std::vector<plan::Step> steps;
  if (manifest.with_image) return steps;
  std::set<std::string> pulled;
  for (const auto& [service, image] : manifest.images) {
    const auto digest = manifest.digests.find(service);
    if (digest == manifest.digests.end() || context.engine.image(image, stop)) continue;
    if (pulled.insert(digest->second).second) steps.emplace_back(plan::PullImage{digest->second});
  }
  return steps;
}

// What a service of the backup is called in this app: the one that is called like the first app is called like this.
const std::string& service_as(const backup::Manifest& manifest, const AppName& app, const std::string& service) {
  return service == manifest.app ? app.text() : service;
}

// The release of an app that is not there, as the backup has it; the one that an earlier try made, where it is the
// same.
void install(change::Context& context, App& app, const backup::Manifest& manifest, const Spec& spec,
             const std::map<std::string, FileMark>& files, std::stop_token stop) {
  change::ReleaseDraft made;
  made.spec = spec;
  for (const auto& [service, image] : manifest.images) made.images[service_as(manifest, app.name, service)] = image;
  for (const auto& [service, digest] : manifest.digests) made.digests[service_as(manifest, app.name, service)] = digest;
  made.files = files;
  if (app.releases.empty() || !is_made_so(app.releases.back(), made)) add_release(context, app, made, nullptr, stop);
}

// All that is there is what a restore installed and was not able to bring up: it never ran, and is not the app yet.
bool is_begun(const App& app) {
  return !app.last && app.builds.empty() && app.origin.empty() && !app.releases.empty() &&
         !app.wish.is<goal::Removed>();
}

std::vector<DataPlace> places_of(const std::vector<Target>& targets) {
  std::vector<DataPlace> places;
  for (const auto& target : targets) places.push_back(target.place);
  return places;
}

// As much of it as tells whose a place is.
World world_of(change::Context& context, const std::vector<Volume>& volumes, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, stop);
  world.volumes = volumes;
  return world;
}

// A backup in a place that it is to replace would go away with what is there.
void refuse_file_within(const backup::FilePlace& file, const std::vector<Target>& targets,
                        const std::vector<Volume>& volumes) {
  if (file.folder.kind != backup::Place::Kind::local) return;
  if (const auto place =
          change::place_around(fs::absolute(fs::path(file.folder.path) / file.name), places_of(targets), volumes))
    throw Conflict(ErrorCode::foreign_data,
                   format("the backup lies in {}, whose data it is to replace", text_of(*place)),
                   "Copy it elsewhere first: it would go away with the old data.");
}

// The marks that came with the backup; else those of what was put in its place, where no definition says what is
// watched.
void keep_its_files(change::Context& context, App& app, std::stop_token stop) {
  if (!app.releases.back().files.empty()) return change::keep_files(context, app, app.releases.back());
  if (!app.origin.empty()) return;
  learn_settings_files(context, app, change::Learnt::any, stop);
  context.store.save(app);
}

// What a preview of a restore takes the images to check, by the names that the services have here; says where it is not
// known.
std::map<std::string, std::optional<HealthCheck>> health_checks_of(const backup::Manifest& manifest, const AppName& app,
                                                                   std::vector<std::string>& notes) {
  std::map<std::string, std::optional<HealthCheck>> checks;
  for (const auto& [service, check] : manifest.health_checks) checks[service_as(manifest, app, service)] = check;
  for (const auto& [service, image] : manifest.images)
    if (!manifest.health_checks.contains(service))
      notes.push_back(format("whether the image of {} has a health check is known once it is here", service));
  return checks;
}

// A project that came back is followed from where its files are now; also where an earlier restore was cut off before
// it came to this.
void follow_project(change::Context& context, App& app, const backup::Manifest& manifest,
                    const RestoreOptions& options) {
  if (options.as || !options.only.empty() || !manifest.spec.project || !app.origin.empty()) return;
  const auto& project = app.releases.back().spec.project;
  if (!project || project->folder != manifest.spec.project->folder) return;
  app.origin = manifest.origin;
  context.store.save(app);
}

// The places in the folder of the backup's project, where the project's own files lie there as the backup has them:
// what else is in it is the app's own then, left over by a removal. What a restore replaces of it is kept as a
// snapshot.
std::vector<DataPlace> places_beside_its_files(const backup::Manifest& manifest, const std::vector<Target>& targets,
                                               const RestoreOptions& options) {
  const auto is_of_project = [](const backup::Item& item) { return item.of_project; };
  if (options.as || options.project_folder || !manifest.spec.project ||
      std::none_of(manifest.items.begin(), manifest.items.end(), is_of_project))
    return {};
  // Those that are there already are no targets.
  if (std::any_of(targets.begin(), targets.end(), [](const Target& target) { return target.item.of_project; }))
    return {};
  const std::string folder = (fs::path(manifest.spec.project->folder) / "").string();
  auto places = places_of(targets);
  std::erase_if(places, [&](const DataPlace& place) {
    return place.kind == DataPlace::Kind::volume || !place.source.starts_with(folder);
  });
  return places;
}

Restored put_in_place(change::Context& context, App& app, RestoreWork& work, const std::vector<Target>& targets,
                      Restored restored, std::optional<ReleaseNumber> release, std::vector<plan::CreateVolume> volumes,
                      const std::vector<DataPlace>& own, const std::string& where, const RestoreOptions& options,
                      std::stop_token stop) {
  const backup::Manifest& manifest = work.manifest();
  std::vector<plan::Step> finally;
  if (manifest.with_image && restored.installed && !has_all_images(context, manifest, stop))
    finally = steps_that_load_images(context, manifest, where, stop);
  std::vector<plan::Step> first;
  if (restored.installed) first = steps_that_pull_images(context, manifest, stop);
  std::map<std::string, std::optional<HealthCheck>> health_checks;
  if (!finally.empty() || !first.empty())
    health_checks = health_checks_of(manifest, app.name, restored.change.plan.notes);
  // Images get their names once the backup, which ends behind them, has turned out to be whole.
  const bool loads = !finally.empty() && std::holds_alternative<plan::LoadImages>(finally.front());
  finally.insert(finally.begin() + (loads ? 1 : 0), plan::CheckBackup{where});
  for (const auto& target : targets) restored.replaced.push_back(text_of_replaced(target));
  exec::RunOptions run = context.run;
  run.data = &work;
  change::Context with_data{context.engine,        context.store,    context.clock,
                            context.report,        context.who,      context.command,
                            context.wait_for_lock, context.defaults, run};
  const auto notes = std::move(restored.change.plan.notes);
  restored.change = swap_data(with_data, app, release, sources_of_data(targets),
                              {format("replaced by the backup of {}", iso_time(manifest.taken)), std::move(finally),
                               std::move(volumes), own, std::move(health_checks), std::move(first)},
                              options.change, "restore", stop);
  restored.change.plan.notes.insert(restored.change.plan.notes.end(), notes.begin(), notes.end());
  restored.end = work.end();
  tell_of_snapshot(app, restored);
  return restored;
}

// The app that the backup is restored as, and whether this installs it. What earlier commands left unfinished is
// finished, unless this is a dry run.
App app_to_restore(change::Context& context, const AppName& name, const RestoreOptions& options, bool& installs,
                   std::stop_token stop) {
  auto known = context.store.app(name);
  if (known && is_barely_begun(*known)) {
    if (!options.change.dry_run) {
      drop_unused_reserves(context, *known, stop);
      context.store.forget(name);
    }
    known.reset();
  }
  const auto refuse_taken = [&] {
    if (options.as && known && !is_begun(*known))
      throw Conflict(ErrorCode::name_taken, format("there is an app {} already", name.text()),
                     "Choose another name for --as.");
  };
  refuse_taken();
  if (known && !options.change.dry_run) {
    finish_unfinished(context, *known, stop);
    // What was interrupted may have come up by that.
    refuse_taken();
  }
  installs = !known || is_begun(*known);
  if (known) learn_volumes_of(context, *known, stop);
  return known ? std::move(*known) : App(name);
}

struct Wanted {
  std::vector<Target> targets;
  std::vector<plan::CreateVolume> volumes;
  EngineFilling through_engine{};
};

// The volumes that only the engine reaches, with what it needs to fill them.
EngineFilling engine_filling(change::Context& context, const backup::Manifest& manifest, std::vector<Target> targets,
                             std::vector<plan::CreateVolume>& volumes, const std::string& where, std::stop_token stop) {
  EngineFilling filling;
  if (targets.empty()) return filling;
  const auto is_filled = [&](const plan::CreateVolume& volume) {
    return std::any_of(targets.begin(), targets.end(),
                       [&](const Target& target) { return target.place.source == volume.name; });
  };
  std::copy_if(volumes.begin(), volumes.end(), std::back_inserter(filling.volumes), is_filled);
  std::erase_if(volumes, is_filled);
  filling.targets = std::move(targets);
  filling.image = manifest.images.begin()->second;
  if (has_all_images(context, manifest, stop)) return filling;
  if (manifest.with_image) {
    filling.images = steps_that_load_images(context, manifest, where, stop);
  } else {
    filling.image = manifest.digests.begin()->second;
    filling.images = steps_that_pull_images(context, manifest, stop);
  }
  return filling;
}

// Of an app that is there: what it uses now, or what is asked for.
Wanted what_is_used(const App& app, const backup::Manifest& manifest, const RestoreOptions& options,
                    const std::vector<Volume>& there, Restored& restored) {
  Wanted wanted;
  wanted.targets = targets_for(app, wanted_items(manifest, options.only), !options.only.empty(), restored);
  find_folders(wanted.targets, false, there);
  std::vector<backup::Item> items;
  for (const auto& target : wanted.targets) items.push_back(target.item);
  wanted.volumes = special_volumes(items, manifest.spec, app.name, false, there, restored.change.plan.notes);
  return wanted;
}

// Of an app that is not: its release as well, in the app.
Wanted what_installs(change::Context& context, App& app, const backup::Manifest& manifest,
                     const RestoreOptions& options, const std::vector<Volume>& there, const std::string& where,
                     Restored& restored, std::stop_token stop) {
  auto& notes = restored.change.plan.notes;
  const AppName from(manifest.app);
  const bool as_other = options.as.has_value();
  Wanted wanted;
  const auto items = wanted_items(manifest, options.only);
  const auto places = targets_of(manifest.items, from, app.name);
  wanted.targets = targets_for_items(places, as_other ? without_project(items) : items);
  std::erase_if(wanted.targets, is_there_already);
  auto engine_only = as_other ? std::vector<Target>() : take_engine_only(wanted.targets, app.name, there);
  find_folders(wanted.targets, as_other, there);
  wanted.volumes = special_volumes(manifest.items, manifest.spec, app.name, as_other, there, notes);
  // Also what is not asked for: another app gets places of its own, not the first one's.
  const Spec spec = as_other ? spec_as(manifest.spec, places, from, app.name, notes) : manifest.spec;
  app.scheme = as_other ? NamingScheme::belay : manifest.scheme;
  if (app.releases.empty()) app.created = context.clock.now();
  refuse_missing_images(context, manifest, app.name, stop);
  install(context, app, manifest, spec, as_other ? std::map<std::string, FileMark>() : manifest.files, stop);
  wanted.through_engine =
      engine_filling(context, manifest, std::move(engine_only), wanted.volumes, where, std::move(stop));
  return wanted;
}

// `installed`: what the app that is not there yet will mount besides. `own`: those that are known to be the app's.
void refuse_places(change::Context& context, const AppName& name, const std::vector<Target>& targets,
                   const std::vector<Target>& through_engine, const Spec* installed, const std::vector<DataPlace>& own,
                   const std::vector<Volume>& volumes, std::stop_token stop) {
  const World world = world_of(context, volumes, stop);
  auto places = places_of(targets);
  for (const auto& target : through_engine) places.push_back(target.place);
  refuse_what_is_others(context, name, world, places, own, stop);
  if (installed != nullptr) refuse_to_mount_what_is_others(context, name, world, *installed, places, stop);
}

// What lies in the folder of the project itself is most likely the app's own, left over by a removal; only nothing
// tells so any more. Once the app is there again, it does.
Conflict with_way_of_project(const Conflict& refusal, const AppName& name, const backup::Manifest& manifest) {
  const auto& project = manifest.spec.project;
  std::error_code error;
  if (refusal.code() != ErrorCode::foreign_data || !project || project->files.empty() ||
      !fs::exists(project->files.front(), error))
    return refusal;
  return Conflict(refusal.code(), refusal.what(),
                  format("If that is {}'s own: belay up, in {}, and then the same restore, which keeps what is there. "
                         "Otherwise: {}",
                         name.text(), shell_quoted(project->folder), refusal.hint()));
}

void tell_of_filling(Restored& restored, const change::Temporary& helper, const EngineFilling& filling, bool is_planned,
                     const std::string& where) {
  if (filling.targets.empty()) return;
  for (const auto& target : filling.targets) restored.replaced.push_back(text_of_replaced(target));
  if (is_planned)
    restored.change.plan = plan::in_sequence(plan_of_filling(filling, helper, where), restored.change.plan);
}

}  // namespace

void tell_of_snapshot(const App& app, Restored& restored) {
  for (const auto& snapshot : app.snapshots) {
    if (snapshot.number != app.highest_snapshot || !snapshot.complete) continue;
    restored.snapshot = snapshot.text();
    for (const auto& item : snapshot.items)
      if (item.kept.kind != DataPlace::Kind::volume) restored.beside.push_back(item.kept.source);
  }
}

bool is_barely_begun(const App& app) {
  return is_begun(app) && app.wish.is<goal::None>() && app.releases.size() == 1;
}

AppName app_of(backup::Destination& destination, const std::string& file, const crypto::AgeKeys& keys,
               std::stop_token stop) {
  const auto download = destination.open(file, stop);
  return doing(format("reading {}", file), [&] {
    backup::Unsealed unsealed([&](std::span<char> room) { return download->read(room); }, keys);
    const backup::BackupReader reader([&](std::span<char> room) { return unsealed.read(room); });
    return AppName(reader.manifest().app);
  });
}

Restored restore(change::Context& context, const AppName& name, backup::Destination& destination,
                 const std::string& file, const crypto::AgeKeys& keys, const RestoreOptions& options,
                 std::stop_token stop) {
  const AppName target_name = options.as.value_or(name);
  const FileLock lock = lock_app(context, target_name, stop);
  const backup::FilePlace where{destination.place(), file};
  return doing(format("restoring {} from {}", target_name.text(), where.text()), [&] {
    RestoreWork work(context.engine, context.report, destination, file, keys, stop);
    Restored restored;
    restored.manifest = options.project_folder ? in_folder(work.manifest(), *options.project_folder) : work.manifest();
    const backup::Manifest& manifest = restored.manifest;
    if (manifest.app != name.text())
      throw Error(ErrorCode::conflict, format("this is a backup of {}, not of {}", manifest.app, name.text()),
                  format("To restore it beside: belay restore {} {} --as {}", manifest.app, shell_quoted(where.text()),
                         target_name.text()));
    App app = app_to_restore(context, target_name, options, restored.installed, stop);
    const auto there = context.engine.volumes({}, stop);
    const auto [targets, volumes, through_engine] =
        restored.installed ? what_installs(context, app, manifest, options, there, where.text(), restored, stop)
                           : what_is_used(app, manifest, options, there, restored);
    if (options.project_folder && !restored.installed)
      throw Conflict(
          ErrorCode::name_taken, format("{} is here already, with a folder of its own", target_name.text()),
          "Leave out --project-directory to restore its data; --into FOLDER unpacks all that is in the file.");
    if (targets.empty() && !manifest.items.empty() && !restored.installed)
      throw NotFound(format("{} uses nothing of what the backup has", target_name.text()),
                     "Name what to restore with --only.");
    refuse_file_within(where, targets, there);
    const auto own =
        restored.installed ? places_beside_its_files(manifest, targets, options) : std::vector<DataPlace>();
    try {
      refuse_places(context, target_name, targets, through_engine.targets,
                    restored.installed ? &app.releases.back().spec : nullptr, own, there, stop);
    } catch (const Conflict& refusal) {
      if (!restored.installed || options.as) throw;
      throw with_way_of_project(refusal, target_name, manifest);
    }
    if (!engine::shares_files(context.engine, options.change.dry_run, stop))
      throw Error(ErrorCode::engine_elsewhere,
                  "the engine's files are not this machine's: data cannot be put in place from here",
                  "Run belay restore on the engine's own machine, as root.");
    const auto release = restored.installed ? std::optional(app.releases.back().number) : change::what_runs(app);
    const auto absent = absent_paths(targets);
    try {
      if (!through_engine.targets.empty() && !options.change.dry_run) {
        RestoreWork first(context.engine, context.report, destination, file, keys, stop);
        fill_through_engine(context, target_name, through_engine, first, where.text(), stop);
      }
      restored = put_in_place(context, app, work, targets, std::move(restored), release, volumes, own, where.text(),
                              options, stop);
      if (restored.change.kind == change::Change::Kind::done) follow_project(context, app, manifest, options);
      // What it installed is as if it had been declared here: with the files that it is bound to.
      if (restored.installed && restored.change.kind == change::Change::Kind::done) keep_its_files(context, app, stop);
      if (restored.change.failed()) remove_empty_ones(absent);
      tell_of_filling(restored, change::temporary(context, target_name, "reach"), through_engine,
                      options.change.dry_run, where.text());
      return restored;
    } catch (const Error&) {
      remove_empty_ones(absent);
      // Nothing came of it: the app is as unknown as it was.
      if (const auto saved = context.store.app(target_name); saved && is_barely_begun(*saved))
        context.store.forget(target_name);
      throw;
    }
  });
}

}  // namespace belay::safekeeping
