#include "service_image/hold.h"

#include <algorithm>
#include <set>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/temporary.h"
#include "service_image/convention.h"
#include "service_image/host_user.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;
using Remnant = state::Store::Remnant;

std::string_view verb_of(Unfinished unfinished) {
  switch (unfinished) {
    case Unfinished::install:
      return "install";
    case Unfinished::update:
      return "update";
    case Unfinished::restore:
      return "restore";
    case Unfinished::destroy:
      return "destroy";
    case Unfinished::nothing:
      break;
  }
  return "command";
}

// What a command that was killed had in a container of its own.
void remove_temporary(change::Context& context, const std::string& name, std::stop_token stop) {
  const std::string label = format("{}={}", labels::temporary, lock_name(name).text());
  for (const auto& container : context.engine.containers({true, label}, stop)) {
    // An image that somebody made of such a container hands its labels on.
    if (!change::is_of_this_state(context, container.labels) || !container.name.starts_with(name_stem(name))) continue;
    if (container.is_up()) context.engine.stop_container(container.name, Seconds(3), stop);
    remove_with_nameless(context.engine, container.name, stop);
  }
}

// The backups that a command which was killed had begun for a way back.
void remove_unfinished_backups(change::Context& context, const Folders& folders, const std::string& name) {
  const fs::path folder = folders.all / "backups";
  if (!fs::exists(folder)) return;
  const auto ours = [&](const std::string& left) {
    return left == folders.kept_backup(name).filename() || left == folders.restore_backup(name).filename();
  };
  const auto place = backup::destination(backup::parse_place(folder.string()), {});
  std::ignore = place->remove_leftovers(ours, context.clock.now(), {});
  std::error_code error;
  fs::remove(folder, error);  // where it is empty
}

// What a command that was killed had paused, and its files.
void end_interrupted(change::Context& context, const std::string& name, std::stop_token stop) {
  const Folders folders(context.store.folder());
  remove_temporary(context, name, stop);
  resume_paused(context, folders.paused(name));
  std::error_code error;
  fs::remove_all(folders.work(name), error);
  fs::remove(folders.all / "work", error);  // where it is empty
  remove_unfinished_backups(context, folders, name);
}

void finish_unfinished(change::Context& context, const std::string& name, std::stop_token stop) {
  const auto service = context.store.service(name);
  if (!service || service->unfinished == Unfinished::nothing) return;
  const std::string_view verb = verb_of(service->unfinished);
  if (service->unfinished == Unfinished::destroy) {
    context.report.note(format("an earlier destroy of {} did not come to its end: it is finished now", name));
    const Done done = finish_destroy(context, *service, stop);
    if (!done.left.empty())
      throw Conflict(ErrorCode::data_in_use, format("of {} is left: {}", name, join(done.left, ", ")),
                     "Remove it, then run the command again.");
    return;
  }
  context.report.note(format("an earlier {} of {} did not come to its end: it is taken back now", verb, name));
  if (service->unfinished == Unfinished::install) {
    take_back_install(context, *service, {});
    if (context.store.service(name))
      throw Conflict(ErrorCode::data_in_use, format("the install of {} failed, and is not taken back yet", name),
                     format("Mend what the warnings name, then run belay service destroy {}.", name));
  } else {
    doing(format("taking back the {} of {}", verb, name), [&] { go_back(context, *service); });
    std::error_code error;
    if (!service->before_backup.empty()) fs::remove(service->before_backup, error);
  }
}

}  // namespace

std::string_view to_text(Done::Kind kind) {
  switch (kind) {
    case Done::Kind::unchanged:
      return "unchanged";
    case Done::Kind::planned:
      return "planned";
    case Done::Kind::done:
      break;
  }
  return "done";
}

std::string identity_of(const ServiceVersion& version) {
  return version.digest.empty() ? version.image : version.digest;
}

Held hold(change::Context& context, const std::string& name, std::stop_token stop) {
  const LockRequest request{state::lock_file(context.store.folder(), lock_name(name)),
                            format("{} (pid {}, {})", context.command, ::getpid(), context.who), context.wait_for_lock};
  FileLock lock = FileLock::take(
      request, context.clock, [&](const std::string& holder) { context.report.note(format("waiting for {}", holder)); },
      stop);
  const bool was_there = context.store.service(name).has_value();
  end_interrupted(context, name, stop);
  finish_unfinished(context, name, stop);
  if (const auto service = context.store.service(name)) note_nameless(context, *service, std::move(stop));
  const Folders folders(context.store.folder());
  std::error_code error;
  fs::remove(folders.restore_backup(name), error);
  fs::remove(folders.all / "backups", error);  // where it is empty
  return {std::move(lock), was_there && !context.store.service(name)};
}

FileLock hold_scripts(change::Context& context, std::stop_token stop) {
  const LockRequest request{state::lock_file(context.store.folder(), AppName("services.scripts")),
                            format("{} (pid {}, {})", context.command, ::getpid(), context.who), true};
  return FileLock::take(request, context.clock, {}, std::move(stop));
}

