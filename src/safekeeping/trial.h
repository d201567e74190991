#pragma once
// Trials: an app beside itself, with copies of its data, in a network without a way out. Nothing of a trial stays, and
// what is in use is not touched.

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "family/build.h"
#include "state/store.h"

namespace belay::safekeeping {

struct TrialOptions {
  bool dry_run = false;
  // Joined beside the isolated one, by these names of the engine.
  std::vector<std::string> networks = {};
  std::optional<Milliseconds> settle = {}, wait_timeout = {};
};

// How it came out.
struct Trial {
  plan::Plan plan;       // all of it, down to the removal of what was made
  bool done = false;     // false: a dry run
  std::string reason;    // why it failed; empty: it passed
  std::string service;   // the one that failed
  std::string log_tail;  // of its container
  bool passed() const { return done && reason.empty(); }
};

struct Drilled {
  backup::Manifest manifest;
  backup::End end;
  std::string where;
  // Why a restore in place would be refused on this machine as the backup's places are now; for people.
  std::vector<std::string> obstacles{};
  Trial trial;
};

// Restores a backup into volumes that are thrown away, and lets the release that it has prove itself with them. Every
// byte of the backup is checked on the way. The index of backups learns of it. The app need not be there.
// Throws Error for a backup of another app or a damaged one, and where the trial could not be made.
Drilled drill(change::Context& context, const AppName& name, backup::Destination& destination, const std::string& file,
              const crypto::AgeKeys& keys, const TrialOptions& options, std::stop_token stop);

struct TryOptions {
  TrialOptions trial = {};
  // Either an image (pulled where it is not here, and removed again), or what is built.
  std::string image = {};
  family::BuildOptions build = {};
  std::string service = {};  // the one that runs the candidate; empty: the only one
  backup::Consistency consistency = backup::Consistency::pause;
};

struct Tried {
  std::string candidate;              // for people: the image's reference, or the Dockerfile's place
  std::string image;                  // id
  ReleaseNumber release;              // whose settings and data it was tried with
  std::optional<Milliseconds> still;  // how long the app was held still for the copy
  Trial trial;
};

// Lets a candidate prove itself with the settings of what runs, or ran last, and a copy of its data.
// Throws Error where the trial could not be made: the image cannot be built or pulled, the data cannot be copied.
Tried try_candidate(change::Context& context, const AppName& name, const TryOptions& options, std::stop_token stop);

}  // namespace belay::safekeeping
