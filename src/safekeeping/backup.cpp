#include "safekeeping/backup.h"

#include <algorithm>
#include <set>
#include <unistd.h>

#include "backup/verify.h"
#include "base/format.h"
#include "base/local_time.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "change/claims.h"
#include "change/file_marks.h"
#include "change/kept_files.h"
#include "change/places.h"
#include "change/temporary.h"
#include "engine/direct.h"
#include "model/labels.h"
#include "safekeeping/backup_health.h"
#include "safekeeping/backup_work.h"
#include "safekeeping/backups.h"
#include "safekeeping/quiesce.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

using Indices = std::vector<size_t>;

// Harmless in every file system and shell.
std::string item_id(size_t number, const DataPlace& place) {
  std::string stem = fs::path(place.source).filename().string();
  for (char& c : stem)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-')) c = '_';
  return format("{:02}-{}", number, stem.substr(0, 60));
}

backup::Item::Kind item_kind(DataPlace::Kind kind) {
  return static_cast<backup::Item::Kind>(kind);
}

// Where each item is now, by its id: not always the place that it goes back to.
using ReadFrom = std::map<std::string, DataPlace>;

// The marks of what is bound in place of a file of the host are those of that file.
std::map<std::string, FileMark> with_copies_at_home(const std::map<std::string, FileMark>& marks,
                                                    const std::map<std::string, std::string>& copies) {
  std::map<std::string, FileMark> at_home;
  for (const auto& [path, mark] : marks) {
    std::string home = path;
    for (const auto& [copy, origin] : copies)
      if (path == copy || path.starts_with(copy + "/")) home = origin + path.substr(copy.size());
    at_home.emplace(std::move(home), mark);
  }
  return at_home;
}

// What the project is made of and no container is bound to: that comes with the data. Each once.
std::vector<std::string> files_of_project(const Release& release) {
  const auto& project = release.spec.project;
  if (!project) return {};
  std::set<std::string> files;
  for (const auto* each : {&project->files, &project->env_files, &project->parts})
    files.insert(each->begin(), each->end());
  for (const auto& [path, mark] : release.files) files.insert(path);
  return {files.begin(), files.end()};
}

void add_project(change::Context& context, const Release& release, const World& world,
                 const std::vector<change::DataUse>& data, backup::Manifest& manifest, ReadFrom& read_from) {
  std::vector<DataPlace> places;
  for (const auto& use : data) places.push_back(use.place);
  for (const auto& path : files_of_project(release)) {
    const auto leave_out = [&](const std::string& why) {
      manifest.left_out.push_back(why);
      context.report.warning(format("the backup is without a part of the project: {}", why));
    };
    if (path == "-") {
      leave_out("the Compose file came from standard input");
      continue;
    }
    if (change::place_around(path, places, world.volumes)) continue;
    const auto marks = change::file_marks({path});
    if (marks.empty()) {
      leave_out(format("{} is not there", path));
      continue;
    }
    backup::Item item;
    item.kind = backup::Item::Kind::file;
    item.id = item_id(manifest.items.size() + 1, {DataPlace::Kind::file, path});
    item.source = path;
    item.of_project = true;
    item.digest = marks.begin()->second.digest;
    // The content counts, be it a link or not.
    read_from[item.id] = {DataPlace::Kind::file, fs::canonical(path).string()};
    manifest.items.push_back(std::move(item));
  }
}

// What the file lacks and nobody can pull. One sentence for all of them.
void tell_of_images_of_this_host(const App& app, backup::Manifest& manifest) {
  if (manifest.with_image) return;
  std::vector<std::string> services;
  std::set<std::string> folders;
  for (const auto& [service, image] : manifest.images) {
    if (manifest.digests.contains(service)) continue;
    services.push_back(service);
    for (const auto& build : app.builds)
      if (build.image == image && !build.context.empty()) folders.insert(build.context);
  }
  if (services.empty()) return;
  if (services.size() > 4) {
    services.resize(4);
    services.emplace_back("…");
  }
  manifest.leave_out_image("of " + join(services, ", "), {folders.begin(), folders.end()});
}