Owner owner_in(change::Context& context, const InstalledService& service) {
  Owner owner = owner_of(service, context.store.services());
  for (const auto& app : context.store.apps())
    for (const auto& release : app.releases)
      for (const auto& [part, container] : release.containers) owner.of_apps.insert(container);
  return owner;
}

std::set<std::string> running_with_config(change::Context& context, const std::string& service, std::stop_token stop) {
  const std::string volume = config_volume(service);
  std::set<std::string> names;
  for (const auto& container : context.engine.containers({}, std::move(stop)))
    if (container.is_up() && std::any_of(container.mounts.begin(), container.mounts.end(),
                                         [&](const Mount& mount) { return mount.source == volume; }))
      names.insert(container.name);
  return names;
}

Belongings all_of(change::Context& context, const InstalledService& service, std::stop_token stop) {
  Belongings all = belongings_of(context.engine, owner_in(context, service), stop);
  std::set<std::string> had = context.store.remnants(service.name, Remnant::volume);
  for (const auto& name : all.volumes) had.erase(name);
  if (had.empty()) return all;
  for (const auto& container : context.engine.containers({}, stop))
    for (const auto& mount : container.mounts) had.erase(mount.source);
  for (const auto& volume : context.engine.volumes({}, stop))
    if (had.contains(volume.name)) {
      all.volumes.push_back(volume.name);
      all.anonymous.insert(volume.name);
    }
  return all;
}

void note_nameless(change::Context& context, const InstalledService& service, std::stop_token stop) {
  Belongings found = belongings_of(context.engine, owner_in(context, service), stop);
  if (!service.before_world.empty()) {
    const Belongings before = belongings_from_json(service.before_world);
    if (before.is_before_install) found = without(before, std::move(found));
  }
  std::set<std::string> there;
  for (const auto& volume : context.engine.volumes({}, stop)) there.insert(volume.name);
  context.store.note_remnants(service.name, Remnant::volume, found.anonymous, there);
}

NamelessNote::~NamelessNote() {
  try {
    note_nameless(context_, service_, {});
  } catch (const std::exception&) {
    // The next command notes what is there by then.
  }
}

void note_touch(change::Context& context, InstalledService& service) {
  Belongings had = belongings_from_json(service.before_world);
  had.untouched = false;
  service.before_world = to_json(had);
  context.store.save(service);
}

plan::RunScript script_step(const InstalledService& service, const ServiceVersion& version, const std::string& script,
                            std::vector<std::string> more) {
  plan::RunScript step{service.name, script, {service.name, pinned_tag(service.name, version.image)}, version.inside};
  step.arguments.insert(step.arguments.end(), more.begin(), more.end());
  return step;
}

void carry_out(change::Context& context, Work& work, const plan::Plan& plan, std::stop_token stop) {
  change::CarryOut how;
  how.data = &work;
  how.host = &work;
  const exec::Outcome outcome = change::carry_out_whole(context, plan, how, std::move(stop));
  for (const auto& [action, why] : outcome.passed_over) context.report.warning(why);
}

void note_in_journal(change::Context& context, const std::string& name, const JournalVerb& verb,
                     const JournalOutcome& outcome, const std::string& text) {
  JournalEntry entry;
  entry.time = context.clock.now();
  entry.app = name;
  entry.who = context.who;
  entry.verb = verb;
  entry.outcome = outcome;
  entry.text = text;
  change::record_if_possible(context, [&] { context.store.append(entry); });
}

void pull(change::Context& context, const std::string& reference, std::stop_token stop) {
  plan::Plan plan;
  plan.add(plan::PullImage{reference}, "the image of the service");
  change::carry_out_whole(context, plan, {}, std::move(stop));
}

void discard_image(change::Context& context, const std::string& reference, const std::string& image) noexcept {
  try {
    // Another service, or an app, may have come to need it; and a tag may mean another image by now.
    for (const auto& service : context.store.services())
      if (service.version.image == image || (service.before && service.before->image == image)) return;
    const auto named = reference.empty() ? std::nullopt : context.engine.image(reference, {});
    if (named && named->id == image) std::ignore = context.engine.remove_image(reference, {});
    engine::UnwantedImage nameless(image);
    nameless.names.emplace();
    std::ignore = context.engine.remove_image(nameless, {});
  } catch (const std::exception& error) {
    context.report.warning(format("the image {} stays: {}", printable(reference), error.what()));
  }
}

void leave_image(change::Context& context, const std::string& service, const std::string& image) {
  auto all = context.store.remnants(service, Remnant::image);
  all.insert(image);
  context.store.note_remnants(service, Remnant::image, all, all);
}

std::vector<std::string> discard_left_images(change::Context& context, const std::string& service) {
  std::set<std::string> used, there;
  const auto left = context.store.remnants(service, Remnant::image);
  if (left.empty()) return {};
  for (const auto& container : context.engine.containers({}, {})) used.insert(container.image_id);
  for (const auto& image : left) {
    if (!used.contains(image)) discard_image(context, {}, image);
    if (context.engine.image(image, {})) there.insert(image);
  }
  context.store.note_remnants(service, Remnant::image, {}, there);
  return {there.begin(), there.end()};
}

