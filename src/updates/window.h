#pragma once
// The times at which an app may be updated: "Mon-Fri 02:00-05:00", in the host's own time zone.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace belay::updates {

// One or several openings, by ';': days ("Sat,Sun", "Mon-Fri"; none: every day), times ("22:00-04:00"; none: the whole
// day), or both. Times are the wall clock's; those past midnight belong to the day they begin on. A night on which the
// clock is put forward over an opening shortens it, one on which it is put back lengthens it.
class Window {
 public:
  // Empty text: always open. Throws Error that says what is wrong.
  static Window parse(std::string_view text);

  bool is_always() const { return openings_.empty(); }
  bool contains(Time now) const;
  // The first moment, not before `now`, at which it is open: `now` itself where it is.
  Time next_opening(Time now) const;
  // Since when it is open without a break, and until when; `now` must be in it. No farther than a day away.
  Time opened(Time now) const;
  Time closing(Time now) const;

 private:
  struct Opening {
    unsigned days = 0;       // bit 0: Sunday
    int begin = 0, end = 0;  // minutes of the day; `end` is past 24 h where it lies on the next
  };
  static Opening parse_opening(std::string_view text);

  std::vector<Opening> openings_;
};

// Throws Error for a text that Window cannot read.
void check_window(std::string_view text);

// A moment of the host's wall clock for people, as short as `now` allows: "03:10", "Sun 03:10", "2026-02-01 03:10".
std::string local_time_text(Time time, Time now);

}  // namespace belay::updates
