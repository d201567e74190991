#include <algorithm>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/host_user.h"
#include "service_image/version_change.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

backup::Item item_of(const std::string& id, backup::Item::Kind kind, std::string source, std::string target,
                     backup::Item::Way way) {
  backup::Item item;
  item.id = id;
  item.kind = kind;
  item.source = std::move(source);
  item.targets = {std::move(target)};
  item.written = true;
  item.way = way;
  return item;
}

// The image that the backup is of, from here, from the file, or from its registry.
void bring_image(change::Context& context, const ServiceVersion& version, std::stop_token stop) {
  if (context.engine.image(version.image, stop)) return;
  const ImageRef ref = ImageRef::parse(version.reference);
  const std::string pinned = version.digest.empty() ? version.reference : ref.repository + "@" + version.digest;
  try {
    pull(context, pinned, stop);
  } catch (Error& error) {
    error.offer_hint("belay service backup --with-image NAME FILE makes a backup that needs no registry.");
    throw;
  }
  if (!context.engine.image(version.image, stop) && version.digest.empty())
    throw NotFound(ErrorCode::image_gone,
                   format("{} means another image by now than the one that the backup is of", printable(pinned)),
                   "belay service backup --with-image NAME FILE makes a backup that needs no registry.");
}

// A restore writes the backup that it goes back to where this one is: it would be gone before it is read.
void refuse_own_backup(const Folders& folders, const std::string& service, const backup::FilePlace& from) {
  if (from.folder.kind != backup::Place::Kind::local) return;
  const fs::path own = folders.restore_backup(service);
  std::error_code error;
  const fs::path given = fs::path(from.folder.path) / from.name;
  if (fs::weakly_canonical(given, error) != fs::weakly_canonical(own, error) && !fs::equivalent(given, own, error))
    return;
  throw Conflict(ErrorCode::data_in_use,
                 format("{} is the file that a restore of {} goes back to by itself", printable(own.string()), service),
                 "Copy it to another place, then restore the copy.");
}

std::string source_of(const backup::FilePlace& place) {
  return printable(place.text());
}

}  // namespace

backup::Manifest manifest_for(change::Context& context, const InstalledService& service, bool with_image,
                              std::stop_token stop) {
  backup::Manifest manifest;
  manifest.version = backup::Manifest::newest_format;
  manifest.app = service.name;
  Service spec;
  spec.name = service.name;
  spec.image = service.version.reference;
  manifest.spec.services.push_back(std::move(spec));
  manifest.release_created = service.updated;
  manifest.with_image = with_image;
  if (!with_image && service.version.digest.empty()) manifest.leave_out_image(service.version.reference);
  manifest.taken = context.clock.now();
  manifest.who = context.who;
  manifest.host = host_name();
  manifest.engine_version = context.engine.info(std::move(stop)).version;
  manifest.belay_version = BELAY_VERSION;
  manifest.service = backup::Manifest::ServiceOrigin{service.version.reference, service.version.image,
                                                     service.version.digest, service.version.inside};
  using Item = backup::Item;
  manifest.items = {
      item_of(config_item, Item::Kind::volume, config_volume(service.name), config_folder, Item::Way::engine),
      item_of(files_item, Item::Kind::folder, "files of the script backup", exchange_folder, Item::Way::direct),
      item_of(scripts_item, Item::Kind::folder, "scripts of the image", scripts_folder, Item::Way::direct)};
  manifest.items.front().driver = "local";
  manifest.items.front().labels = labels_of(service.name);
  return manifest;
}

plan::Plan backup_plan(const InstalledService& service, const fs::path& files, const std::string& where,
                       bool with_image) {
  Chain chain;
  chain.then(script_step(service, service.version, "backup", {files.string()}), "what only the service knows of");
  chain.then(plan::BackUpData{config_item, {DataPlace::Kind::volume, config_volume(service.name)}},
             "its configuration");
  chain.then(plan::BackUpData{files_item, {DataPlace::Kind::folder, files.string()}}, "what the script wrote");
  chain.then(plan::BackUpData{scripts_item, {DataPlace::Kind::folder, "the scripts"}}, "the service's commands");
  if (with_image) chain.then(plan::BackUpImages{{service.version.image}}, "so that no registry is needed");
  chain.then(plan::FinishBackup{where}, "all of it is there");
  return chain.plan();
}

