#pragma once
// What becomes of a declared app. Pure: values in, a value out; the pass (declared/pass.h) acts on it. Private to
// declared.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "change/new_release.h"
#include "declared/image_choice.h"
#include "declared/pass_view.h"
#include "model/repair.h"

namespace belay::declared {

// What the decision rests on. Refers to what outlives it.
struct Situation {
  const App* app = nullptr;           // as it is kept; nullptr: there is none
  const change::ReleaseDraft& draft;  // the release that its definition asks for, now
  const ImageChoices& images;         // whose images those are
  const Needs& needs;                 // what it stands on
  std::vector<Repair> repairs{};      // newest first
  // What was stopped by hand is started: a user asks for it.
  bool starts_stopped = false;
  // Its services get new containers, whatever runs: a user asks for it.
  bool makes_anew = false;
  // What is wished has kept copies of files bound: somebody went back to it, and its own number is the newest.
  bool has_kept_files = false;
  // What the host cut short waits for its turn; a command given by hand waits for nothing.
  bool has_pauses = false;
  Time now{};
};

// What is wished is what is declared.
struct KeepUp {};

// Nothing new is made.
struct Hold {
  enum class Why {
    stopped_by_hand,  // until somebody starts it
    failed_before,    // `release` is just this
    gone_back_from,   // the same, and somebody left it
    foreign_change,   // docker compose made what runs after `release`, which is just this
    host_pause,       // the host did not let `release` be tried: again at `until`
  };
  Why why = Why::stopped_by_hand;
  std::optional<ReleaseNumber> release{};
  std::optional<Time> since{}, until{};
  bool keeps_up = false;  // what is wished meanwhile should go on
};

// A release is to be made, or gone on with.
struct Deploy {
  // Why, in the order in which a user is shown it.
  struct Reason {
    enum class Kind {
      is_new,    // it has never been wished
      image,     // another one
      settings,  // the spec
      file,      // the content of one that it is bound to
      tie,       // what it is tied to was, or is to be, replaced
      needs,     // as `tie`, and nothing of its own is different
      stopped,   // nothing is different; it was stopped, and a user asks for it to run
      asked,     // nothing is different; a user asks for new containers
    };
    Kind kind = Kind::is_new;
    std::string text{};  // "env.LOG_LEVEL: info → debug"
  };
  std::optional<ReleaseNumber> before{};  // the one that is wished now, or was until it was stopped; nullopt: none
  std::vector<Reason> reasons{};
};
std::string_view to_text(Hold::Why why);
std::string_view to_text(Deploy::Reason::Kind kind);

using Decision = std::variant<KeepUp, Hold, Deploy>;

Decision decide(const Situation& situation);

// For people: why it is held.
std::string reason_of(const Hold& hold, const Situation& situation);
// The same without times, as `belay why` has it.
std::string wait_of(const Hold& hold, const Situation& situation);
std::string wait_after_failure(ReleaseNumber release);

}  // namespace belay::declared
