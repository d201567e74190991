#pragma once

namespace belay {

// A lock that is held by a process which this one descends from is not waited for (FileLock::take throws Conflict at
// once): that process waits for this one. Not so where it goes on meanwhile, which it says in the environment of what
// it starts: here is its process id, and what is above it does not wait either.
inline constexpr const char* goes_on_beside = "BELAY_SERVE_PID";

}  // namespace belay