BackedUp back_up(change::Context& context, const std::string& name, backup::Destination& destination,
                 const BackupOptions& options, std::stop_token stop) {
  const Held held = hold(context, checked_name(name).text(), stop);
  const InstalledService service = known_service(context, name);
  BackedUp backed;
  backed.manifest = manifest_for(context, service, options.with_image, stop);
  const std::string file =
      options.file.empty()
          ? backup::file_name(name, backed.manifest.taken, options.sealing.compression == archive::Compression::gzip,
                              options.sealing.encrypts())
          : options.file;
  backed.where = backup::FilePlace{destination.place(), file}.text();
  Work work(context, service, options.script_time);
  if (options.dry_run) {
    backed.plan = backup_plan(service, work.files_folder(), backed.where, options.with_image);
    return backed;
  }
  struct Ending {
    Work& work;
    ~Ending() {
      work.abandon_backup();
      work.remove_work_folder();
    }
  } ending{work};
  backed.plan = backup_plan(service, work.make_files_folder(), backed.where, options.with_image);
  doing(format("backing up {}", name), [&] {
    work.begin_backup(destination, file, backed.manifest, options.sealing, options.replace, stop);
    carry_out(context, work, backed.plan, stop);
  });
  backed.end = work.end();
  backed.size = work.size();
  backed.done = true;
  note_in_journal(context, name, "service backup", "done", backed.where);
  return backed;
}

void add_data(Chain& chain, change::Context& context, const InstalledService& service, const ServiceVersion& version,
              const fs::path& files, bool is_new, std::stop_token stop) {
  const std::string volume = config_volume(service.name);
  const auto to_start = is_new ? std::set<std::string>() : running_with_config(context, service.name, std::move(stop));
  for (const auto& name : to_start) chain.then(plan::StopContainer{name, {}}, "its configuration is replaced");
  chain.then(plan::UnpackData{config_item, {DataPlace::Kind::volume, volume}, {DataPlace::Kind::volume, volume}},
             "its configuration");
  for (const auto& name : to_start) chain.then(plan::StartContainer{name}, "it ran before");
  if (is_new) chain.then(script_step(service, version, "install"), "the service's own part");
  chain.then(script_step(service, version, "restore", {files.string()}), "what only the service knows of");
}

namespace {

Done restore_new(change::Context& context, InstalledService service, Work& work, const Work::Opened& opened,
                 const RestoreOptions& options, std::stop_token stop) {
  const Folders folders(context.store.folder());
  const std::string text = launcher_text({service.name, fs::read_symlink("/proc/self/exe"), options.globals});
  service.launcher = (options.launchers / service.name).string();
  service.launcher_digest = launcher_digest(text);
  service.installed = service.updated = context.clock.now();
  service.unfinished = Unfinished::install;
  service.before_world = before_install(context, stop);
  {
    const FileLock lock = hold_scripts(context, stop);
    folders.scripts().keep(opened.scripts);
    context.store.save(service);
  }
  Chain chain = place_chain(service, host_user(folders.user_marks()).exists);
  add_data(chain, context, service, service.version, work.files_folder(), true, stop);
  try {
    work.use(service.version);
    work.launcher(text);
    carry_out(context, work, chain.plan(), stop);
  } catch (const Error&) {
    take_back_install(context, service, options.script_time);
    throw;
  }
  service.unfinished = Unfinished::nothing;
  service.before_world.clear();
  context.store.save(service);
  return {Done::Kind::done, chain.plan(), service, {}, {}, {}, {}};
}

Done restore_over(change::Context& context, InstalledService service, const ServiceVersion& to,
                  backup::Destination& destination, const std::string& file, const crypto::AgeKeys& keys,
                  const RestoreOptions& options, std::stop_token stop) {
  const Folders folders(context.store.folder());
  const std::string name = service.name;
  Work work(context, service, options.script_time);
  // What is there, kept until all has gone well.
  const fs::path kept = folders.restore_backup(name);
  try {
    keep_backup(context, work, service, kept, stop);
  } catch (Error& error) {
    error.offer_hint(format(
        "What is there cannot be kept, so nothing is restored over it: belay service destroy {} makes room.", name));
    throw;
  }
  const Work::Opened opened = work.open_backup(destination, file, keys, false, stop);
  Done done{Done::Kind::done, {}, {}, identity_of(service.version), {}, {}, {}};
  {
    const FileLock lock = hold_scripts(context, stop);
    folders.scripts().keep(opened.scripts);
    begin_change(context, service, to, kept.string(), Unfinished::restore, stop);
  }
  Chain chain;
  const bool is_other = to.image != service.before->image || to.scripts != service.before->scripts;
  if (is_other) {
    chain.then(plan::TagImage{to.image, pinned_tag(name, to.image)}, "the service's image from now on");
    chain.then(script_step(service, to, "install"), "the service's own part");
  }
  add_data(chain, context, service, to, work.files_folder(), false, stop);
  done.plan = chain.plan();
  std::error_code error;
  carry_out_or_go_back(
      context, service, work, chain.plan(), "The service has the data that it had before.",
      [&] { fs::remove(kept, error); }, std::move(stop));
  end_change(context, service);
  fs::remove(kept, error);
  done.service = service;
  return done;
}

}  // namespace

