#include "change/data_swap.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/claims.h"
#include "change/clear_up.h"
#include "change/host_view.h"
#include "change/needed_paths.h"
#include "change/places.h"
#include "change/reserve_names.h"
#include "engine/direct.h"
#include "model/labels.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

// The first service that has the label says it.
std::optional<std::string> label_of(const Spec& spec, const char* label) {
  for (const auto& service : spec.services)
    if (const auto found = service.labels.find(label); found != service.labels.end()) return found->second;
  return {};
}

int number_in(const std::string& text, const char* label) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 1'000'000)
    throw Error(ErrorCode::bad_value,
                format("the label {} is '{}', which is not a number of at least 1", label, printable(text)));
  return static_cast<int>(*number);
}

// The steps that bring the reserves about; what must be there for them comes first.
plan::Plan plan_fillings(const App& app, const World& world, const std::vector<DataSource>& fillings,
                         const std::string& tag, const SwapReason& reason) {
  plan::Plan plan;
  // One after the other: a backup is read from its front to its end.
  std::vector<size_t> last;
  for (const auto& step : reason.first) last = {plan.add(step, "before any data is unpacked", last)};
  for (const auto& volume : reason.volumes)
    if (world.find_volume(volume.name) == nullptr)
      last = {plan.add(volume, "as it was, with its driver and options", last)};
  for (const auto& filling : fillings) {
    const DataPlace reserve = reserve_of(filling.place, tag);
    if (reserve.kind == DataPlace::Kind::volume) {
      if (world.find_volume(filling.place.source) == nullptr)
        last = {plan.add(plan::CreateVolume{filling.place.source, labels::for_volume(app.name, filling.target)},
                         "for " + filling.target, last)};
      if (world.find_volume(reserve.source) == nullptr)
        last = {plan.add(plan::CreateVolume{reserve.source, labels::for_reserve(app.name, filling.place)},
                         "the data is prepared beside the old", last)};
    }
    last = {plan.add(filling.step(reserve), filling.reason, last)};
  }
  for (const auto& step : reason.finally) last = {plan.add(step, "before anything is exchanged", last)};
  return plan;
}

std::vector<std::string> sources_of(const std::vector<DataUse>& uses) {
  std::vector<std::string> sources;
  for (const auto& use : uses) sources.push_back(use.place.source);
  return sources;
}

std::vector<DataPlace> sides_of(const std::vector<Snapshot::Item>& items, DataPlace Snapshot::Item::* which) {
  std::vector<DataPlace> places;
  for (const auto& item : items) places.push_back(item.*which);
  return places;
}

void refuse_unseen(Context& context, const std::vector<DataPlace>& places, const std::vector<Volume>& volumes,
                   std::stop_token stop) {
  if (const auto why = first_unseen(HostView::now(context.engine, std::move(stop)), places, volumes))
    throw Error(ErrorCode::data_not_exchanged, *why, "Or run belay on the host itself, as root.");
}

void wish_data(App& app, std::optional<ReleaseNumber> release, const std::optional<ReleaseNumber>& running,
               const ChangeOptions& options, const Context& context) {
  if (!release) {
    wish_down(app, context);
    return;
  }
  wish_up(app, *release, options, context);
  // With the old data there is something to return to, also for the same release.
  app.wish.fallback = running;
}

// What cannot be exchanged is found out before anything is touched. Gives the place as it is exchanged.
DataPlace without_obstacle(const World& world, const DataPlace& place) {
  // A volume that is missing will be made.
  if (place.kind == DataPlace::Kind::volume && world.find_volume(place.source) == nullptr) return place;
  auto way = exchangeable(data::Reserves(world.volumes), place);
  if (way.obstacle)
    throw Error(ErrorCode::data_not_exchanged,
                format("what {} holds cannot be exchanged: {}", text_of(place), way.obstacle->text));
  return std::move(way.place);
}

// What the app has its data in: as it runs, and as it is to run.
std::vector<DataUse> uses_of(const App& app, std::optional<ReleaseNumber> release) {
  std::vector<DataUse> uses;
  for (const auto number : {what_runs(app) ? what_runs(app) : app.last, release})
    if (const Release* known = number ? app.find(*number) : nullptr)
      for (auto& use : places_of(known->spec).uses) uses.push_back(std::move(use));
  return uses;
}

