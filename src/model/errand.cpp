#include "model/errand.h"

#include <algorithm>

#include "model/schedule.h"

namespace belay {

std::string_view to_text(Errand::Kind kind) {
  return kind == Errand::Kind::backup ? "backup" : "job";
}

std::optional<Errand::Kind> errand_kind(std::string_view word) {
  if (word == "backup") return Errand::Kind::backup;
  if (word == "job") return Errand::Kind::job;
  return {};
}

Errand as_declared(std::optional<Errand> known, const Errand& wanted, Time now) {
  Errand errand = known ? *known : wanted;
  if (!known) errand.since = now;
  const bool is_unchanged = known && errand.schedule == wanted.schedule;
  errand.schedule = wanted.schedule;
  const Time next = next_run(errand, now);
  // It is later than that only where the clock was ahead.
  errand.due = is_unchanged ? std::min(errand.due, next) : next;
  return errand;
}

Time next_run(const Errand& errand, Time now) {
  return Schedule::parse(errand.schedule).next(now);
}

}  // namespace belay
