#pragma once
// What is kept beside the data and that nothing needs any more goes, by steps at the end of the plan that makes it so:
// when the change is proved and saved. What a crash leaves goes with the next change. Private to change and those above
// it that keep data.

#include "change/change.h"

namespace belay::change {

// The steps that remove the reserves of snapshots that are not whole and that no wish speaks of.
plan::Plan plan_of_unused(const App& app);

// The same of what will not be needed when the app is as it is here and its wish has come true: also of snapshots that
// the settings of that release no longer ask to keep; nullptr: those of what ran last.
plan::Plan plan_of_clear_up(App app, const Release* settings, Time now);

// Of a plan that is shown and not run: with what follows it once `app` is as wished.
void add_clear_up(Change& change, const App& app, Time now);

// Removes the reserves of snapshots that never came to be whole and that no wish speaks of, and their records; saves
// nothing. What cannot be removed is warned of, and tried again the next time.
void drop_unused_reserves(Context& context, App& app, std::stop_token stop);

// The same, and saves where there was any.
void clear_up_reserves(Context& context, App& app, std::stop_token stop);

// Also the snapshots that the settings of what ran last no longer ask to keep. The app is saved before. That this goes
// wrong is no failure of the change.
void clear_up(Context& context, App& app);

// Removes these snapshots with their data, and saves. What has a mount in it stays, with a warning.
void remove_snapshots(Context& context, App& app, const std::vector<int>& asked, std::stop_token stop);

}  // namespace belay::change