// Places inside each other are one place: what an outer one gets holds what the inner ones get. An inner one alone
// would be exchanged within a place whose copies are then of another time than its reserve.
std::vector<DataSource> outer_fillings(const App& app, std::optional<ReleaseNumber> release,
                                       const std::vector<DataSource>& fillings, const World& world) {
  std::vector<DataUse> asked;
  for (const auto& filling : fillings) asked.push_back({filling.place, {}, true});
  const auto outer = outermost(asked, world.volumes);
  std::vector<DataUse> all = asked;
  for (auto& use : uses_of(app, release)) {
    use.place = data::place_of_exchange(use.place, world.volumes);
    all.push_back(std::move(use));
  }
  const auto whole = outermost(all, world.volumes);
  const auto is_among = [](const std::vector<DataUse>& uses, const DataPlace& place) {
    return std::any_of(uses.begin(), uses.end(), [&](const DataUse& use) { return use.place == place; });
  };
  std::vector<DataSource> kept;
  for (const auto& filling : fillings) {
    if (!is_among(outer, filling.place)) continue;
    if (!is_among(whole, filling.place))
      throw Error(ErrorCode::data_not_exchanged,
                  format("{} lies inside another place of {}: both are one place, and are exchanged together",
                         text_of(filling.place), app.name.text()),
                  format("The places of {} are: {}", app.name.text(), join(sources_of(whole), ", ")));
    kept.push_back(filling);
    kept.back().place = without_obstacle(world, filling.place);
  }
  return kept;
}

// Volumes that were made for data which never came are no use to anybody. One that somebody else has made meanwhile,
// which the engine then gave as ours, has other labels.
void remove_made_volumes(Context& context, const AppName& app, const World& before,
                         const std::vector<Snapshot::Item>& items, const std::vector<plan::CreateVolume>& volumes) {
  std::vector<std::string> made;
  for (const auto& item : items)
    if (item.place.kind == DataPlace::Kind::volume) made.push_back(item.place.source);
  for (const auto& volume : volumes) made.push_back(volume.name);
  std::vector<Volume> there;
  try {
    there = context.engine.volumes({}, {});
  } catch (const Error& error) {
    return context.report.warning(format("empty volumes may be left over: {}", error.what()));
  }
  plan::Plan plan;
  const auto is_ours = [&](const std::string& name) {
    return std::any_of(there.begin(), there.end(), [&](const Volume& volume) {
      const auto owner = volume.labels.find(labels::app);
      return volume.name == name && owner != volume.labels.end() && owner->second == app.text();
    });
  };
  for (const auto& name : made) {
    if (before.find_volume(name) != nullptr || !is_ours(name)) continue;
    plan.add(plan::RemoveVolume{name}, "nothing came into it");
    plan.actions.back().may_fail = true;
  }
  if (plan.empty()) return;
  for (const auto& [action, why] : carry_out_whole(context, plan, {}, {}).passed_over)
    context.report.warning(format("an empty volume stays: {}", why));
}

// The images that will be loaded, with what is known of them.
void expect_images(const Release& release, const std::map<std::string, std::optional<HealthCheck>>& health_checks,
                   World& world) {
  for (const auto& [service, id] : release.images) {
    if (world.images.contains(id)) continue;
    const auto check = health_checks.find(service);
    Image& image = world.images[id];
    image.id = id;
    image.unseen = check == health_checks.end();
    if (!image.unseen) image.config.health = check->second;
  }
}

// The plan of the whole, for a preview: what the reserves will hold has no name yet.
Change preview(Context& context, App app, std::optional<ReleaseNumber> release, const plan::Plan& filling,
               const Snapshot& snapshot, const SwapReason& reason, const ChangeOptions& options, std::stop_token stop) {
  const auto running = what_runs(app);
  wish_data(app, release, running, options, context);
  for (const auto& item : snapshot.items) app.wish.data.push_back({item.place, item.kept, "to be filled"});
  World world = observe(context.engine, app, stop);
  for (const auto& exchange : app.wish.data) world.data[exchange.reserve] = exchange.content;
  for (const auto& action : filling.actions)
    if (const auto* volume = std::get_if<plan::CreateVolume>(&action.step)) world.volumes.push_back(as_shown(*volume));
  const bool brings_images =
      std::any_of(filling.actions.begin(), filling.actions.end(), [](const plan::Action& action) {
        return std::holds_alternative<plan::LoadImages>(action.step) ||
               std::holds_alternative<plan::PullImage>(action.step);
      });
  if (brings_images && release) expect_images(app.release(*release), reason.health_checks, world);
  const plan::Plan swap = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  Change change;
  change.kind = Change::Kind::planned;
  change.release = release;
  change.plan = plan::in_sequence(filling, swap);
  app.snapshots.push_back(snapshot);
  // Places that are made for this have nothing to keep.
  if (!data::Reserves(world.volumes).contents(sides_of(snapshot.items, &Snapshot::Item::place), {}).empty())
    app.wish.fallback_data = app.wish.data;
  add_clear_up(change, app, context.clock.now());
  return change;
}

}  // namespace

