#pragma once
// `belay start` of a job that the clock starts: it runs now, and the command waits for its end.

#include <optional>

#include "cli/host_run.h"
#include "cli/invocation.h"
#include "model/names.h"

namespace belay::cli {

// The exit code: 0 where the job ended well; nullopt: the target is no such job, or is stopped.
std::optional<int> run_job_now(Invocation& in, HostRun& run, const Target& what);

}  // namespace belay::cli
