#pragma once
// Work by the clock in words.

#include <string>

#include "model/errand.h"

namespace belay::look {

// "next 04:30"; "due since 04:30" where nobody does it; "runs since 04:30".
std::string turn_text(const Errand& errand, Time now);
// "the last run ended well 5 hours ago, after 3 min"; "it has not run yet".
std::string outcome_text(const Errand& errand, Time now);
// "Its backup is made by the clock (04:30): next 04:30; the last run …": one sentence, with its full stop.
std::string sentence_of(const Errand& errand, Time now);
// Its turn came so long ago that nobody seems to do it.
bool is_overdue(const Errand& errand, Time now);

}  // namespace belay::look
