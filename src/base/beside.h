#pragma once

namespace belay {

// In the environment of a program that is started beside what goes on without waiting for its end: the process id of
// who does so.
inline constexpr const char* goes_on_beside = "BELAY_SERVE_PID";

}  // namespace belay
