#pragma once
// Runs a plan: independent actions in parallel on a bounded pool, each after the ones it waits for. Holds no decisions.

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "exec/data.h"
#include "exec/host_work.h"
#include "plan/event.h"

namespace belay::exec {

// Why a container did not prove itself.
struct FailedVerdict {
  std::string container;
  std::string reason;    // "it is unhealthy: connection refused", "it exited with code 3"
  std::string log_tail;  // its last lines
};

struct Outcome {
  // Nothing failed and every action was done.
  bool done() const { return !verdict && !error; }
  std::optional<FailedVerdict> verdict;  // a container did not prove itself
  std::optional<Error> error;            // an action failed; its context says which
  std::optional<size_t> failed_action;
  std::map<size_t, std::string> passed_over;  // actions that may fail and did → why
  // Only what the image does speaks against the release: a verdict, or a start that is refused for what the image or
  // its settings want to run. All else is the host's trouble.
  bool release_is_at_fault = false;
  // The container can never be started again, though nothing is wrong with its release.
  bool is_broken = false;
  int status = 0;                       // the engine's, where it was that which refused
  std::map<size_t, std::string> built;  // BuildImage actions → image id
};

struct RunOptions {
  int workers = 8;
  int log_lines = 20;        // of a failed container
  Data* data = nullptr;      // for the steps that work on data; outlives the run
  HostWork* host = nullptr;  // the same for the steps of services on this host
};

// After a failure no further action starts; those that run end first, but for waits, which are given up. Throws
// Cancelled on stop, and passes on whatever is not an Error.
[[nodiscard]] Outcome run(const plan::Plan& plan, engine::Engine& engine, Clock& clock, plan::Report& report,
                          const RunOptions& options, std::stop_token stop);

}  // namespace belay::exec
