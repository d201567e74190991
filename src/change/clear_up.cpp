#include "change/clear_up.h"

#include <algorithm>

#include "base/format.h"
#include "change/carry_out.h"
#include "change/data_swap.h"
#include "change/outcome.h"
#include "change/reserve_names.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

bool is_unused(const Snapshot& snapshot, const Wish& wish) {
  if (snapshot.complete || snapshot.number == wish.snapshot) return false;
  const auto names = [&](const std::vector<DataExchange>& exchanges) {
    return std::any_of(exchanges.begin(), exchanges.end(), [&](const DataExchange& exchange) {
      return std::any_of(snapshot.items.begin(), snapshot.items.end(),
                         [&](const Snapshot::Item& item) { return item.kept == exchange.reserve; });
    });
  };
  return !names(wish.data) && !names(wish.fallback_data);
}

// Not whole any more from the first removal on; what an interruption leaves is dropped the next time.
void forget_snapshots(App& app, const std::vector<int>& numbers) {
  for (auto& snapshot : app.snapshots)
    if (std::find(numbers.begin(), numbers.end(), snapshot.number) != numbers.end()) snapshot.complete = false;
}

// A record may be of a time when two could take the same number, or when another copy of the state was in use: what it
// names need not be its own. Such a reserve is out of it from then on, and stays.
void leave_to_others(Context& context, App& app, std::stop_token stop) {
  std::vector<DataPlace> unused;
  for (const auto& snapshot : app.snapshots)
    if (is_unused(snapshot, app.wish))
      for (const auto& item : snapshot.items) unused.push_back(item.kept);
  if (unused.empty()) return;
  const auto others = reserves_of_others(context, app.name, unused, std::move(stop));
  for (auto& snapshot : app.snapshots)
    if (is_unused(snapshot, app.wish))
      std::erase_if(snapshot.items, [&](const Snapshot::Item& item) { return others.contains(item.kept); });
}

SnapshotKeep keep_of(const App& app) {
  const Release* release = app.last ? app.find(*app.last) : nullptr;
  return release != nullptr ? snapshot_keep(release->spec) : SnapshotKeep();
}

}  // namespace

plan::Plan plan_of_unused(const App& app) {
  plan::Plan plan;
  std::vector<size_t> last;
  for (const auto& snapshot : app.snapshots) {
    if (!is_unused(snapshot, app.wish)) continue;
    for (const auto& item : snapshot.items) {
      last = {plan.add(plan::RemoveData{item.kept}, format("nothing needs {} any more", snapshot.text()), last)};
      plan.actions.back().may_fail = true;
    }
  }
  return plan;
}

plan::Plan plan_of_clear_up(App app, const Release* settings, Time now) {
  if (app.snapshots.empty()) return {};
  if (app.wish.is<goal::Run>()) app.last = app.wish.release();
  settle_data(app, [](const Snapshot& /*copied*/) { return true; });
  try {
    forget_snapshots(app,
                     snapshots_to_remove(app, settings != nullptr ? snapshot_keep(settings->spec) : keep_of(app), now));
  } catch (const Error&) {
    // The settings do not say how many to keep: all are kept, and the change says why.
  }
  return plan_of_unused(app);
}

void add_clear_up(Change& change, const App& app, Time now) {
  change.clear_up = plan_of_clear_up(app, nullptr, now);
  change.plan = plan::in_sequence(std::move(change.plan), change.clear_up);
}

void drop_unused_reserves(Context& context, App& app, std::stop_token stop) {
  try {
    leave_to_others(context, app, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    return context.report.warning(format("what is left of old snapshots stays: {}", error.what()));
  }
  const plan::Plan plan = plan_of_unused(app);
  exec::Outcome outcome;
  const bool is_agreed =
      context.agreed == nullptr || !context.agreed->plan || !plan::first_difference(context.agreed->clear_up, plan);
  if (!is_agreed) return context.report.warning("old snapshots stay: their removal is not in the plan");
  if (!plan.empty()) outcome = carry_out(context, plan, {}, stop);
  if (outcome.error) context.report.warning(format("what is left of old snapshots stays: {}", outcome.error->what()));
  size_t action = 0;
  std::erase_if(app.snapshots, [&](const Snapshot& snapshot) {
    if (!is_unused(snapshot, app.wish)) return false;
    bool is_gone = !outcome.error;
    for (size_t i = 0; i < snapshot.items.size(); ++i, ++action) {
      const auto why = outcome.passed_over.find(action);
      if (why == outcome.passed_over.end()) continue;
      if (is_gone)
        context.report.warning(format("what is left of the snapshot {} stays: {}", snapshot.text(), why->second));
      is_gone = false;
    }
    return is_gone;
  });
}

void clear_up_reserves(Context& context, App& app, std::stop_token stop) {
  if (std::none_of(app.snapshots.begin(), app.snapshots.end(),
                   [&](const Snapshot& snapshot) { return is_unused(snapshot, app.wish); }))
    return;
  drop_unused_reserves(context, app, stop);
  context.store.save(app);
}

void clear_up(Context& context, App& app) {
  if (app.snapshots.empty()) return;
  try {
    remove_snapshots(context, app, snapshots_to_remove(app, keep_of(app), context.clock.now()), {});
  } catch (const Error& error) {
    context.report.warning(format("old snapshots of {} stay: {}", app.name.text(), error.what()));
  }
}

void remove_snapshots(Context& context, App& app, const std::vector<int>& asked, std::stop_token stop) {
  std::vector<int> numbers;
  if (!asked.empty()) {
    const auto volumes = context.engine.volumes({}, stop);
    for (const int number : asked) {
      const Snapshot* snapshot = app.find_snapshot(number);
      if (const auto mount = snapshot != nullptr ? mount_in(*snapshot, volumes) : std::nullopt)
        context.report.warning(format("the snapshot s{} stays: {}", number, *mount));
      else
        numbers.push_back(number);
    }
  }
  forget_snapshots(app, numbers);
  if (!numbers.empty()) context.store.save(app);
  clear_up_reserves(context, app, stop);
}

}  // namespace belay::change