backup::Manifest describe(change::Context& context, const App& app, const Release& release, const World& world,
                          bool files_are_here, const BackupOptions& options, ReadFrom& read_from,
                          std::vector<std::string>& no_way_back_for, std::stop_token stop) {
  backup::Manifest manifest;
  manifest.app = app.name.text();
  manifest.scheme = app.scheme;
  manifest.origin = app.origin;
  manifest.release = release.number;
  // Another host gets what the kept copies hold where the app's own files were.
  const auto copies = change::bound_copies(context.store, app, release.spec);
  manifest.spec = change::with_paths_of_the_host(context.store, app, release.spec);
  manifest.images = release.images;
  manifest.digests = release.digests;
  manifest.files = with_copies_at_home(release.files, copies);
  for (const auto& [service, id] : release.images)
    if (const auto image = context.engine.image(id, stop)) manifest.health_checks[service] = image->config.health;
  manifest.release_created = release.created;
  manifest.was_running = change::what_runs(app).has_value();
  manifest.with_image = options.with_image;
  const change::Places places = change::places_of(release.spec);
  manifest.left_out = places.left_out;
  // What should be there and is not must not pass for a good backup without a word.
  for (const auto& why : places.missing) context.report.warning(format("the backup is without some data: {}", why));
  // What is inside another place comes with that.
  for (const auto& use : outermost(places.uses, world.volumes)) {
    const auto copy = copies.find(use.place.source);
    const std::string source = copy == copies.end() ? use.place.source : copy->second;
    if (use.place.kind != DataPlace::Kind::volume && copy == copies.end() &&
        change::place_around(use.place.source, {{DataPlace::Kind::folder, context.store.folder()}}, {})) {
      manifest.left_out.push_back(format("{} is Belay's own state", use.place.source));
      continue;
    }
    backup::Item item;
    item.id = item_id(manifest.items.size() + 1, {use.place.kind, source});
    item.kind = item_kind(use.place.kind);
    item.source = source;
    read_from[item.id] = use.place;
    item.targets = use.targets;
    item.written = use.written;
    item.way = files_are_here ? backup::Item::Way::direct : backup::Item::Way::engine;
    if (use.place.kind == DataPlace::Kind::volume) {
      const Volume* volume = world.find_volume(use.place.source);
      if (volume == nullptr) {
        manifest.left_out.push_back(format("the volume {} is not there", use.place.source));
        context.report.warning(format("the backup is without some data: {}", manifest.left_out.back()));
        continue;
      }
      item.driver = volume->driver;
      item.options = volume->options;
      item.labels = volume->labels;
      if (!engine::direct_folder(*volume) && !engine::bound_folder(*volume)) item.way = backup::Item::Way::engine;
      if (auto why = change::no_way_back(*volume)) no_way_back_for.push_back(std::move(*why));
    }
    manifest.items.push_back(std::move(item));
  }
  add_project(context, release, world, places.uses, manifest, read_from);
  tell_of_images_of_this_host(app, manifest);
  manifest.taken = context.clock.now();
  manifest.who = context.who;
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) == 0) manifest.host = host.substr(0, host.find('\0'));
  manifest.belay_version = BELAY_VERSION;
  manifest.engine_version = context.engine.info(stop).version;
  return manifest;
}

// A backup that lies in what it is of would hold all before it, and a restore would take them away.
void refuse_place_within(const backup::Destination& destination, const backup::Manifest& manifest, const World& world) {
  if (destination.place().kind != backup::Place::Kind::local) return;
  std::vector<DataPlace> places;
  for (const auto& item : manifest.items) places.push_back({static_cast<DataPlace::Kind>(item.kind), item.source});
  if (const auto place = change::place_around(fs::absolute(destination.place().path), places, world.volumes))
    throw Conflict(
        format("the folder for backups, {}, lies in {}, which is backed up", destination.place().path, text_of(*place)),
        "Name one elsewhere with -o, or in the variable BELAY_BACKUPS.");
}

// What killed backups of the app left in the place goes first: it may be what fills the disk.
void remove_leftovers(change::Context& context, const AppName& name, backup::Destination& destination,
                      const std::string& file, std::stop_token stop) {
  try {
    const auto ours = [&](const std::string& left) { return left == file || is_called_as_backup_of(left, name); };
    const int removed = destination.remove_leftovers(ours, context.clock.now() - std::chrono::hours(24), stop);
    if (removed > 0) context.report.note(format("{} unfinished backups of killed commands are removed", removed));
  } catch (const Cancelled&) {
    throw;
  } catch (const NotFound&) {
    // The folder is still to be made.
  } catch (const Error& error) {
    context.report.warning(format("what killed backups left is not looked for: {}", error.what()));
  }
}

