#pragma once
// A new release, from what it should be to its wish fulfilled. Private to change.

#include <set>

#include "change/app_volumes.h"
#include "change/change.h"

namespace belay::change {

// What a release is before it has a number.
struct ReleaseDraft {
  Spec spec;
  std::map<std::string, std::string> images, digests;  // as in Release
  std::map<std::string, FileMark> files;
  std::map<std::string, ReleaseNumber> needs;
  // Those of them on which it cannot stay when they are replaced.
  std::set<std::string> tied_to{};
  // Services that get new containers though they are the same as in what runs.
  std::set<std::string> anew{};
  // Volumes whose names nobody chose: no other app may have them.
  std::vector<DerivedVolume> derived{};
};

// Whether a new release may go on with the containers that run, where all that differs is what the engine can change
// on them.
enum class Containers { new_ones, changed_in_place };

// Makes the release and fulfils the wish that it is up; goes on with one that an interrupted command had begun, or,
// where containers may be kept, with one that was stopped, if it would make the very same. Of what was stopped it keeps
// the containers of services that have not changed. The app's lock is held by the caller.
Change start_draft(Context& context, App& app, const ReleaseDraft& made, const ChangeOptions& options,
                   Containers containers, const JournalVerb& verb, std::stop_token stop);

// Adds the release to the app, with names for its containers, and wishes nothing. Services that are the same in `like`
// go on with the containers of that; nullptr: all get new ones.
Release& add_release(Context& context, App& app, const ReleaseDraft& made, const Release* like, std::stop_token stop);

// The change that start_draft would plan if the images in `made`, which are references here, were there already, after
// the steps that bring them. `expected`: what is known of the images; nullopt: nothing. Touches nothing.
Change plan_draft(Context& context, App& app, const ReleaseDraft& made, const ChangeOptions& options,
                  const plan::Plan& pulling, Containers containers, std::stop_token stop,
                  const std::optional<ImageConfig>& expected = {});

// Whether this release is what would be made. What it needs counts only where it is tied to that.
bool is_made_so(const Release& release, const ReleaseDraft& made);

}  // namespace belay::change