bool asks_for_snapshots(const Spec& spec) {
  if (spec.snapshot) return true;
  const auto word = label_of(spec, labels::snapshot);
  if (!word) return false;
  const std::string answer = lower(*word);
  if (answer == "true" || answer == "yes" || answer == "1") return true;
  if (answer == "false" || answer == "no" || answer == "0" || answer.empty()) return false;
  throw Error(ErrorCode::bad_value,
              format("the label {} is '{}', which is neither true nor false", labels::snapshot, printable(*word)));
}

std::optional<Snapshot> next_snapshot(Context& context, const App& app, const Release& release, bool dry_run,
                                      std::stop_token stop) {
  std::vector<DataPlace> places;
  const auto volumes = context.engine.volumes({}, stop);
  const data::Reserves reserves(volumes);
  for (const auto& use : outermost(places_of(release.spec).uses, volumes)) {
    if (!use.written) continue;
    const DataPlace place = data::place_of_exchange(use.place, volumes);
    const bool is_volume = place.kind == DataPlace::Kind::volume;
    const auto volume = std::find_if(volumes.begin(), volumes.end(),
                                     [&](const Volume& each) { return is_volume && each.name == place.source; });
    if (is_volume && volume == volumes.end()) continue;
    if (is_volume && !engine::direct_folder(*volume)) {
      context.report.warning(
          format("the snapshot is without {}: only the engine reaches its files", text_of(use.place)));
      continue;
    }
    const auto way = exchangeable(reserves, place);
    if (way.obstacle && way.obstacle->kind == data::Obstacle::Kind::mount)
      throw Error(ErrorCode::data_not_exchanged,
                  format("what {} holds cannot be exchanged: {}", text_of(use.place), way.obstacle->text));
    if (way.obstacle) {
      context.report.warning(format("the snapshot is without {}: {}", text_of(use.place), way.obstacle->text));
      continue;
    }
    if (const auto kept = kept_by_belay_in(context, way.place, volumes))
      throw Conflict(ErrorCode::data_not_exchanged,
                     format("no snapshot of {} can be taken: {}", text_of(use.place), *kept),
                     "It would go back with the data. Keep it elsewhere, or go on without a snapshot.");
    places.push_back(way.place);
  }
  if (places.empty()) {
    context.report.note(
        format("{} {} writes to no data that a snapshot could hold", app.name.text(), release.number.text()));
    return {};
  }
  if (!engine::shares_files(context.engine, dry_run, stop))
    throw Error(ErrorCode::engine_elsewhere,
                format("a snapshot of {} is not possible from here: the engine's files are not this machine's",
                       app.name.text()),
                "Run belay on the engine's own machine, as root; or make a backup first: belay backup NAME.");
  refuse_unseen(context, places, volumes, stop);
  // Found out now, not when the app has stopped for it: not every file system can.
  if (!dry_run)
    for (const auto& place : places)
      if (data::content_of(reserves.path(place))) reserves.try_exchange(place);
  Snapshot snapshot;
  snapshot.number = next_snapshot_number(context, app, places, volumes);
  for (const auto& place : places) snapshot.items.push_back({place, reserve_of(place, snapshot.text())});
  snapshot.release = release.number;
  snapshot.taken = context.clock.now();
  return snapshot;
}

void wish_snapshot(Context& context, App& app, bool dry_run, std::stop_token stop) {
  const Release* before = app.wish.fallback ? app.find(*app.wish.fallback) : nullptr;
  if (before == nullptr) {
    context.report.note(format("nothing of {} runs: there is no data to take a snapshot of", app.name.text()));
    return;
  }
  // An interrupted change has taken one already, of what the release to return to wrote.
  if (app.wish.snapshot) return;
  if (app.wish.terms.order == SwapOrder::start_first)
    throw UsageError("a snapshot is taken while nothing runs: it does not go with --order start-first");
  auto snapshot = next_snapshot(context, app, *before, dry_run, stop);
  if (!snapshot) return;
  snapshot->why = format("before {}", app.wish.release()->text());
  app.highest_snapshot = snapshot->number;
  app.wish.snapshot = snapshot->number;
  app.snapshots.push_back(std::move(*snapshot));
}

namespace {

// False: its number was taken meanwhile, and nothing is saved.
bool is_made_known(Context& context, App& app, const Snapshot& snapshot) {
  App knowing = app;
  knowing.highest_snapshot = snapshot.number;
  knowing.snapshots.push_back(snapshot);
  try {
    context.store.save(knowing, [&](const std::vector<App>& apps) { refuse_taken_number(app.name, snapshot, apps); });
  } catch (const NumberTaken&) {
    return false;
  }
  app = std::move(knowing);
  return true;
}

}  // namespace

