#pragma once
// Settings laid over settings: what a command line sets stands above what a file says.

#include "model/release.h"

namespace belay {

// What `over` sets takes the place of what `base` has. Variables, labels and other maps are merged by their keys,
// mounts by their mount points, limits one by one; of any other list the whole is replaced. What `over` does not set
// stays.
void lay_over(Service& base, const Service& over);
// The same, and ports where `over` speaks of them, be it that there are none.
void lay_over(Configuration& base, const Configuration& over);

}  // namespace belay
