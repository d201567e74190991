#pragma once
// A declared host made so: what its definitions say, app by app, by the rules of the swap. One broken app never blocks
// the others, and what cannot be read never means that nothing is wanted (promise 5).

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "change/change.h"
#include "declared/heal.h"
#include "declared/registry_backoff.h"
#include "model/declaration.h"

namespace belay::declared {

// What follows from the decision about one app, and what that rests on: enough to carry it out later, or to see that it
// no longer fits.
struct PlannedSteps {
  std::string identity;                            // of the release that it makes
  std::map<std::string, std::string> facts;        // "the container web" → when it was made, of what, and how it is
  plan::Plan images, change, snapshots, clean_up;  // one after the other
  bool operator==(const PlannedSteps&) const = default;
};

struct DeclaredOptions {
  bool dry_run = false;
  // Definitions that are all gone are meant so.
  bool allow_empty = false;
  // Ask the registries for news where the definitions want it; without, only an image that is missing is pulled.
  bool ask_registries = true;
  // Apps whose registries are asked all the same.
  std::set<std::string> ask_for{};
  // Look into each container, not only at the list: finds limits, policies and networks that somebody changed.
  bool thorough = false;
  // Look at each app's health first; what may not be helped yet is left alone. nullopt: the list alone counts.
  std::optional<HealOptions> heal;
  // Ask of each container that was started a moment ago whether the engine starts it again and again.
  bool look_for_restarts = false;
  // Only keep up what is wished already: no news, no changed definition, nothing that is no longer declared. Apps whose
  // change was interrupted are left to a whole pass.
  bool only_keep_up = false;
  // Only these are looked into, besides those that the list shows to be otherwise.
  std::set<std::string> look_into;
  // Containers whose end the engine has told of, and which it leaves so. Its list may show them up for a moment longer.
  std::set<std::string> down;
  // Apps that are not looked after this time, nor removed.
  std::set<std::string> leave;
  // No pull where the engine's disk has less free than this.
  ByteCount least_free{std::int64_t{512} << 20};
  int keep = 3;     // old releases an app that the clean-up leaves
  int workers = 8;  // apps at a time
  change::ChangeOptions change;
  // The tags of an image's repository; empty: declared::list_tags.
  std::function<std::vector<std::string>(const ImageRef& image, std::stop_token stop)> list_tags;
  // What registries asked of us in earlier passes; nullptr: nothing is known of those.
  RegistryBackoff* rest = nullptr;
  // Where the definitions were read from: an app that was declared there and no longer is goes away. Folders, and
  // "user-data".
  std::vector<std::string> sources;
  // Apps made by hand, and containers of nobody, that go over to the definition of their name.
  std::set<std::string> take_over{};
  // The order of a swap where neither the user nor the definition says it; nullopt: by the rules of the swap.
  std::optional<SwapOrder> order{};
  // Stop whatever runs on this host and is not declared, but for these containers and those that Belay runs in.
  bool exclusive = false;
  std::set<std::string> spared;
  // Containers that docker compose made for services that a project's files no longer have go away.
  bool removes_orphans = false;
  // What was stopped by hand is started, as a command that names the app means it.
  bool starts_stopped = false;
  // Services get new containers though nothing has changed: those that are named, without names all.
  bool makes_anew = false;
  // What the services of these names need gets new containers, and they do not because of it; empty: nothing does.
  std::set<std::string> makes_needs_of_anew{};
  // Services that have a container already keep it and its settings, whatever the files say: only others are made.
  bool keeps_containers = false;
  // What has no container gets one that is not started, what is down stays down, and what is up is left as it is.
  bool starts_nothing = false;
  // What was planned earlier, by app: this is carried out, or nothing where what it rests on has moved. nullptr:
  // whatever the definitions ask for now.
  const std::map<std::string, PlannedSteps>* plans = nullptr;
};

// What an app's users notice of a change.
struct Downtime {
  enum class Kind {
    none,
    in_place,      // what runs is changed and goes on
    restart,       // what is down comes up again
    stop_first,    // the old one stops before the new one starts
    ends,          // it does not run afterwards
    data_at_risk,  // and its data goes too
  };
  Kind kind = Kind::none;
  std::optional<Milliseconds> expected{};  // with stop_first: as long as last time
};
std::string_view to_text(Downtime::Kind kind);  // for programs: "stop_first"

// What the definitions mean for one app.
struct DeclaredApp {
  enum class Kind {
    unchanged,
    change,   // a new release
    repair,   // the release that is wished is not up as it should be
    removal,  // no longer declared
    held,     // something is newer, and there is a reason to wait: see `reason`
    trouble,  // it does not stay up, and there is nothing to be done about it here: see `reason`
    broken,   // the definition cannot be used, or the engine refuses: see `reason`
  };
  std::string name, origin;
  Kind kind = Kind::unchanged;
  bool only_reported = false;  // it drifted, and its definition says to leave that so
  bool lacks_files = false;    // held, because what its containers are bound to is missing
  bool busy = false;           // another command has its lock: nothing was done, and there is no trouble either
  std::vector<std::string> differences;  // "env.LOG_LEVEL: info → debug", "image web:1 ab12 → cd34"
  std::optional<ErrorCode> code;         // of what is broken, failed or busy
  std::string reason, hint;
  std::string waits_for;  // of what is held: the reason without times, the same at each look
  // What its definition says, or would say but for a wait that it asks for itself, is what runs.
  bool as_declared = true;
  bool is_new = false;                 // there was no such app before
  std::optional<Downtime> downtime;    // of what is to be done
  std::optional<Milliseconds> outage;  // expected; of changes
  change::Change change;
  PlannedSteps planned{};  // of a preview: `change.plan` in its parts
  // docker compose made what runs of it, all or some, and that is a release of the app now.
  bool takes_over = false;
  std::vector<std::string> taken_over{};  // its containers that stay as they are
  std::vector<std::string> orphans{};     // those that it made for services which the files no longer have
  bool removes_orphans = false;
  bool only_makes = false;         // containers were made, and none was started
  std::optional<Healing> healing;  // nullopt: nobody asked for its health
};
std::string_view to_text(DeclaredApp::Kind kind);

struct DeclaredHost {
  std::vector<DeclaredApp> apps;  // in the order in which they are dealt with
  std::vector<std::string> warnings;

  // Something is to be done, or was; what is only reported is not.
  bool has_changes() const;
  bool has_failures() const;
  // Every app is as its definition says, whether that was told before or not.
  bool is_as_declared() const;
};

// Hears what is done about each app, and what came of it; calls come one at a time, from several threads.
class DeclaredListener : public change::Report {
 public:
  virtual void ended(const DeclaredApp& /*app*/) {}
};

// What would be done (options.dry_run) or was done. Throws Conflict where all definitions are gone and that was not
// said to be meant; Cancelled on stop, when every change under way has been taken back.
DeclaredHost apply_declared(change::Context& context, const Declarations& declared, const DeclaredOptions& options,
                            DeclaredListener& listener, std::stop_token stop);

// The tags of the image's repository, from its registry, with the engine's login. Throws as registry::list_tags.
std::vector<std::string> list_tags(engine::Engine& engine, const ImageRef& image, std::stop_token stop);

}  // namespace belay::declared
