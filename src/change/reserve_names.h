#pragma once
// The names of what is kept beside data. Two snapshots of one place must never have the same: not those of an app that
// was removed, forgotten or recovered and those of its successor, nor those of two apps that have the place in common.
// So what counts is what is there, whatever a record says. Private to change and those above it that keep data.

#include <set>

#include "change/context.h"

namespace belay::change {

// "web_data.belay-s3", ".site.belay-s3".
bool is_called_as_a_reserve(const std::string& name);

// The number of the app's next snapshot: above all that it had, above whatever is kept beside one of the places, by
// whomever, and above what another app's snapshots are to keep there. `places`: as they are exchanged; `volumes`: as
// the engine has them.
int next_snapshot_number(Context& context, const App& app, const std::vector<DataPlace>& places,
                         const std::vector<Volume>& volumes);

// Two apps that have a place in common may find the same number free at the same time, each under its own lock: who
// saves first has it. The other one looks for the next.
class NumberTaken : public Conflict {
 public:
  using Conflict::Conflict;
};
// For the save of an app that makes this snapshot known: throws NumberTaken where another app's record has the
// number for one of its places.
void refuse_taken_number(const AppName& app, const Snapshot& snapshot, const std::vector<App>& apps);
// Gives the snapshot the next number, with the reserves of that. `volumes`: as the engine has them.
void renumber(Context& context, const App& app, Snapshot& snapshot, const std::vector<Volume>& volumes);

// Those of the reserves that are not the app's to remove: another app's snapshots keep something there, or the volume
// bears another app's label.
std::set<DataPlace> reserves_of_others(Context& context, const AppName& app, const std::vector<DataPlace>& reserves,
                                       std::stop_token stop);

}  // namespace belay::change