Done restore(change::Context& context, const std::string& wanted, backup::Destination& destination,
             const std::string& file, const crypto::AgeKeys& keys, const RestoreOptions& options,
             std::stop_token stop) {
  const std::string name = checked_name(wanted).text();
  const std::string where = source_of({destination.place(), file});
  refuse_own_backup(Folders(context.store.folder()), name, {destination.place(), file});
  const Held held = hold(context, name, stop);
  const auto there = context.store.service(name);
  if (!there) expect_free(context, name, {}, options.launchers / name, stop);
  InstalledService service = there.value_or(InstalledService{});
  service.name = name;
  Work work(context, service, options.script_time);
  struct Ending {
    Work& work;
    ~Ending() { work.remove_work_folder(); }
  } ending{work};
  return doing(format("restoring {} from {}", name, where), [&] {
    // All of it is read and checked before anything is touched.
    bool had_image = true;
    Work::Opened opened = work.open_backup(destination, file, keys, false, stop);
    const auto& origin = *opened.manifest.service;
    ServiceVersion to{origin.reference, origin.image, origin.digest, opened.scripts.digest(), origin.inside, false};
    const ServiceManifest manifest = manifest_of(opened.scripts, {});
    if (options.dry_run) {
      service.version = to;
      service.launcher = (options.launchers / name).string();
      Chain chain =
          there ? Chain() : place_chain(service, host_user(Folders(context.store.folder()).user_marks()).exists);
      add_data(chain, context, service, to, work.files_folder(), !there, stop);
      return Done{Done::Kind::planned, chain.plan(), there, {}, {}, {}, {}};
    }
    auto lines = install_lines(origin.reference, to, manifest, opened.scripts);
    lines.push_back(format("the backup of {}, taken {}", opened.manifest.app, iso_time(opened.manifest.taken)));
    agree(options.ask, lines,
          there ? format("Replace the data of {}?", name) : format("Install it as {} with this data?", name), name);
    had_image = context.engine.image(to.image, stop).has_value();
    if (!had_image && opened.has_image) opened = work.open_backup(destination, file, keys, true, stop);
    bring_image(context, to, stop);
    // A pull of the same digest for another platform has another id.
    if (!context.engine.image(to.image, stop)) {
      const ImageRef ref = ImageRef::parse(to.reference);
      const auto pulled = context.engine.image(ref.repository + "@" + to.digest, stop);
      if (!pulled) throw NotFound(ErrorCode::image_gone, format("the image {} is not here", printable(to.reference)));
      to.image = pulled->id;
    }
    to.fetched = !had_image || context.store.remnants(name, state::Store::Remnant::image).contains(to.image);
    Done done;
    if (there) {
      done = restore_over(context, service, to, destination, file, keys, options, stop);
    } else {
      expect_free(context, name, to.image, options.launchers / name, stop);
      service.version = to;
      done = restore_new(context, service, work, opened, options, stop);
    }
    note_in_journal(context, name, "service restore", "done", where);
    clear_up(context, *done.service);
    return done;
  });
}

}  // namespace belay::service_image
