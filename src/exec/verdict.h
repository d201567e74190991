#pragma once
// Does a container prove itself? The judgement is a pure function of one inspection; the wait around it only repeats
// it.

#include <optional>
#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "plan/action.h"

namespace belay::exec {

struct Judgement {
  enum class Kind { wait, passed, failed } kind = Kind::wait;
  std::string reason;  // of a failure
};

// `waited`: since the wait began; `restarts_before`: the container's restart count when it began.
Judgement judge(const plan::AwaitVerdict& terms, const ContainerDetail& detail, Milliseconds waited,
                int restarts_before);

// Why a container did not prove itself.
struct Unproved {
  std::string reason;
  std::string said{};  // what it answered to a check instead, its first 200 characters
};

// What the health check has said before the wait. A container that was paused until now is unhealthy because nothing in
// it could answer.
enum class EarlierHealth { counts, is_stale };
// nullopt: it passed. Throws Error where a check cannot be tried on this machine: that says nothing about the release.
std::optional<Unproved> await_verdict(const plan::AwaitVerdict& terms, engine::Engine& engine, Clock& clock,
                                      std::stop_token stop, EarlierHealth earlier = EarlierHealth::counts);

// The last lines that a container wrote, at most 16 KiB of them, cleaned of control characters; empty when they cannot
// be had. `since`: only what it wrote from then on.
std::string log_tail(engine::Engine& engine, const std::string& container, int lines, std::stop_token stop,
                     std::optional<Time> since = {});

}  // namespace belay::exec
