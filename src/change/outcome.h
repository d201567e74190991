#pragma once
// A plan for an app, and what the state learns of how it ended. Private to host.

#include <functional>
#include <set>

#include "change/change.h"

namespace belay::change {

struct Planned {
  World world;
  plan::Plan plan;
};
// Before anything is made: throws Error where the plan makes what needs a newer engine. Notes what an older one leaves
// out of a health check.
void refuse_what_is_too_new(Context& context, const plan::Plan& plan, std::stop_token stop);

// A look at the world, and what makes it as the app's wish says. What is to be exchanged and is nowhere any more holds
// nothing up: it is warned of and leaves the wish, which falls back to the data that is there.
// `starting`: those that may come up in a moment, whatever the engine says of them. `room`: as in Context.
Planned planned(Context& context, App& app, std::stop_token stop, const std::set<std::string>& starting = {},
                const plan::Plan* room = nullptr);

// Runs the plan. A container that the engine can never start again, through no fault of its release, is made anew from
// it, once: `planned` is then what was done after that.
exec::Outcome run_wish(Context& context, App& app, Planned& planned, Report& report, std::stop_token stop);

// What the places held before this wish's data. A wish that has nothing to return to is itself a way back.
const std::vector<DataExchange>& earlier_data(const Wish& wish);
// Whether the snapshot is what the exchanges displace.
bool is_displaced_by(const Snapshot& snapshot, const std::vector<DataExchange>& exchanges);

// The app's snapshots and its wish when the wished data is where it should be. `is_copied`: whether all of the snapshot
// that the wish asked for is there.
void settle_data(App& app, const std::function<bool(const Snapshot&)>& is_copied);
// The wish's data is where it should be. What was copied is a snapshot now, and so is what was displaced, unless that
// was put in by a change which failed. The rest is to be cleared up when this is saved. Saves nothing.
void record_data(App& app, const Planned& done);
void record_success(Context& context, App& app, const Planned& done, std::optional<Milliseconds> outage);
// "web: it exited with code 3" where the release has several services and the container is known as that of one.
std::string with_its_service(const Release& release, const plan::Plan& plan, const std::string& container,
                             const std::string& reason);
// Saves nothing.
void record_failure(Context& context, App& app, Change& change, bool release_is_at_fault);

}  // namespace belay::change