void take_back_install(change::Context& context, InstalledService service, std::optional<Milliseconds> script_time) {
  try {
    Work work(context, service, script_time.value_or(Milliseconds(600'000)));
    // Once the script has removed its containers, nothing else says whose these were.
    note_nameless(context, service, {});
    Chain chain;
    chain.then(script_step(service, service.version, "destroy"), "the install is taken back", true);
    carry_out(context, work, chain.plan(), {});
    service.unfinished = Unfinished::destroy;
    context.store.save(service);
    const Done done = finish_destroy(context, service, {});
    for (const auto& left : done.left) context.report.warning(format("of the install is left: {}", left));
  } catch (const Error& error) {
    context.report.warning(
        format("taking back the install of {}: {}; the next command tries again", service.name, error.what()));
  }
}

void go_back(change::Context& context, InstalledService service, std::optional<Milliseconds> script_time) {
  const ServiceVersion failed = service.version;
  const ServiceVersion before = service.before.value_or(service.version);
  const Belongings had = belongings_from_json(service.before_world);
  // A script that hung on the way there hangs on the way back too: it gets no more time there.
  Work work(context, service, script_time.value_or(Milliseconds(3'600'000)));
  work.use(before);
  Belongings found = all_of(context, service, {});
  remember(found, context.engine, {});
  Chain chain;
  chain.then_remove(added_since(had, found), "it came with what failed");
  for (const auto& name : had.networks)
    if (std::find(found.networks.begin(), found.networks.end(), name) == found.networks.end())
      context.report.warning(format("the network {} was there before and is gone", name));
  carry_out(context, work, chain.plan(), {});
  // Where nothing of the new version ran, the data are whole, and the backup may be older.
  if (!had.untouched && !service.before_backup.empty() && fs::exists(service.before_backup)) {
    const fs::path file = service.before_backup;
    const auto destination = backup::destination(backup::parse_place(file.parent_path().string()), {});
    std::ignore = work.open_backup(*destination, file.filename(), {}, false, {});
    Chain data;
    add_data(data, context, service, before, work.files_folder(), false, {});
    carry_out(context, work, data.plan(), {});
  }
  const Belongings now = all_of(context, service, {});
  Chain restart;
  for (const auto& [name, kept] : had.kept) {
    const bool is_there = std::find(now.containers.begin(), now.containers.end(), name) != now.containers.end();
    if (!is_there)
      restart.then(plan::CreateContainer{name, kept.image, kept.service, kept.labels, kept.restart},
                   "it was there before");
    if (had.running.contains(name) && !now.running.contains(name))
      restart.then(plan::StartContainer{name}, "it ran before");
  }
  std::set<std::string> down;
  for (const auto& container : context.engine.containers({}, {}))
    if (had.stopped.contains(container.name) && !container.is_up()) down.insert(container.name);
  for (const auto& name : down)
    if (!had.kept.contains(name)) restart.then(plan::StartContainer{name}, "it ran before", true);
  carry_out(context, work, restart.plan(), {});
  service.version = before;
  service.before.reset();
  service.before_world.clear();
  service.before_backup.clear();
  service.unfinished = Unfinished::nothing;
  context.store.save(service);
  if (failed.image != before.image) {
    std::ignore = context.engine.remove_image(pinned_tag(service.name, failed.image), {});
    if (failed.fetched) discard_image(context, failed.reference, failed.image);
  }
  clear_up(context, service);
}

void clear_up(change::Context& context, const InstalledService& service) {
  const Folders folders(context.store.folder());
  std::ignore = discard_left_images(context, service.name);
  std::error_code error;
  fs::remove_all(folders.work(service.name), error);
  {
    const FileLock lock = hold_scripts(context, {});
    std::set<std::string> scripts;
    for (const auto& each : context.store.services()) {
      scripts.insert(each.version.scripts);
      if (each.before) scripts.insert(each.before->scripts);
    }
    folders.scripts().keep_only(scripts);
  }
  // With the last service goes all of it; what is not empty stays.
  for (const auto& folder : {folders.all / "work", folders.all / "scripts", folders.all / "backups", folders.all})
    fs::remove(folder, error);
}

void decline(const std::string& what) {
  throw Error(ErrorCode::declined, format("{} is left as it is", what));
}

void agree(const Ask& ask, const std::vector<std::string>& lines, const std::string& question,
           const std::string& what) {
  if (ask && !ask(lines, question)) decline(what);
}

InstalledService known_service(change::Context& context, const std::string& name) {
  if (auto service = context.store.service(name)) return std::move(*service);
  std::vector<std::string> known;
  for (const auto& service : context.store.services()) known.push_back(service.name);
  std::string hint = did_you_mean(name, known);
  throw NotFound(ErrorCode::service_not_found, format("there is no service {}", printable(name)),
                 hint.empty() ? "belay service ls lists the services; belay service install IMAGE NAME installs one."
                              : std::move(hint));
}

}  // namespace belay::service_image
