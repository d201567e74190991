#include "look/errand_text.h"

#include "base/format.h"
#include "updates/window.h"

namespace belay::look {

namespace {

// What waits for another one's end.
constexpr auto patience_with_errands = std::chrono::hours(1);

}  // namespace

bool is_overdue(const Errand& errand, Time now) {
  return !errand.is_under_way() && errand.due + patience_with_errands < now;
}

std::string turn_text(const Errand& errand, Time now) {
  if (errand.is_under_way()) return format("runs since {}", updates::local_time_text(*errand.began, now));
  return format("{} {}", is_overdue(errand, now) ? "due since" : "next", updates::local_time_text(errand.due, now));
}

std::string outcome_text(const Errand& errand, Time now) {
  if (!errand.began || !errand.ended) return errand.began ? "it is under way" : "it has not run yet";
  const std::string took = duration_text(*errand.ended - *errand.began);
  return errand.is_good ? format("the last run ended well {}, after {}", ago(*errand.ended, now), took)
                        : format("the last run failed {}, after {}: {}", ago(*errand.ended, now), took, errand.reason);
}

std::string sentence_of(const Errand& errand, Time now) {
  const std::string what =
      errand.kind == Errand::Kind::backup ? std::string("Its backup is made") : format("{} is started", errand.service);
  std::string text =
      format("{} by the clock ({}): {}; {}", what, errand.schedule, turn_text(errand, now), outcome_text(errand, now));
  if (is_overdue(errand, now)) text += "; belay serve does it, and does not run";
  return text + ".";
}

}  // namespace belay::look
