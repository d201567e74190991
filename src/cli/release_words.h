#pragma once
// How people name a release of an app: r2 or 2, stable, last.

#include <optional>
#include <string>

#include "cli/host_run.h"

namespace belay::cli {

// "r2", "2"; nullopt: the word is no number of a release.
std::optional<ReleaseNumber> release_number(const std::string& word);

// Throws NotFound where the app has no such mark, UsageError with the releases that it has for any other word.
ReleaseNumber release_named(change::Context& context, const AppName& name, const std::string& word);

}  // namespace belay::cli
