#include "host/restore.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "engine/direct.h"
#include "host/app_volumes.h"
#include "host/apps.h"
#include "host/data_swap.h"
#include "host/data_work.h"
#include "host/making.h"
#include "host/restore_work.h"
#include "host/start.h"
#include "host/temporary.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::host {

namespace {

// An item of the backup and where it goes on this host.
struct Target {
  backup::Item item;
  DataPlace place;
};

bool is_meant(const backup::Item& item, const std::string& word) {
  return word == item.id || word == item.source ||
         std::find(item.targets.begin(), item.targets.end(), word) != item.targets.end();
}

std::vector<backup::Item> wanted_items(const backup::Manifest& manifest, const std::vector<std::string>& only) {
  if (only.empty()) return manifest.items;
  std::vector<std::string> known;
  for (const auto& item : manifest.items) known.push_back(item.source);
  for (const auto& word : only)
    if (std::none_of(manifest.items.begin(), manifest.items.end(), [&](const auto& i) { return is_meant(i, word); })) {
      const std::string near = did_you_mean(word, known);
      throw NotFound(format("the backup has no data of {}", printable(word)),
                     near.empty() ? format("It has: {}", join(known, ", ")) : near);
    }
  std::vector<backup::Item> wanted;
  for (const auto& item : manifest.items)
    if (std::any_of(only.begin(), only.end(), [&](const auto& word) { return is_meant(item, word); }))
      wanted.push_back(item);
  return wanted;
}

// What the other app's places are called: never those of the app that the backup is of.
std::string renamed(const backup::Item& item, const AppName& from, const AppName& to) {
  if (item.kind != backup::Item::Kind::volume) return item.source + "." + to.text();
  const auto at = item.source.find(from.text());
  if (at == std::string::npos) return to.text() + "_" + item.source;
  std::string name = item.source;
  return name.replace(at, from.text().size(), to.text());
}

// The spec for another app beside the first: its own places, no host port, address or name that both could need.
Spec spec_as(Spec spec, const std::vector<Target>& targets, const AppName& from, const AppName& to,
             std::vector<std::string>& notes) {
  for (auto& service : spec.services) {
    if (service.name == from.text()) service.name = to.text();
    for (auto& mount : service.mounts)
      for (const auto& target : targets)
        if (mount.source == target.item.source) mount.source = target.place.source;
    for (auto& port : service.ports)
      if (port.host_port) {
        notes.push_back(format("host port {} is left to the engine to choose", *port.host_port));
        port.host_port.reset();
      }
    for (auto& link : service.networks) {
      link.aliases.clear();
      link.ipv4.clear();
      link.ipv6.clear();
    }
    service.mac_address.clear();
    service.hostname.clear();
  }
  spec.signals.clear();
  return spec;
}

// Whether the app's services have the place, be it there or not: what is gone is what needs a restore most.
bool has_place(const App& app, const DataPlace& place) {
  const auto number = what_runs(app) ? what_runs(app) : app.last;
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
    else
      restored.change.plan.notes.push_back(
          format("{} stays in the backup: {} does not use it now", text_of(place), app.name.text()));
  }
  return targets;
}

std::vector<Filling> fillings_of(const std::vector<Target>& targets) {
  std::vector<Filling> fillings;
  for (const auto& target : targets)
    fillings.push_back({target.place, target.item.targets.empty() ? std::string() : target.item.targets.front(),
                        [id = target.item.id, place = target.place](const DataPlace& reserve) -> plan::Step {
                          return plan::UnpackData{id, place, reserve};
                        },
                        "beside what is there"});
  return fillings;
}

bool has_all_images(Context& context, const backup::Manifest& manifest, std::stop_token stop) {
  return std::all_of(manifest.images.begin(), manifest.images.end(),
                     [&](const auto& image) { return context.engine.image(image.second, stop).has_value(); });
}

// The release of an app that is not there, as the backup has it.
void install(Context& context, App& app, const backup::Manifest& manifest, const Spec& spec, std::stop_token stop) {
  Made made;
  made.spec = spec;
  const auto renamed_service = [&](const std::string& service) {
    return service == manifest.app ? app.name.text() : service;
  };
  for (const auto& [service, image] : manifest.images) made.images[renamed_service(service)] = image;
  for (const auto& [service, digest] : manifest.digests) made.digests[renamed_service(service)] = digest;
  add_release(context, app, made, stop);
}

