#include "change/new_release.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/identity.h"
#include "change/apps.h"
#include "change/clear_up.h"
#include "change/data_swap.h"
#include "change/kept_files.h"
#include "change/needed_paths.h"
#include "change/outcome.h"
#include "change/quarantine.h"
#include "change/start.h"
#include "model/naming.h"
#include "plan/carry_over.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

// The release that was begun already and has no verdict yet, where it would be the very same: an interrupted command
// of the same kind began it, or the host did not let it be tried to its end.
const Release* begun_already(const App& app, const ReleaseDraft& made) {
  const Release* release = nullptr;
  if (app.wish.is_unfinished() && app.wish.is<goal::Run>())
    release = app.find(*app.wish.release());
  else if (!app.releases.empty())
    release = &app.releases.back();
  if (release == nullptr || release->verdict != Verdict::pending) return nullptr;
  return is_made_so(*release, made) ? release : nullptr;
}

bool is_tied_alike(const Release& release, const ReleaseDraft& made) {
  return std::all_of(made.tied_to.begin(), made.tied_to.end(), [&](const std::string& need) {
    const auto known = release.needs.find(need);
    // Of one that was taken over nobody noted what it was started with.
    if (known == release.needs.end()) return release.adopted;
    const auto now = made.needs.find(need);
    return now == made.needs.end() || now->second == known->second;
  });
}

void name_containers(Context& context, App& app, Release& release, std::stop_token stop) {
  std::vector<std::string> names;
  for (const auto& container : context.engine.containers({}, stop)) names.push_back(container.name);
  for (const auto& service : release.spec.services)
    if (!release.bodies.contains(service.name))
      release.containers[service.name] = container_name(
          app, service, release.number, release.created,
          [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); });
}

Release& add_unnamed(Context& context, App& app, const ReleaseDraft& made, std::stop_token stop) {
  Release release;
  release.number = new_number(context, app, made.spec, std::move(stop));
  release.identity = context.agreed != nullptr ? context.agreed->identity : new_identity();
  release.state = context.store.identity();
  release.spec = made.spec;
  release.images = made.images;
  release.digests = made.digests;
  release.files = made.files;
  release.needs = made.needs;
  release.created = context.clock.now();
  release.who = context.who;
  release.why = context.command;
  app.highest_release = release.number.value;
  return app.releases.emplace_back(std::move(release));
}

// Services that are the same go on with the containers that the other release has.
void go_on_with(const Release& other, Release& release, const std::set<std::string>& anew) {
  release.bodies = plan::carried_over(other, release, anew);
  for (const auto& service : other.ended)
    if (release.bodies.contains(service)) release.ended.insert(service);
  for (const auto& [service, body] : release.bodies)
    for (auto map : {&Release::containers, &Release::container_created})
      if (const auto known = (other.*map).find(service); known != (other.*map).end())
        (release.*map)[service] = known->second;
}

// The new release with its wish, in the app alone.
void begin_release(Context& context, App& app, const ReleaseDraft& made, const ChangeOptions& options,
                   Containers containers, std::stop_token stop) {
  const auto running = what_runs(app);
  const Release* runs = running ? app.find(*running) : ran_until_stopped(app);
  refuse_missing_paths(context, made.spec, runs, stop);
  const std::optional<Release> present =
      runs != nullptr && containers == Containers::changed_in_place ? std::optional(*runs) : std::nullopt;
  Release& release = add_unnamed(context, app, made, stop);
  if (present && is_tied_alike(*present, made)) go_on_with(*present, release, made.anew);
  name_containers(context, app, release, stop);
  wish_up(app, app.releases.back().number, options, context);
}

}  // namespace

Release& add_release(Context& context, App& app, const ReleaseDraft& made, const Release* like, std::stop_token stop) {
  const auto other = like == nullptr ? std::nullopt : std::optional(*like);  // the app's list may move
  Release& release = add_unnamed(context, app, made, stop);
  if (other) go_on_with(*other, release, made.anew);
  name_containers(context, app, release, stop);
  return release;
}

bool is_made_so(const Release& release, const ReleaseDraft& made) {
  return release.spec == made.spec && release.images == made.images && release.files == made.files &&
         is_tied_alike(release, made);
}

Change start_draft(Context& context, App& app, const ReleaseDraft& made, const ChangeOptions& options,
                   Containers containers, const JournalVerb& verb, std::stop_token stop) {
  if (!options.dry_run) finish_data(context, app, stop);
  std::set<std::string> images;  // several services may have one
  for (const auto& service : made.spec.services) {
    const auto image = made.images.find(service.name);
    if (image != made.images.end() && is_quarantined(app, service, image->second) &&
        images.insert(image->second).second)
      context.report.warning(format("image {} failed before in {}; belay why {} explains it",
                                    short_digest(image->second), app.name.text(), app.name.text()));
  }
  if (const Release* begun = begun_already(app, made)) {
    context.report.note(format("going on with {}, which has no verdict yet", begun->number.text()));
    wish_up(app, begun->number, options, context);
    return fulfil(context, app, verb, options.dry_run, stop);
  }
  // What was stopped and is the very same runs again, in its own containers.
  if (const Release* stopped = ran_until_stopped(app); stopped != nullptr && made.anew.empty() &&
                                                       containers == Containers::changed_in_place &&
                                                       is_made_so(*stopped, made))
    return start_known(context, app, stopped->number, options, verb, stop);
  // Two commands may find one name free at the same time: the one that saves first has it.
  const auto claimed = new_to(app, made.derived);
  Agreement agree;
  if (!claimed.empty())
    agree = [&](const std::vector<App>& apps) { refuse_volumes_in_use(app, claimed, VolumeUses(apps)); };
  begin_release(context, app, made, options, containers, stop);
  if (!options.dry_run) keep_files(context, app, app.releases.back());
  const bool has_containers = !app.releases.back().has_no_containers();
  if (has_containers && (options.snapshot || asks_for_snapshots(made.spec)))
    wish_snapshot(context, app, options.dry_run, stop);
  return fulfil(context, app, verb, options.dry_run, stop, agree);
}

Change plan_draft(Context& context, App& app, const ReleaseDraft& made, const ChangeOptions& options,
                  const plan::Plan& pulling, Containers containers, std::stop_token stop,
                  const std::optional<ImageConfig>& expected) {
  begin_release(context, app, made, options, containers, stop);
  if (options.snapshot || asks_for_snapshots(made.spec)) wish_snapshot(context, app, true, stop);
  World world = observe(context.engine, app, stop);
  if (context.room != nullptr) world = plan::as_planned(std::move(world), *context.room);
  for (const auto& [service, reference] : made.images)
    if (!world.images.contains(reference))
      world.images[reference] = {reference, {}, {}, {}, {}, expected.value_or(ImageConfig()), !expected};
  plan::Plan swap = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  if (context.room != nullptr) swap = plan::with_room(*context.room, swap);
  refuse_what_is_too_new(context, swap, stop);
  note_missing_folders(context, app, world, swap, stop);
  Change change;
  change.kind = Change::Kind::planned;
  change.release = app.wish.release();
  change.plan = plan::in_sequence(pulling, swap);
  add_clear_up(change, app, context.clock.now());
  return change;
}

}  // namespace belay::change
