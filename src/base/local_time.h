#pragma once
// Time as people read and write it: in the time zone of the process (TZ, else the host's).

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace belay {

// "2026-01-31 10:05", or with seconds "2026-01-31 10:05:07".
enum class Precision { minutes, seconds };
std::string local_time(Time time, Precision precision = Precision::minutes);
// "2026-01-31"
std::string local_date(Time time);
// "10:05:07"
std::string local_clock(Time time);

// "2026-01-31", "2026-01-31 09:05", "09:05", "09:05:07", "today", "yesterday", "now", and what parse_time reads. A
// clock alone is that of today.
std::optional<Time> parse_local_time(std::string_view text, Time now);

}  // namespace belay