Change swap_data(Context& context, App& app, std::optional<ReleaseNumber> release, std::vector<DataSource> asked,
                 const SwapReason& reason, const ChangeOptions& options, const JournalVerb& verb,
                 std::stop_token stop) {
  Snapshot displaced;
  displaced.release = what_runs(app) ? what_runs(app) : app.last;
  displaced.taken = context.clock.now();
  displaced.why = reason.why;
  const World world = observe(context.engine, app, stop);
  std::vector<DataPlace> places;
  for (auto& filling : asked) {
    filling.place = data::place_of_exchange(filling.place, world.volumes);
    places.push_back(filling.place);
  }
  refuse_what_is_others(context, app.name, world, places, reason.own, stop);
  refuse_unseen(context, places, world.volumes, stop);
  if (release) refuse_missing_beside(context, app, app.release(*release), places, stop);
  const auto fillings = outer_fillings(app, release, asked, world);
  for (const auto& each : fillings) displaced.items.push_back({each.place, {}});
  plan::Plan filling;
  for (bool is_known = false; !is_known;) {
    renumber(context, app, displaced, world.volumes);
    filling = plan_fillings(app, world, fillings, displaced.text(), reason);
    if (options.dry_run) return preview(context, app, release, filling, displaced, reason, options, stop);
    // What is made from here on is known to the state before it is there.
    is_known = is_made_known(context, app, displaced);
  }
  write_journal(context, app, verb, "started", context.command, release);
  const auto give_up = [&](const Error& why) {
    record_if_possible(context, [&] { write_journal(context, app, verb, "failed", why.what(), release); });
    drop_unused_reserves(context, app, {});
    remove_made_volumes(context, app.name, world, displaced.items, reason.volumes);
    context.store.save(app);
  };
  const auto before = data::Reserves(world.volumes).contents(sides_of(displaced.items, &Snapshot::Item::place), {});
  std::map<DataPlace, std::string> prepared;
  try {
    carry_out_whole(context, filling, {}, stop);
    // A bound path that is not there yet is made empty, so that it can be exchanged like any other.
    for (const auto& item : displaced.items)
      if (item.place.kind != DataPlace::Kind::volume) data::Reserves::make(item.place);
    prepared = data::Reserves(context.engine.volumes({}, stop))
                   .contents(sides_of(displaced.items, &Snapshot::Item::place),
                             sides_of(displaced.items, &Snapshot::Item::kept));
    for (const auto& item : displaced.items)
      if (!prepared.contains(item.kept))
        throw Error(ErrorCode::data_not_exchanged, format("what was prepared for {} is gone", text_of(item.place)));
  } catch (const Error& error) {
    give_up(error);
    throw;
  }

  const auto running = what_runs(app);
  wish_data(app, release, running, options, context);
  for (const auto& item : displaced.items) {
    app.wish.data.push_back({item.place, item.kept, prepared.at(item.kept)});
    if (const auto held = prepared.find(item.place); held != prepared.end())
      app.wish.fallback_data.push_back({item.place, item.kept, held->second});
  }
  Change change;
  try {
    change = fulfil(context, app, verb, false, stop);
  } catch (const Error& error) {
    // The plan could not be made; or the change was stopped and taken back, or is still to be.
    if (auto saved = context.store.app(app.name)) app = std::move(*saved);
    if (app.wish.data.empty()) give_up(error);
    throw;
  }
  // Places that were made for this had nothing to keep.
  if (change.kind == Change::Kind::done && before.empty()) remove_snapshots(context, app, {displaced.number}, {});
  return change;
}

SnapshotKeep snapshot_keep(const Spec& spec) {
  SnapshotKeep keep;
  if (const auto number = label_of(spec, labels::snapshot_keep))
    keep.newest = number_in(*number, labels::snapshot_keep);
  if (const auto days = label_of(spec, labels::snapshot_days))
    keep.younger_than = std::chrono::days(number_in(*days, labels::snapshot_days));
  return keep;
}

std::vector<int> snapshots_to_remove(const App& app, const SnapshotKeep& keep, Time now) {
  std::vector<int> numbers;
  bool has_stable = false;
  int kept = 0;
  for (auto snapshot = app.snapshots.rbegin(); snapshot != app.snapshots.rend(); ++snapshot) {
    // What is not whole is a change's that goes on, or was interrupted.
    if (!snapshot->complete || snapshot->number == app.wish.snapshot) continue;
    const bool is_stable = app.stable && snapshot->release == app.stable && !has_stable;
    has_stable = has_stable || is_stable;
    const bool is_young = !keep.younger_than || now - snapshot->taken < *keep.younger_than;
    if (kept < keep.newest && is_young)
      ++kept;
    else if (!is_stable)
      numbers.push_back(snapshot->number);
  }
  std::reverse(numbers.begin(), numbers.end());
  return numbers;
}

std::optional<std::string> mount_in(const Snapshot& snapshot, const std::vector<Volume>& volumes) {
  const data::Reserves reserves(volumes);
  for (const auto& item : snapshot.items)
    if (auto mount = reserves.mount_in(item.kept)) return mount;
  return {};
}

}  // namespace belay::change
