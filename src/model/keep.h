#pragma once
// Which backups of an app are kept. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace belay {

// How many of each kind; a backup is kept where any of them keeps it. Days, weeks (ISO 8601: from Monday), months and
// years are UTC's, as the names of backups are, and only those in which a backup was taken count: three weeks
// without one do not use up anything.
struct Keep {
  int last = 0;     // the newest N
  int daily = 0;    // the newest one of each of the last N days that have one
  int weekly = 0;   // the same for weeks,
  int monthly = 0;  // months
  int yearly = 0;   // and years
  int days = 0;     // all that are at most N times 24 hours older than the newest

  bool operator==(const Keep&) const = default;
};

// "last=7,daily=7,weekly=4,monthly=6": each once, in any order, with spaces if one likes. Throws UsageError, also where
// nothing would be kept.
Keep parse_keep(std::string_view text);
std::string to_text(const Keep& keep);  // as parse_keep reads it

struct BackupCandidate {
  Time taken{};
  bool good = true;         // whole, as far as is known; one that failed or was found damaged is not
  bool protected_ = false;  // somebody said it stays
};

// The indices of those to remove, oldest first. Only good ones without protection are counted by the rules. Never
// removed: a protected one, the newest good one, and anything as long as there is no good one. One that is not good
// goes as soon as there is a newer good one. One that is dated after `now`, by a clock that was ahead, is kept and
// counts for no rule until then. Throws Error for a Keep that keeps nothing.
std::vector<std::size_t> backups_to_remove(const Keep& keep, const std::vector<BackupCandidate>& candidates, Time now);

}  // namespace belay
