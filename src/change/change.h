#pragma once
// The heart of every changing use case: a wish is saved, fulfilled, and taken back where it does not prove itself
// (docs/promises.md, 1 and 2).

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "change/context.h"
#include "model/journal.h"

namespace belay::change {

// How the user wants a change done.
struct ChangeOptions {
  bool dry_run = false;
  bool wait = true;  // false: --no-wait
  std::optional<SwapOrder> order;
  std::optional<Milliseconds> settle, wait_timeout;
  std::set<std::string> makes = {};  // services that get a container which is held down until it is started
  bool snapshot = false;             // --snapshot: the data is copied while nothing runs
  // Services that are to be down; nullopt: those that are held down now.
  std::optional<std::set<std::string>> held_down{};
  // A rollback that names no release goes on where Belay has just rolled one back by itself.
  bool goes_further = false;
};

// What came of a change.
struct Change {
  enum class Kind {
    unchanged,  // the world was already so
    planned,    // a dry run: `plan` says what would happen
    done,
    rolled_back,  // it failed; what ran before runs again (or nothing ran before, and nothing runs now)
    in_trouble,   // it failed, and what ran before did not prove itself again
    stuck,        // it failed, and so did the way back; the next command tries again
  };
  Kind kind = Kind::unchanged;
  plan::Plan plan;
  plan::Plan clear_up;                   // planned: the end of `plan`, which follows when all else is proved and saved
  std::optional<ReleaseNumber> release;  // the one that the change was about
  std::optional<ReleaseNumber> running;  // what runs now
  bool never_stopped = false;            // rolled back, and `running` ran all the time
  ErrorCode code = ErrorCode::release_failed;  // why it failed, for programs
  std::string reason;                          // and in words; of several services it names the one
  std::string own_reason;                      // the same of that service alone
  std::string log_tail;                        // of the container that failed
  std::string container;                       // the container that failed and is kept
  std::string hint;
  std::string trouble_on_the_way_back;
  bool is_itself = false;  // in trouble: it was its own fallback
  bool is_judged = false;  // it had a verdict: its container did run
  bool is_held = false;    // the release is to blame, and marked failed: only a user has it tried again
  std::vector<std::string> images_built;

  bool failed() const { return kind == Kind::rolled_back || kind == Kind::in_trouble || kind == Kind::stuck; }
};
// One word for machines: "rolled_back".
std::string_view to_text(Change::Kind kind);
// What kind of error a failed change is: `stuck` and `in_trouble` go before the reason of the failure.
ErrorCode error_code(const Change& change);

// Of one that was rolled back: "r1 runs again", "r1 runs on", "nothing runs, as before".
std::string what_runs_now(const Change& change);

// Makes `app` (with its new wish set) so. `verb` is for the journal. Nothing is saved or touched when the plan cannot
// be made (a port is taken, an image is gone): the error goes up. After the first durable save every outcome is a
// Change. Cancelled takes the change back and is then passed on.
// `agree` is asked at the moment of that save, with all apps as they are then; it throws where it may not be.
using Agreement = std::function<void(const std::vector<App>& apps)>;
Change fulfil(Context& context, App& app, const JournalVerb& verb, bool dry_run, std::stop_token stop,
              const Agreement& agree = {});

// Takes a release back that had proved itself and then failed all the same (soaking): marks it failed, puts its image
// into quarantine and makes what ran before run again. Throws NotFound where nothing ran before it. The app's lock is
// held by the caller.
Change withdraw(Context& context, App& app, const std::string& reason, const std::string& log_tail,
                const std::string& container = {});

// For a rollback that names no release. Throws Conflict where a release failed and Belay has rolled it back already:
// what the user wants gone may be gone, and the one before was good.
void refuse_to_go_further(const Context& context, const App& app);

// Finishes (or takes back) what an earlier command left unfinished; says so in the report. No-op when nothing is.
void finish_unfinished(Context& context, App& app, std::stop_token stop);

// The same where places may hold half of one data and half of another: before what runs is exchanged, or copied.
void finish_data(Context& context, App& app, std::stop_token stop);

// Sets the wish of a change in the app: what should be up, and what to return to.
void wish_up(App& app, ReleaseNumber release, const ChangeOptions& options, const Context& context);
void wish_down(App& app, const Context& context);

}  // namespace belay::change
