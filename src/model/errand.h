#pragma once
// Work that `belay serve` does for an app by the clock: backups, and jobs with a schedule.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace belay {

struct Errand {
  enum class Kind { backup, job };
  std::string app;
  Kind kind = Kind::backup;
  std::string service{};   // of a job
  std::string schedule{};  // as it was declared when `due` was found
  Time since{};            // when it was first declared
  Time due{};              // the next run
  // The last run. Begun and not ended: it is under way, or it was cut off.
  std::optional<Time> began{}, ended{};
  bool is_good = false;  // it ended well
  std::string reason{};  // why not

  bool is_under_way() const { return began && !ended; }
  bool has_failed() const { return began && ended && !is_good; }
  bool is_the_same_work_as(const Errand& other) const {
    return app == other.app && kind == other.kind && service == other.service;
  }
  bool operator==(const Errand&) const = default;
};
std::string_view to_text(Errand::Kind kind);  // "backup", "job"
std::optional<Errand::Kind> errand_kind(std::string_view word);

// The errand as it is once it is declared so: a new schedule sets the next run, an unchanged one leaves it. A run that
// was missed stays due.
Errand as_declared(std::optional<Errand> known, const Errand& wanted, Time now);
// The next run after `now`, however many were missed before.
Time next_run(const Errand& errand, Time now);

}  // namespace belay
