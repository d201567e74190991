#pragma once
// From the wish and the world to a plan. Pure: nothing is asked and nothing is changed here. The planner asks of each
// thing "does this hold?" and adds the step that is missing; it has no branch for "fresh" and none for "resumed".

#include <set>

#include "plan/action.h"

namespace belay::plan {

struct Defaults {
  Milliseconds settle{5'000};
  // At least this long; longer where the image's own health check needs more time to come to a verdict.
  Milliseconds wait_timeout{60'000};
  // How long a container that is stopped may take before it is killed; nullopt: its own setting, else the engine's.
  std::optional<Seconds> stop_timeout;
  // On the way back from a failure: how much longer than its own time a stop may take before the rest goes on.
  Milliseconds grace{20'000};
  // The app whose container the planning process lives in; empty: none. It never stops before its successor runs, for
  // then nobody would be left to start that.
  std::string own_app;
};

struct Situation {
  const App& app;
  const World& world;
  Time now{};
  Defaults defaults{};
  // For a removal: volumes that releases of other apps have, and whose they are: "r3 of the app shop".
  std::map<std::string, std::string> volumes_of_others{};
};

// One of the app's containers in the world: its labels name the release, and it is what was made for that, by image and
// creation time. An adopted one is known by its name and creation time.
struct Instance {
  const Container* container = nullptr;
  // The release that it was made for; later ones may go on with it (Release::bodies).
  ReleaseNumber release;
  std::string service;
};
// A container that bears the app's labels, of a release that the state does not know: the state was lost, or is an old
// copy, or another one's app has the same name.
struct Unknown {
  const Container* container = nullptr;
  labels::Owner owner;
};
// The containers that bear the app's labels or are adopted.
struct Containers {
  std::vector<Instance> instances;  // by release and service, one of each at most
  std::vector<Unknown> unknown;
  // Of a release that is known, and yet not what was made for it: somebody copied its labels. Strangers.
  std::vector<const Container*> copies;
};
Containers sort_out(const App& app, const World& world);
Containers sort_out(const App& app, const std::vector<const Container*>& containers);
std::vector<Instance> instances(const App& app, const World& world);
// Throws Conflict where there are unknown ones: nothing can be decided about an app that runs what the state does not
// know. Its hint names `belay recover`.
void refuse_unknown(const App& app, const Containers& containers);
// The container that runs this release's service, its own or the one it shares; nullptr where there is none.
const Container* find_instance(const App& app, const World& world, ReleaseNumber release, const std::string& service);

// What makes the world as the app's wish says. Empty: it is so. Throws Conflict (a port or name is held by another;
// says by whom; the engine has containers of the app that the state does not know) and NotFound (the release's image is
// gone and cannot be pulled).
Plan plan_wish(const Situation& situation);

// Whether what the place should hold is nowhere any more, so that nothing can bring it about. Such an exchange is left
// out of every plan, which says so.
bool is_lost(const DataExchange& exchange, const World& world);
std::string text_of_lost(const DataExchange& exchange);

// What makes room for another app that needs a port, a name or the data of this one: its containers stop, by the rules
// of a stop, and those of these names are called otherwise. Its wish stays, so that whoever looks after it starts it
// again. `reason`: of each step.
Plan plan_room(const Situation& situation, const std::set<std::string>& names, const std::string& reason);

// Only the renames that the marks ask for (scheme dcv); nothing is started or stopped.
Plan plan_names(const Situation& situation);

struct SwapDecision {
  SwapOrder order = SwapOrder::start_first;  // never by_rule
  std::string reason;
  bool shares_data = false;  // both write to the same volume or host path, whatever decided
};
// What is to start: services of a spec, and what that says of all. Refers to the spec, which has to outlive it.
struct Incoming {
  Incoming() = default;
  explicit Incoming(const Spec& spec);  // all its services

  std::vector<const Service*> services;
  SwapOrder order = SwapOrder::by_rule;
  bool is_project = false;
};
// `asked`: the order that the user's word asks for; none: the definition's, or the rules'. The order of a swap by the
// rules of docs/architecture.md: the user's word, a host port or fixed address both need, data both write, the host's
// network (where nobody can see the ports) both live in.
SwapDecision decide_order(const App& app, std::optional<SwapOrder> asked, const Incoming& next,
                          const std::vector<const Container*>& running);

// Removes all containers and images of the app; its volumes only where `volumes` says so. Never what is not the app's.
Plan plan_removal(const Situation& situation, bool volumes);
// Removes the containers of these services; with `volumes` also what is mounted there and nowhere else. A container
// with a volume that has no name stays otherwise: nothing would lead to the data any more.
Plan plan_part_removal(const Situation& situation, const std::set<std::string>& services, bool volumes);
// Adds to a plan that removes these containers of the app the volumes that have no name and that nothing else has.
void add_unnamed_volumes(Plan& plan, const Situation& situation, const std::set<std::string>& containers);
// Removes all containers and networks of the app, and nothing else: its releases, images and volumes stay.
Plan plan_teardown(const Situation& situation);

struct Cleanup {
  Plan plan;
  std::vector<ReleaseNumber> forgotten;  // releases that cannot come back afterwards
  std::vector<std::string> kept;         // for people: "container web-r3 (stable)"
};
// Removes what is neither last, stable, wished for, nor among the `keep` newest other releases that did not fail.
Cleanup plan_cleanup(const Situation& situation, int keep);

}  // namespace belay::plan
