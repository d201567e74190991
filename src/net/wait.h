#pragma once
// The one place where the module sleeps.

#include <poll.h>
#include <stop_token>

#include "base/clock.h"

namespace belay::net {

// Throws Cancelled when stop was asked.
void obey(const std::stop_token& stop);

// Waits until one of poll's `events` holds for `fd` (-1: only for the deadline); the events that do, 0 when the
// deadline passed first. Throws Cancelled on stop.
short wait_for(int fd, short events, Ticks deadline, const std::stop_token& stop);

}  // namespace belay::net
