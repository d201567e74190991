#pragma once
// Getting hold of an app: its lock, its record, the world around it. Private to host.

#include <functional>
#include <set>

#include "base/lock.h"
#include "change/context.h"
#include "model/journal.h"

namespace belay::change {

// Another command has changed the app since it was looked at: what was decided then is not done.
class Overtaken : public Conflict {
 public:
  explicit Overtaken(const AppName& name);
};

// The app's lock, for the whole of a changing use case (promise 8). Throws Conflict where the engine has containers of
// the app that the state does not know: whoever changed something then would work against them; Overtaken where the
// context says for which wish it is.
FileLock lock_app(Context& context, const AppName& name, std::stop_token stop);
// The same for those who want to get to know such containers.
FileLock lock_app_as_found(Context& context, const AppName& name, std::stop_token stop);

// Throws NotFound with "did you mean", or with `belay recover` where the engine still has containers of that name.
App known_app(Context& context, const AppName& name, std::stop_token stop);

// What the engine tells of the container, asked for 15 s at most: one that hangs in the engine must not keep a whole
// command from its work. nullopt: there is none, or no answer.
std::optional<ContainerDetail> inspected(engine::Engine& engine, const std::string& name, std::stop_token stop);

// One look at all that a plan for this app needs. Of an unfinished change the containers that are down and that the
// engine does not answer for are noted as starting.
World observe(engine::Engine& engine, const App& app, std::stop_token stop);

// The same for many apps at once: one of each list, and details in parallel. Details and images of all of them are in
// it, so it is for plans of wishes and for looks, not for removals. A container that the engine does not tell of in
// time, or that it fails for, is known by the list alone.
World observe_all(engine::Engine& engine, const std::vector<App>& apps, std::stop_token stop);

// Notes those of these containers that are down as starting.
void note_starting(World& world, const std::set<std::string>& names);

// A container that the engine has to start again and again: "its container web-r3 keeps exiting (exit code 3, restarted
// 7 times)". Nothing: it does not, or by now it stays up for longer than before. `since`: when somebody last started
// it.
std::optional<std::string> restart_loop(const ContainerDetail& detail, Time since, Time now);
// The same of the release that should be up.
std::optional<std::string> restart_loop(const App& app, const World& world, Time now);
// Whether it may be such a one, as far as a list tells: the others need no closer look. `proved`: when its release last
// proved itself; what has been up since then was not restarted.
bool may_be_in_a_loop(const Container& container, const std::optional<Time>& proved, Time now);

// "the engine does not answer for its container web-r3": it lists it as up, and told nothing more of it when the world
// was looked at. nullopt: it told of all that the app has up.
std::optional<std::string> unanswered(const App& app, const World& world);

// The release that runs as far as the wish says: what a failed change returns to. nullopt: nothing is up.
std::optional<ReleaseNumber> what_runs(const App& app);

// The release that ran until the app was stopped, or taken back to nothing; nullptr: the app is not down, or nothing of
// it ever ran.
const Release* ran_until_stopped(const App& app);

// How a user gets the first release of an app going: a sentence with the command for it.
std::string first_start_hint(const App& app);
// The release that the app's data is of: what runs, or ran last. Throws NotFound where it has never run.
const Release& release_of_data(const App& app);

// A number that no release of the app has or had, and no label or pin on the engine shows: whatever other states
// counted.
ReleaseNumber new_number(Context& context, const App& app, const Spec& spec, std::stop_token stop);

// Before a plan runs: when its new containers are created is not known yet, what was before no longer counts.
void forget_creations(App& app, const plan::Plan& plan);
// Afterwards: notes it, so that no copy is taken for them. Where the engine does not answer they stay known by their
// labels alone.
void record_creations(Context& context, App& app, const plan::Plan& plan);

// Settings of the container that no release has a place for: "plex: DeviceRequests (--gpus)".
std::vector<std::string> unkept_of(Context& context, const std::string& container, std::stop_token stop);

// A release's image that is not on the engine any more: somebody pruned it (`docker system prune --all`).
struct GoneImage {
  ReleaseNumber release;
  std::string service;
  std::string image;   // its id
  std::string digest;  // by which a registry has it, "repository@sha256:…"; empty: none does, only a new build helps
};
// In the order of the releases.
std::vector<GoneImage> gone_images(engine::Engine& engine, const App& app, std::stop_token stop);
// The same, of a world that observe or observe_all gave for the app.
std::vector<GoneImage> gone_images(const World& world, const App& app);
// "r1, r3 (can be pulled again)"
std::string gone_text(const std::vector<GoneImage>& gone);

// Notes in the releases what their containers are called after the plan's renames, as `world` showed them before.
void record_names(App& app, const World& world, const plan::Plan& plan);

void write_journal(Context& context, const App& app, const JournalVerb& verb, const JournalOutcome& outcome,
                   const std::string& text, std::optional<ReleaseNumber> release = {});

// Runs `work`, which writes to the state, where the rest must go on whether that can be written or not: a disk is full,
// or another program keeps the file locked. Gives whether it was written; why not is a warning.
bool record_if_possible(Context& context, const std::function<void()>& work);

}  // namespace belay::change
