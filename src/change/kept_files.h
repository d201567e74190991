#pragma once
// What the watched files of a release held is kept with it, so that going back to the release goes back to its files as
// well: STATE/files/APP/rN/HASH/NAME, one HASH for each bound path. Private to host.

#include "change/new_release.h"

namespace belay::change {

// Copies what the release's watched files hold now, before the release is saved. What changes meanwhile, or cannot be
// copied, is not kept; a note tells. A release of that number that was never saved has left nothing.
void keep_files(Context& context, const App& app, const Release& release);

// What the bound files that settings are made of hold now, where nobody declared which those are: what the spec binds
// read-only and nobody else writes, but for the system's own files, and for folders that hold more than settings would.
// Nothing where this machine cannot see the paths.
std::map<std::string, FileMark> settings_files(Context& context, const App& app, const Spec& spec,
                                               std::stop_token stop);
// The same for what Belay did not start itself: what the release that runs (or ran last) is bound to counts and is kept
// from now on. Only where it was `adopted`, or whatever release it is.
enum class Learnt { adopted, any };
void learn_settings_files(Context& context, App& app, Learnt which, std::stop_token stop);

// The spec with the host's paths in place of kept copies.
Spec with_paths_of_the_host(const state::Store& store, const App& app, Spec spec);

// The kept copies that it binds, each with the host's path in whose place it is.
std::map<std::string, std::string> bound_copies(const state::Store& store, const App& app, const Spec& spec);

// What the release would be with its files as they were: the same with the kept copies bound in place of what differs
// on the host now. nullopt: nothing differs, or nothing is kept.
struct WithKeptFiles {
  ReleaseDraft made;
  std::vector<std::string> paths;  // on the host: those that differ
};
std::optional<WithKeptFiles> with_kept_files(Context& context, const App& app, const Release& release,
                                             std::stop_token stop);

// The release to go to in place of this one, so that its files are as they were: it, or one that is just it but for
// the kept copies, which is added to the app (and saved by who wishes for it). Says so in a note.
ReleaseNumber with_its_files(Context& context, App& app, ReleaseNumber release, std::stop_token stop);

// The host's paths in whose place the release has kept copies, with the release that they were kept for.
std::vector<std::string> kept_paths(const state::Store& store, const App& app, const Release& release);

// Copies that no release of the app needs any longer. What cannot be removed is left to the next time.
void drop_unneeded_files(Context& context, const App& app);

// Whether the paths of this machine are those of the engine's: not so for an engine elsewhere, nor for a Belay that
// lives in a container.
bool sees_host_files(Context& context, std::stop_token stop);

// The bound paths of these services that are not there, or no longer what they were when `before` was made: a file
// that became a folder, a folder whose files are all gone. Only read ones count, and those that `before` had; of a
// Compose project's read ones only those that the file says must be there (see makes_missing).
// `now`: what those that are watched hold.
std::vector<std::string> missing_paths(const Spec& spec, const Release* before,
                                       const std::map<std::string, FileMark>& now);
// What a Compose project binds and only reads: where it is missing, an empty folder is made, as Compose has it made,
// unless its file says that it must be there.
bool makes_missing(const Spec& spec, const Mount& mount);
// The same as an error that names them, on an engine of this machine; nullopt where none is missing.
std::optional<NotFound> missing_error(Context& context, const Spec& spec, const Release* before, std::stop_token stop);
// Throws it.
void refuse_missing_paths(Context& context, const Spec& spec, const Release* before, std::stop_token stop);

}  // namespace belay::change
