#pragma once
// Whether an app may be updated now, and to what. Pure: what the registry shows and what was seen before is asked by
// the caller.

#include <string>
#include <vector>

#include "base/clock.h"
#include "model/declaration.h"
#include "model/release.h"

namespace belay::updates {

// A digest that a registry showed.
struct Candidate {
  std::string reference;  // "registry.example/web:1.3"
  std::string digest;     // "sha256:…"
  Time first_seen{};      // by this host: what an image says of its own age is its maker's word
  // Other digests of the same content: the one of this host's platform inside an index.
  std::vector<std::string> also = {};

  // "registry.example/web@sha256:…": this very content, wherever the tag has moved.
  std::string pinned() const;
};

// What a registry shows under a reference now and what it showed before, in the order that decide() wants: first what
// it shows now, then the rest, newest sight first. `seen` are the sightings of one reference in any order.
std::vector<Candidate> in_order(std::vector<Candidate> seen, const std::string& shown_digest);

struct UpdateSituation {
  std::string app;
  // Every digest the running image is known by: all its repository digests, and of an image pulled by tag also the
  // index's. Empty: nothing runs, or nobody knows; then every candidate is new.
  std::vector<std::string> current;
  std::vector<Quarantine> quarantine;
  // Best first: by tag where a pattern chooses (newest tag first), within a tag as in_order() puts them. Those behind
  // the current one are not looked at.
  std::vector<Candidate> candidates;
};

struct Decision {
  enum class Kind {
    none,         // what runs is the newest
    update,       // deploy `candidate` now
    wait_window,  // `candidate` is ripe; its window or its turn comes at `until`
    wait_age,     // `candidate` is too young until `until`
    quarantined,  // `candidate` failed here before, for `reason`, and nothing else is new
  };
  Kind kind = Kind::none;
  Candidate candidate;  // of none: unset
  // The registry shows something else under the tag by now: `candidate` is to be pulled as candidate.pinned().
  bool tag_moved_on = false;
  Time until{};  // never before the moment at which an update will be possible
  std::string reason;
  // The same without times, for whoever keeps it: "1.3@cd34ef567890 is new and waits until it is 24 h old". Of waits
  // and quarantine.
  std::string waits;
  std::string
      sentence;  // for `belay why`: "1.3@cd34ef567890 was first seen 2 h ago; waits until it is 24 h old (03:10)"
};

// Takes the best candidate that is not quarantined and old enough, so that a tag that moves more often than once in
// the minimum age is still followed, at that distance. What a pull then brings may still be the image that runs (an
// index changes with its other platforms): compare image ids before a release is made of it. Throws Error for a window
// that cannot be read.
Decision decide(const UpdatePolicy& policy, const UpdateSituation& situation, Time now);

// An app's own part of the spread, the same at each call: 0 ≤ part < jitter.
Milliseconds own_jitter(const std::string& app, Milliseconds jitter);

// The first moment, not before `from`, at which window and jitter let the app be updated.
Time next_turn(const UpdatePolicy& policy, const std::string& app, Time from);

}  // namespace belay::updates