// All that is there is what an interrupted restore installed, which never ran.
bool is_begun(const App& app) {
  return app.wish.state == Wish::State::none && !app.last && app.builds.empty() && app.origin.empty() &&
         app.releases.size() == 1;
}

Restored restore_into(Context& context, App& app, RestoreWork& work, const std::vector<Target>& targets,
                      Restored restored, std::optional<ReleaseNumber> release, const std::string& where,
                      const RestoreOptions& options, std::stop_token stop) {
  const backup::Manifest& manifest = work.manifest();
  std::vector<plan::Step> finally;
  if (manifest.with_image && restored.installed && !has_all_images(context, manifest, stop))
    finally.emplace_back(plan::LoadImages{where});
  finally.emplace_back(plan::CheckBackup{where});
  for (const auto& target : targets)
    restored.replaced.push_back(format("{} from {}", text_of(target.place), target.item.source));
  exec::RunOptions run = context.run;
  run.data = &work;
  Context with_data{context.engine,        context.store,    context.clock,
                    context.report,        context.who,      context.command,
                    context.wait_for_lock, context.defaults, run};
  const auto notes = std::move(restored.change.plan.notes);
  restored.change = swap_data(with_data, app, release, fillings_of(targets),
                              {format("replaced by the backup of {}", iso_time(manifest.taken)), std::move(finally)},
                              options.change, "restore", stop);
  restored.change.plan.notes.insert(restored.change.plan.notes.end(), notes.begin(), notes.end());
  restored.end = work.end();
  for (const auto& snapshot : app.snapshots)
    if (snapshot.number == app.highest_snapshot && snapshot.complete) restored.snapshot = snapshot.text();
  return restored;
}

// Of the releases that are good, the one to go back to.
ReleaseNumber earlier_release(const App& app, const std::optional<ReleaseNumber>& to) {
  if (to) return app.release(*to).number;
  const auto running = what_runs(app) ? what_runs(app) : app.last;
  if (!running) throw NotFound(format("{} has never run", app.name.text()));
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release)
    if (release->number < *running && (release->verdict == Verdict::passed || release->verdict == Verdict::unproven))
      return release->number;
  throw NotFound(format("{} has no good release before {}", app.name.text(), running->text()),
                 format("belay releases {} lists them all.", app.name.text()));
}

const Snapshot& newest_snapshot(const App& app, ReleaseNumber release) {
  for (auto snapshot = app.snapshots.rbegin(); snapshot != app.snapshots.rend(); ++snapshot)
    if (snapshot->complete && snapshot->release == release) return *snapshot;
  throw NotFound(
      format("there is no snapshot of the data that {} {} worked with", app.name.text(), release.text()),
      format("belay snapshots {0} lists them. Without data: belay rollback {0} {1}", app.name.text(), release.text()));
}

std::vector<Filling> fillings_of(const Snapshot& snapshot, const std::vector<std::string>& only) {
  std::vector<Filling> fillings;
  for (const auto& item : snapshot.items)
    if (only.empty() || std::find(only.begin(), only.end(), item.place.source) != only.end())
      fillings.push_back(
          {item.place,
           {},
           [kept = item.kept](const DataPlace& reserve) -> plan::Step { return plan::CopyData{kept, reserve}; },
           format("as {} has it", snapshot.text())});
  if (fillings.empty()) throw NotFound(format("{} has no data of {}", snapshot.text(), printable(join(only, ", "))));
  return fillings;
}

}  // namespace