// Names go by the second: one that a backup there has already is followed by that of the next.
std::string choose_name(change::Context& context, const backup::Place& place, const backup::Sealing& sealing,
                        const BackupOptions& options, backup::Manifest& manifest, std::stop_token stop) {
  if (!options.name.empty()) return options.name;
  const auto records = context.store.backups(manifest.app);
  for (;;) {
    const std::string name = backup::file_name(manifest.app, manifest.taken,
                                               sealing.compression == archive::Compression::gzip, sealing.encrypts());
    const bool is_taken = std::any_of(records.begin(), records.end(), [&](const BackupRecord& record) {
      return record.place == place.text() && record.name == name;
    });
    if (!is_taken || options.dry_run) return name;
    const auto into_second = manifest.taken - std::chrono::floor<Seconds>(manifest.taken);
    if (!context.clock.sleep(std::chrono::duration_cast<Milliseconds>(Seconds(1) - into_second), stop))
      throw Cancelled();
    manifest.taken = context.clock.now();
  }
}

// The steps of one backup. Their order is that of the text: hooks, hold still, read, let go on, images, end.
class BackupPlanner {
 public:
  // `helper`: what the container is called that the data is reached through, where one is needed.
  BackupPlanner(const App& app, const Release& release, const World& world, const Quiesce& quiesced,
                const BackupOptions& options, const ReadFrom& read_from, change::Temporary helper)
      : app_(app),
        release_(release),
        world_(world),
        quiesced_(quiesced),
        options_(options),
        read_from_(read_from),
        possible_helper_(std::move(helper)) {}

  plan::Plan make(backup::Manifest& manifest, const std::string& where) {
    const auto& running = quiesced_.running();
    manifest.consistency = quiesced_.way();
    hooks(labels::backup_before, options_.before, running);
    reach_through_engine(manifest);
    for (const auto& action : quiesced_.hold()) last_ = {plan_.add(action, last_)};
    for (const auto& item : manifest.items)
      then(plan::BackUpData{item.id, read_from_.at(item.id)},
           item.of_project ? std::string("a file of the project") : join(item.targets, ", "));
    for (const auto& action : quiesced_.resume()) last_ = {plan_.add(action, last_)};
    if (!helper_.empty()) then(plan::RemoveContainer{helper_}, "it was only there to reach the data");
    after_begin_ = plan_.actions.size();
    hooks(labels::backup_after, options_.after, running);
    after_end_ = plan_.actions.size();
    if (manifest.with_image) {
      std::vector<std::string> images;
      for (const auto& [service, image] : release_.images)
        if (std::find(images.begin(), images.end(), image) == images.end()) images.push_back(image);
      then(plan::BackUpImages{images}, "it can be restored without a registry");
    }
    then(plan::FinishBackup{where}, "");
    for (const auto& why : manifest.left_out) plan_.notes.push_back("not in the backup: " + why);
    if (manifest.lacks_an_image()) plan_.notes.emplace_back("with --with-image the backup holds its images too");
    for (const auto& other : quiesced_.foreign_writers()) plan_.notes.push_back(other);
    return plan_;
  }

  // The hooks that have to run whatever came before, of those that were not `begun` yet.
  std::vector<plan::Action> hooks_after(size_t begun) const {
    std::vector<plan::Action> hooks;
    for (size_t i = std::max(after_begin_, begun); i < after_end_; ++i)
      hooks.push_back({plan_.actions[i].step, plan_.actions[i].reason, {}, false, plan_.actions[i].deadline});
    return hooks;
  }
  const std::string& helper() const { return helper_; }

 private:
  void then(plan::Step step, const std::string& reason) { last_ = {plan_.add(std::move(step), reason, last_)}; }

  void hook(plan::RunInside step, const std::string& reason, Milliseconds time) {
    then(std::move(step), reason);
    plan_.actions.back().deadline = time;
  }

  Milliseconds hook_time_of(const Service& service) const {
    const auto found = service.labels.find(labels::backup_hook_timeout);
    if (found == service.labels.end()) return options_.hook_time;
    return doing(format("the label {}", labels::backup_hook_timeout), [&] {
      const auto time = parse_duration(found->second);
      if (!time)
        throw Error(ErrorCode::bad_value, format("'{}' is not a time", found->second), "Write it as 90s, 30m or 2h.");
      return *time;
    });
  }

  void hooks(const char* label, const std::vector<std::string>& asked, const std::vector<const Container*>& running) {
    if (running.empty()) return;
    for (const auto& command : asked)
      hook(plan::RunInside{running.front()->name, shell_words(command)}, "as you asked", options_.hook_time);
    for (const auto& service : release_.spec.services) {
      const auto found = service.labels.find(label);
      const Container* container = plan::find_instance(app_, world_, release_.number, service.name);
      if (found == service.labels.end() || container == nullptr) continue;
      if (std::find(running.begin(), running.end(), container) == running.end()) continue;
      const auto words = doing(format("the label {}", label), [&] { return shell_words(found->second); });
      hook(plan::RunInside{container->name, words}, format("the label {}", label), hook_time_of(service));
    }
  }

