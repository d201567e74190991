#pragma once
// Two halves of a stream that both want to lead: one that pushes bytes into a Sink and one that pulls them from a
// Source, brought together by a thread and a bounded buffer.

#include <stop_token>

#include "base/stream.h"

namespace belay {

// Runs `produce` on a thread of its own and `consume` on the caller's; what the first pushes is what the second pulls.
// Returns when both have ended. A failure of `produce` comes out of the source that `consume` reads, behind the bytes
// before it, and out of this call. When `consume` ends early or fails, the sink throws Cancelled to `produce`, whose
// answer to that is not waited for longer than it takes to return. `stop` ends a wait on either side with Cancelled.
void connected(const std::function<void(const Sink&)>& produce, const std::function<void(const Source&)>& consume,
               std::stop_token stop);

}  // namespace belay
