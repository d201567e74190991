#pragma once
// Which earlier releases a rollback may choose.

#include "model/release.h"

namespace belay::change {

// `has_run_well`: one that proved itself, or that ran when it was taken over. Else one that nobody waited for, which is
// the second choice.
inline bool is_way_back(const Release& release, bool has_run_well) {
  const bool ran_well = release.verdict == Verdict::passed || (release.verdict == Verdict::unproven && release.adopted);
  return has_run_well ? ran_well : !ran_well && release.verdict == Verdict::unproven;
}

}  // namespace belay::change