  // A container that is never started has the data in reach of the engine's archives.
  void reach_through_engine(const backup::Manifest& manifest) {
    Service reach;
    reach.name = "reach";
    for (const auto& item : manifest.items) {
      if (item.way != backup::Item::Way::engine) continue;
      const bool is_volume = item.kind == backup::Item::Kind::volume;
      reach.mounts.push_back({is_volume ? Mount::Kind::volume : Mount::Kind::bind,
                              read_from_.at(item.id).source,
                              reach_path(item.id),
                              true,
                              {}});
    }
    if (reach.mounts.empty()) return;
    reach.command = {"true"};
    helper_ = possible_helper_.name;
    then(plan::CreateContainer{helper_, release_.images.begin()->second, reach, possible_helper_.labels, {"no", 0}},
         "the engine reaches the data through it; it is never started");
  }

  const App& app_;
  const Release& release_;
  const World& world_;
  const Quiesce& quiesced_;
  const BackupOptions& options_;
  const ReadFrom& read_from_;
  plan::Plan plan_;
  Indices last_;
  change::Temporary possible_helper_;
  std::string helper_;  // its name, once there is a step for it
  size_t after_begin_ = 0, after_end_ = 0;
};

// Lets go on what is held still, removes what was made for the backup, and runs the hooks that it still owes. Not to be
// stopped.
void put_back(change::Context& context, const App& held, const Quiesce& quiesced, const BackupPlanner& planner,
              size_t begun) {
  const World world = change::observe(context.engine, held, {});
  quiesced.let_go_on(context, world);
  std::vector<plan::Action> owed = planner.hooks_after(begun);
  if (!planner.helper().empty() && world.find(planner.helper()) != nullptr)
    owed.push_back({plan::RemoveContainer{planner.helper()}, "it was only there to reach the data", {}});
  for (const auto& step : owed) {
    plan::Plan alone;
    alone.actions.push_back(step);
    const auto outcome = change::carry_out(context, alone, {}, {});
    // The app goes on, and why there is no backup is what the user has to know.
    if (outcome.error) context.report.warning(outcome.error->what());
  }
}

}  // namespace

namespace {

BackedUp back_up_once(change::Context& context, const AppName& name, backup::Destination& destination,
                      const backup::Sealing& sealing, const BackupOptions& options, bool& is_entered,
                      std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  const App app = [&] {
    App known = app_with_volumes(context, name, stop);
    if (!options.dry_run) finish_unfinished(context, known, stop);
    return known;
  }();
  return doing(format("backing {} up", name.text()), [&] {
    const Release& release = change::release_of_data(app);
    if (!options.dry_run) clear_temporary(context, name, stop);
    const App held = held_still(context, app);
    const World world = change::observe(context.engine, held, stop);
    const bool files_are_here = engine::shares_files(context.engine, options.dry_run, stop);

    // Said now, not first by the restore in an emergency.
    const Spec at_home = change::with_paths_of_the_host(context.store, app, release.spec);
    if (!files_are_here)
      context.report.note("no restore in place is possible from here: the engine's files are not this machine's");
    else
      for (const auto& why : change::restore_refusals(context, name, at_home, world, stop))
        context.report.warning("a restore in place will be refused: " + why);

    BackedUp result;
    ReadFrom read_from;
    result.manifest =
        describe(context, app, release, world, files_are_here, options, read_from, result.no_way_back, stop);
    destination.check();
    refuse_place_within(destination, result.manifest, world);
    const std::string file = choose_name(context, destination.place(), sealing, options, result.manifest, stop);
    result.where = backup::FilePlace{destination.place(), file}.text();
    const Quiesce quiesced(context, held, release, world, options.consistency.value_or(backup::Consistency::pause),
                           stop);
    BackupPlanner planner(held, release, world, quiesced, options, read_from,
                          change::temporary(context, name, "reach"));
    result.plan = planner.make(result.manifest, result.where);
    for (const auto& why : result.no_way_back) result.plan.notes.push_back(why);
    if (options.dry_run) return result;

    remove_leftovers(context, name, destination, file, stop);
    BackupWork work(context.engine, context.report, result.manifest, planner.helper(), sealing,
                    {{context.store.folder(), "it is Belay's own state"}});
    work.measure(result.plan, stop);
    work.open(destination, file, options.replace, context.store.folder(), stop);
    const BackupEntry entry(context, app, "backup", result.where, release.number);
    is_entered = true;
    StillWatch watch(context.report, context.clock);
    entry.tell([&] {
      while_still(
          context, app, held, [&] { change::carry_out_whole(context, result.plan, {&watch, &work}, stop); },
          [&] {
            work.abandon();
            put_back(context, held, quiesced, planner, watch.begun());
          });
    });
    result.end = work.end();
    result.size = work.size();
    result.still = watch.still();
    result.record.app = name.text();
    result.record.release = release.number;
    result.record.place = destination.place().text();
    result.record.name = file;
    result.record.taken = result.manifest.taken;
    result.record.size = result.size;
    result.record.data_size = {result.end.bytes()};
    result.record.files = result.end.files();
    result.record.encrypted = sealing.encrypts();
    result.record.with_image = options.with_image;
    result.record.id = context.store.save(result.record);
    context.store.forget_backup_failure(name.text(), result.record.place);
    entry.done();
    result.done = true;
    return result;
  });
}

}  // namespace

