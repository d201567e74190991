#pragma once
// When work is due that is done by the clock: "daily", "04:30", "Mon-Fri 04:30", "every 6h", "30 4 * * 1-5". Pure, but
// for the host's time zone.

#include <bitset>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace belay {

// Times are those of the host's wall clock. A time that a change of the clock leaves out comes as much later as the
// clock is put forward; one that comes twice counts once. Immutable.
class Schedule {
 public:
  // Throws Error that says what is wrong, with the forms there are in its hint.
  static Schedule parse(std::string_view text);

  // The first time after `time`.
  Time next(Time time) const;
  // The shortest time between two of the next ones.
  Milliseconds period(Time time) const;
  // From when on work that was last done at `done` counts as late: twice its period has passed, and two of its times.
  Time late_from(Time done) const;

 private:
  struct WallDay;
  bool is_on(const WallDay& day) const;
  static Schedule daily_at(std::string_view times);
  static Schedule every(std::string_view period);
  static Schedule cron(std::string_view text);

  std::bitset<1440> times_;  // minutes of the day
  std::bitset<32> days_of_month_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;  // from Sunday
  bool either_day_ = false;  // cron: of days of the month and weekdays one is enough, where both are said
  int every_days_ = 1;       // counted from 1970-01-01
};

}  // namespace belay
