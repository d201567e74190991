#pragma once
// Time as a port, so that tests can run a day in a millisecond.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace belay {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
// Wall-clock time, kept in milliseconds since 1970 UTC.
using Time = std::chrono::sys_time<Milliseconds>;
// Monotonic time for deadlines.
using Ticks = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual Ticks ticks() const = 0;
  // False when `stop` was asked before the time was over.
  virtual bool sleep(Milliseconds time, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
  Ticks ticks() const override;
  bool sleep(Milliseconds time, std::stop_token stop) override;
};

// "2026-01-31T09:05:07Z"; milliseconds are written only where they are not zero.
std::string iso_time(Time time);
// Reads what iso_time writes and the engine's own form (RFC 3339, up to nanoseconds, Z or an offset).
std::optional<Time> parse_time(std::string_view text);
// "20260131090507", UTC: the date in the container names of two schemes.
std::string compact_time(Time time);
// For people: "3 minutes ago", "just now".
std::string ago(Time then, Time now);
// For people: "850 ms", "12 s", "3 min 5 s".
std::string duration_text(Milliseconds time);
// "30s", "5m", "1h30m", "500ms", a bare number means seconds; nullopt when it is none of these.
std::optional<Milliseconds> parse_duration(std::string_view text);

}  // namespace belay