Restored restore(Context& context, const AppName& name, backup::Destination& destination, const std::string& file,
                 const crypto::AgeKeys& keys, const RestoreOptions& options, std::stop_token stop) {
  const AppName target_name = options.as.value_or(name);
  const FileLock lock = lock_app(context, target_name, stop);
  const std::string where = backup::FilePlace{destination.place(), file}.text();
  return doing(format("restoring {} from {}", target_name.text(), where), [&] {
    RestoreWork work(context.engine, context.report, destination, file, keys, stop);
    Restored restored;
    restored.manifest = work.manifest();
    const backup::Manifest& manifest = restored.manifest;
    if (manifest.app != name.text())
      throw Error(format("this is a backup of {}, not of {}", manifest.app, name.text()),
                  format("To restore it beside: belay restore {} {} --as {}", manifest.app, shell_quoted(where),
                         target_name.text()));
    auto known = context.store.app(target_name);
    if (known && is_begun(*known)) {
      if (!options.change.dry_run) {
        drop_unused_reserves(context, *known, stop);
        context.store.forget(target_name);
      }
      known.reset();
    }
    if (options.as && known)
      throw Conflict(format("there is an app {} already", target_name.text()), "Choose another name for --as.");
    App app = known ? std::move(*known) : App(target_name);
    if (known && !options.change.dry_run) finish_unfinished(context, app, stop);
    restored.installed = !known;

    std::vector<Target> targets;
    Spec spec = manifest.spec;
    if (known) {
      targets = targets_for(app, wanted_items(manifest, options.only), !options.only.empty(), restored);
    } else {
      for (const auto& item : wanted_items(manifest, options.only)) {
        const DataPlace::Kind kind = static_cast<DataPlace::Kind>(item.kind);
        targets.push_back({item, {kind, options.as ? renamed(item, name, target_name) : item.source}});
      }
      if (options.as) spec = spec_as(spec, targets, name, target_name, restored.change.plan.notes);
      app.scheme = options.as ? NamingScheme::belay : manifest.scheme;
      app.created = context.clock.now();
      install(context, app, manifest, spec, stop);
      if (!manifest.with_image && manifest.digests.empty() && !has_all_images(context, manifest, stop))
        throw NotFound(format("the image of {} is not on this host, and the backup has none", manifest.app),
                       format("Build it (belay build {}), or restore a backup that was made with --with-image.",
                              target_name.text()));
    }
    if (targets.empty() && manifest.items.empty() == false)
      throw NotFound(format("{} uses nothing of what the backup has", target_name.text()),
                     "Name what to restore with --only.");
    if (!options.change.dry_run && !engine::shares_files(context.engine, stop))
      throw Error("the engine's files are not this machine's: data cannot be put in place from here",
                  "Run belay restore on the engine's own machine, as root.");
    const auto release = known ? what_runs(app) : std::optional(app.releases.back().number);
    try {
      return restore_into(context, app, work, targets, std::move(restored), release, where, options, stop);
    } catch (const Error&) {
      // Nothing came of it: the app is as unknown as it was.
      if (const auto saved = context.store.app(target_name); saved && is_begun(*saved))
        context.store.forget(target_name);
      throw;
    }
  });
}

Restored restore_snapshot(Context& context, const AppName& name, int number, const RestoreOptions& options,
                          std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("restoring {} from s{}", name.text(), number), [&] {
    if (!options.change.dry_run) finish_unfinished(context, app, stop);
    const Snapshot* snapshot = app.find_snapshot(number);
    if (snapshot == nullptr || !snapshot->complete)
      throw NotFound(format("{} has no snapshot s{}", name.text(), number),
                     format("belay snapshots {} lists them.", name.text()));
    Restored restored;
    for (const auto& item : snapshot->items) restored.replaced.push_back(text_of(item.place));
    restored.change = swap_data(context, app, what_runs(app), fillings_of(*snapshot, options.only),
                                {format("replaced by {}", snapshot->text()), {}}, options.change, "restore", stop);
    for (const auto& kept : app.snapshots)
      if (kept.number == app.highest_snapshot && kept.complete) restored.snapshot = kept.text();
    return restored;
  });
}

Change rollback_with_data(Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                          const ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("rolling {} back with its data", name.text()), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    const ReleaseNumber release = earlier_release(app, to);
    const Snapshot snapshot = newest_snapshot(app, release);
    return swap_data(context, app, release, fillings_of(snapshot, {}),
                     {format("replaced by the rollback to {}", release.text()), {}}, options, "rollback", stop);
  });
}

}  // namespace belay::host
