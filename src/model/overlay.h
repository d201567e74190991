#pragma once
// Settings laid over settings: what a command line sets stands above what a file says.

#include "model/release.h"

namespace belay {

// What `over` sets takes the place of what `base` has. Variables, labels and other maps are merged by their keys,
// mounts by their mount points, limits one by one, those of processes by their names; of any other list the whole is
// replaced. What `over` does not set stays.
void lay_over(Service& base, const Service& over);
// The same, and ports where `over` speaks of them, be it that there are none.
void lay_over(Configuration& base, const Configuration& over);

// The settings of an app are kept with its builds. False: whoever made this one said nothing of any.
bool has_settings(const Build& build);
bool has_same_settings(const Build& a, const Build& b);
void take_settings(Build& build, const Build& of);
// The build with the settings that the release was made with; nullptr: it had none.
const Build* settings_of_release(const App& app, const Release& release);

// After releases were forgotten: keeps the newest builds and those that the releases which are left were made of. What
// only the forgotten ones were made with are no settings of the app. `tried`: when the last release was made that the
// app had before.
void keep_needed_builds(App& app, const Release* present, Time tried);

}  // namespace belay
