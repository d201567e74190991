#include <algorithm>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/host_user.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

using Unfinished = InstalledService::Unfinished;

// How often the engine is looked at again: what a script starts in the background may come late.
constexpr int most_rounds = 3;

bool is_last(change::Context& context, const std::string& name) {
  const auto all = context.store.services();
  return std::all_of(all.begin(), all.end(), [&](const auto& service) { return service.name == name; });
}

void remove_images(change::Context& context, const InstalledService& service) {
  std::vector<ServiceVersion> versions{service.version};
  if (service.before) versions.push_back(*service.before);
  for (const auto& version : versions) {
    const std::string pin = pinned_tag(service.name, version.image);
    if (context.engine.image(pin, {})) std::ignore = context.engine.remove_image(pin, {});
  }
}

// What belongs to it, but for what was there before an install that is taken back.
Belongings removable(change::Context& context, const InstalledService& service, std::stop_token stop) {
  Belongings found = all_of(context, service, std::move(stop));
  if (service.before_world.empty()) return found;
  const Belongings before = belongings_from_json(service.before_world);
  return before.is_before_install ? without(before, std::move(found)) : found;
}

std::vector<std::string> proof(change::Context& context, const InstalledService& service, const Folders& folders) {
  std::vector<std::string> left = removable(context, service, {}).text();
  if (context.engine.image(pinned_tag(service), {})) left.push_back("image " + pinned_tag(service));
  if (launcher_state(service.launcher, service.launcher_digest) == LauncherState::ours)
    left.push_back("command " + service.launcher);
  std::error_code error;
  for (const auto& path :
       {folders.work(service.name), folders.kept_backup(service.name), folders.restore_backup(service.name)})
    if (fs::exists(path, error)) left.push_back(path.string());
  return left;
}

Chain destroy_chain(change::Context& context, const InstalledService& service, bool despite_script,
                    std::stop_token stop) {
  Chain chain;
  chain.then(script_step(service, service.version, "destroy"), "the service's own part", despite_script);
  chain.then_remove(all_of(context, service, std::move(stop)), "it belongs to the service");
  if (launcher_state(service.launcher, service.launcher_digest) == LauncherState::ours)
    chain.then(plan::RemoveLauncher{service.launcher}, "it belongs to the service");
  chain.then(plan::UntagImage{pinned_tag(service)}, "it belongs to the service");
  if (service.version.fetched)
    chain.then(plan::UntagImage{service.version.reference}, "Belay brought it here, unless something else uses it");
  const Folders folders(context.store.folder());
  if (is_last(context, service.name) && host_user(folders.user_marks()).made_by_belay)
    chain.then(plan::RemoveHostUser{user_name}, "no other service needs it");
  return chain;
}

// That the image has no other name, and that Belay did not pull it: no registry is known to have it. nullopt: it is
// kept, or can be had again.
std::optional<std::string> last_name(change::Context& context, const InstalledService& service, std::stop_token stop) {
  if (service.version.fetched) return {};
  const auto image = context.engine.image(pinned_tag(service), std::move(stop));
  if (!image || !image->digests.empty()) return {};
  const bool has_another = std::any_of(image->tags.begin(), image->tags.end(),
                                       [&](const std::string& tag) { return tag != pinned_tag(service); });
  if (has_another) return {};
  return format("image {} goes with it: {} is its last name, and no registry is known to have it",
                short_digest(image->id), pinned_tag(service));
}

}  // namespace

Done finish_destroy(change::Context& context, InstalledService service, std::stop_token stop) {
  const Folders folders(context.store.folder());
  Work work(context, service, {});
  Done done{Done::Kind::done, {}, {}, {}, {}, {}, {}};
  for (int round = 0; round < most_rounds; ++round) {
    const Belongings found = removable(context, service, stop);
    if (found.empty()) break;
    Chain chain;
    chain.then_remove(found, "it belongs to the service");
    carry_out(context, work, chain.plan(), stop);
  }
  switch (launcher_state(service.launcher, service.launcher_digest)) {
    case LauncherState::ours: {
      Chain chain;
      chain.then(plan::RemoveLauncher{service.launcher}, "it belongs to the service");
      carry_out(context, work, chain.plan(), stop);
      break;
    }
    case LauncherState::foreign:
      done.kept.push_back(format("{} is not as Belay wrote it: it stays", service.launcher));
      break;
    case LauncherState::absent:
      break;
  }
  remove_images(context, service);
  std::error_code error;
  fs::remove_all(folders.work(service.name), error);
  for (const auto& backup : {folders.kept_backup(service.name), folders.restore_backup(service.name)})
    fs::remove(backup, error);
  done.left = proof(context, service, folders);
  if (!done.left.empty()) return done;
  if (is_last(context, service.name) && host_user(folders.user_marks()).made_by_belay) {
    Chain chain;
    chain.then(plan::RemoveHostUser{user_name}, "no other service needs it");
    carry_out(context, work, chain.plan(), stop);
  }
  // What is left of them has tags of somebody else's, or another service needs it.
  std::ignore = discard_left_images(context, service.name);
  context.store.forget_service(service.name);
  if (service.version.fetched) discard_image(context, service.version.reference, service.version.image);
  if (service.before && service.before->fetched)
    discard_image(context, service.before->reference, service.before->image);
  clear_up(context, service);
  return done;
}

Done destroy(change::Context& context, const std::string& name, const DestroyOptions& options, std::stop_token stop) {
  std::ignore = checked_name(name);
  const Held held = hold(context, name, stop);
  if (!context.store.service(name)) {
    Done nothing;
    if (held.ended_it) nothing.kind = Done::Kind::done;
    return nothing;
  }
  InstalledService service = known_service(context, name);
  const Chain chain = destroy_chain(context, service, options.despite_script, stop);
  plan::Plan shown = chain.plan();
  if (const auto why = last_name(context, service, stop)) shown.notes.push_back(*why);
  if (options.dry_run) return {Done::Kind::planned, shown, service, {}, {}, {}, {}};
  std::vector<std::string> lines;
  for (const auto& action : shown.actions) lines.push_back("- " + plan::step_text(action.step));
  for (const auto& note : shown.notes) lines.push_back("- " + note);
  agree(options.ask, lines, format("Destroy the service {} and ALL its data?", name), name);
  Work work(context, service, options.script_time);
  // The script first: where it fails, the service is as it was.
  Chain script;
  script.then(script_step(service, service.version, "destroy"), "the service's own part", options.despite_script);
  doing(format("destroying {}", name), [&] {
    try {
      carry_out(context, work, script.plan(), stop);
    } catch (Error& error) {
      error.offer_hint("With --force Belay removes the service although its own script fails.");
      throw;
    }
  });
  service.unfinished = Unfinished::destroy;
  context.store.save(service);
  Done done = doing(format("destroying {}", name), [&] { return finish_destroy(context, service, stop); });
  done.plan = chain.plan();
  note_in_journal(context, name, "service destroy",
                  done.left.empty() ? JournalOutcome("done") : JournalOutcome("failed"), join(done.left, ", "));
  return done;
}

}  // namespace belay::service_image
