#include "service_image/version_change.h"

#include <map>

#include "base/format.h"
#include "base/text.h"
#include "model/naming.h"
#include "service_image/convention.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;

// Volumes without a name, and where each was.
std::map<std::string, std::string> places_of_nameless(const Belongings& had) {
  std::map<std::string, std::string> places;
  for (const auto& [name, container] : had.kept)
    for (const auto& mount : container.service.mounts)
      if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source))
        places[mount.source] = format("{} in {}", mount.target, name);
  return places;
}

// They may hold what the service needs, and nothing else tells of them.
void tell_of_abandoned(change::Context& context, const std::string& service, const Belongings& had) {
  auto abandoned = places_of_nameless(had);
  for (const auto& container : context.engine.containers({}, {}))
    for (const auto& mount : container.mounts) abandoned.erase(mount.source);
  for (const auto& volume : context.engine.volumes({}, {}))
    if (const auto found = abandoned.find(volume.name); found != abandoned.end())
      context.report.note(format("nothing mounts the volume {} any more, which was {}: it stays until {} is destroyed",
                                 short_digest(volume.name), found->second, service));
}

}  // namespace

void keep_backup(change::Context& context, Work& work, const InstalledService& service, const fs::path& file,
                 std::stop_token stop) {
  make_folder(file.parent_path(), 0700);
  const auto destination = backup::destination(backup::parse_place(file.parent_path().string()), {});
  const backup::Manifest manifest = manifest_for(context, service, false, stop);
  const fs::path files = work.make_files_folder();
  try {
    work.begin_backup(*destination, file.filename(), manifest, {}, true, stop);
    carry_out(context, work, backup_plan(service, files, file.string(), false), stop);
  } catch (const Error&) {
    work.abandon_backup();
    throw;
  }
}

void begin_change(change::Context& context, InstalledService& service, const ServiceVersion& to,
                  const std::string& kept, Unfinished what, std::stop_token stop) {
  service.before = service.version;
  service.before_backup = kept;
  service.version = to;
  // With both images: what is found by the new one was not brought by the change.
  Belongings had = all_of(context, service, stop);
  remember(had, context.engine, stop);
  had.stopped = running_with_config(context, service.name, stop);
  had.untouched = true;
  service.before_world = to_json(had);
  service.unfinished = what;
  context.store.save(service);
}

void carry_out_or_go_back(change::Context& context, InstalledService& service, Work& work, const plan::Plan& plan,
                          const std::string& hint, const std::function<void()>& is_back, std::stop_token stop) {
  try {
    work.use(service.version);
    work.before_touch([&] { note_touch(context, service); });
    carry_out(context, work, plan, std::move(stop));
  } catch (Error& error) {
    try {
      go_back(context, service, work.script_time());
      is_back();
      error.offer_hint(hint);
    } catch (const Error& trouble) {
      context.report.warning(format("the way back failed as well: {}; the next command tries again", trouble.what()));
    }
    throw;
  }
}

void end_change(change::Context& context, InstalledService& service) {
  const ServiceVersion from = service.before.value_or(service.version);
  const Belongings had = belongings_from_json(service.before_world);
  service.before.reset();
  service.before_world.clear();
  service.before_backup.clear();
  service.unfinished = Unfinished::nothing;
  service.updated = context.clock.now();
  context.store.save(service);
  if (from.image != service.version.image) {
    std::ignore = context.engine.remove_image(pinned_tag(service.name, from.image), {});
    // Containers of the old version may go on.
    if (from.fetched) leave_image(context, service.name, from.image);
  }
  tell_of_abandoned(context, service.name, had);
}

}  // namespace belay::service_image
