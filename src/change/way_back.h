#pragma once
// What follows a change that failed: it takes back what it did, and no more. Private to host.

#include <set>

#include "change/outcome.h"

namespace belay::change {

// What a command found when it began.
struct Before {
  World world;
  std::optional<Wish> wish;  // as it was saved; nullopt: the app is new
};

// The containers, by the names they have now, that the change began to start, and those that it did stop. `unanswered`:
// what became of their start the engine did not say, and it may be at it still.
struct Touched {
  std::set<std::string> begun, ended, unanswered;
};

// Whether any container of the release was up.
bool was_up(const App& app, const World& world, ReleaseNumber release);

// Wishes back what ran before and makes it so. Not to be stopped: it is short, and it is what a stop asks for. `wait`:
// what runs again has to prove itself; not so where the user or the service manager waits for the end of a command.
void take_back(Context& context, App& app, Change& change, const Before& before, const Touched& touched,
               bool wait = true);

// The release that was wished ran already: nothing is taken for it. What the change stopped, woke or started of the
// app's containers is put back as it was, and so is the wish.
void leave_as_it_was(Context& context, App& app, Change& change, const Before& before, const Touched& touched);

// Of a wish that is itself the way back, interrupted and now failed: what runs is in trouble where it had its verdict,
// else the wish stays and the next command tries again.
void end_way_back(Context& context, App& app, Change& change, const Planned& way);

}  // namespace belay::change
