#pragma once
// What is done with a declared app that was good and is not well any more. A container that is down is no matter of
// healing but of the pass, which starts it again (apply_declared); here is said when that may be tried.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "change/change.h"
#include "model/declaration.h"

namespace belay::declared {

struct HealOptions {
  // How long a release is on probation after its good verdict, where its definition does not say.
  Milliseconds soak{60'000};
  // Containers to which something happened; those that depend on them are looked at.
  std::set<std::string> woken_by;
  // Look at everything that depends on others: nobody knows what happened meanwhile.
  bool thorough = false;
};

struct HealingStep {
  enum class Kind {
    withdrawn,    // a release failed while soaking: what ran before runs again
    restarted,    // it was unhealthy, or what it depends on was restarted
    rolled_back,  // it was unhealthy: the good release before runs
    stopped,      // it was unhealthy, and its policy is to stop it
    told,         // it is unhealthy, and nothing is to be done about it
    gave_up,      // its budget is spent: nothing is done until an hour's steps are fewer again
    failed        // the step was tried and failed; it is tried again
  };
  std::string app;
  Kind kind = Kind::told;
  std::optional<ReleaseNumber> release;  // the one that was not well
  std::string reason, log_tail;
  change::Change change;
};
std::string_view to_text(HealingStep::Kind kind);

// Of one app.
struct Healing {
  std::vector<HealingStep> steps;
  // It is not well, and may not be helped before this; nullopt: nothing waits. The pass leaves it alone until then.
  std::optional<Time> waits_until;
  std::string waits_for;  // in words: why not before
  // A release on probation has checks: they are asked again then.
  std::optional<Time> look_again;
  bool is_busy = false;  // it waits because another command has its lock
  bool is_down = false;  // it is down, and may be started again now
};

// Looks at an app that is declared; one that is not wished up is well. `world`: its containers, as one list shows them.
// - A release that has not soaked yet and died, is unhealthy, was killed for memory, does not stay up or no longer
//   answers its checks is withdrawn, where something ran before it. A container that somebody stopped or killed through
//   the engine did not die.
// - Else what is unhealthy is treated as its policy says; of the app that Belay itself runs in it is only told.
// - What shares a namespace with a container that was started later than itself is restarted; so is what is tied to
// such
//   a container otherwise (Tie), but for its volumes, where something happened to that one just now.
//
// Steps of one app (and repairs by the pass) wait for each other: 10 s, 20 s, 40 s, … 10 min; and no more than its
// budget are done in an hour. Both are counted in the journal, so that they outlast the daemon.
//
// Details are asked for only of what soaks, is unwell, or depends on what woke us. A step that fails is in the result;
// what is thrown is that the engine or the state cannot be asked, and Cancelled.
Healing heal(change::Context& context, const Declaration& declared, const App& app, const World& world,
             const HealOptions& options, std::stop_token stop);

}  // namespace belay::declared