void note_backup_not_begun(change::Context& context, const AppName& name, const std::string& place,
                           const std::string& reason) {
  note_failed_backup(context.store, name, place, reason, context.clock.now());
  change::record_if_possible(context, [&] {
    if (const auto app = context.store.app(name))
      change::write_journal(context, *app, "backup", "failed", reason, change::what_runs(*app));
  });
}

BackedUp back_up(change::Context& context, const AppName& name, backup::Destination& destination,
                 const backup::Sealing& sealing, const BackupOptions& options, std::stop_token stop) {
  bool is_entered = false;  // in the history
  try {
    return back_up_once(context, name, destination, sealing, options, is_entered, std::move(stop));
  } catch (const Cancelled&) {
    throw;
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    // Who does not want to wait is told so, and comes again.
    const bool is_only_early = error.code() == ErrorCode::locked && !context.wait_for_lock;
    if (!options.dry_run && !is_only_early)
      is_entered
          ? note_failed_backup(context.store, name, destination.place().text(), error.what(), context.clock.now())
          : note_backup_not_begun(context, name, destination.place().text(), error.what());
    throw;
  }
}

backup::FilePlace newest_good_backup(change::Context& context, const AppName& name) {
  const auto good = good_backups(context, name);
  const auto there = std::find_if(good.begin(), good.end(), [](const auto& record) { return !is_gone(record); });
  if (good.empty())
    throw NotFound(
        format("this host knows of no good backup of {}", name.text()),
        format("Make one (belay backup {0}), name the file (belay restore {0} FILE), or look where it may be: "
               "belay backups --scan PLACE",
               name.text()));
  if (there == good.end())
    throw NotFound(ErrorCode::file_not_found,
                   format("{} is gone: {}{}", backup_id(good.front()), where(good.front()),
                          good.size() > 1 ? "; so are all other good ones" : ""),
                   format("If its disk is not mounted, mount it. Else look where the file may be (belay backups --scan "
                          "PLACE), or make a new one (belay backup {}).",
                          name.text()));
  if (there != good.begin())
    context.report.note(format("{} is gone: {}; the newest that is there is {} of {}", backup_id(good.front()),
                               where(good.front()), backup_id(*there), local_time(there->taken)));
  return {backup::parse_place(there->place), there->name};
}

backup::Verified verify_backup(change::Context& context, backup::Destination& destination, const std::string& name,
                               const crypto::AgeKeys& keys, const ByteProgress& progress, std::stop_token stop) {
  const std::string place = destination.place().text();
  const auto records = context.store.backups("");
  const auto known = std::find_if(records.begin(), records.end(), [&](const BackupRecord& record) {
    return record.place == place && record.name == name;
  });
  const auto remember = [&](const std::string& trouble) {
    if (known == records.end()) return;
    BackupRecord record = *known;
    record.trouble = trouble;
    if (trouble.empty()) record.verified = context.clock.now();
    context.store.save(record);
  };
  return doing(format("checking {}", name), [&] {
    auto download = destination.open(name, stop);
    const auto total = download->size();
    std::int64_t read = 0;
    try {
      auto verified = backup::verify([&](std::span<char> room) { return download->read(room); }, keys,
                                     [&](std::int64_t bytes) {
                                       if (progress) progress(read += bytes, total);
                                     },
                                     stop);
      remember("");
      return verified;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      if (backup::tells_of_damage(error)) remember(error.what());
      throw;
    }
  });
}

}  // namespace belay::safekeeping
