#pragma once
// What came of cleanup and remove, in words.

#include <string_view>

#include "change/clean.h"
#include "cli/invocation.h"

namespace belay::cli {

struct RemovalWords {
  std::string_view done;  // "removed"
  bool dry_run = false;
  bool exit_unchanged = false;
  bool json = false;                    // a list of this removal alone
  std::optional<ByteCount> frees = {};  // of images
};
// After the plan that takes the data was shown: the name typed, or given with --yes-lose-data. The latter must be that
// of the app, and there must be data to lose: UsageError.
bool agrees_to_loss(Invocation& in, const AppName& name, const plan::Plan& plan);
void check_words_of_loss(const Invocation& in, const AppName& name, bool volumes);
// The app with its containers and images; `volumes`: with its data, after the app's name was typed, or given with
// --yes-lose-data.
int remove_app(Invocation& in, const AppName& name, bool volumes, bool yes,
               std::optional<Milliseconds> stop_timeout = {});
// The state does not know the app, and nothing on the engine is its.
bool is_absent(change::Context& context, const AppName& name, std::stop_token stop);
int print_removed(Console& console, const AppName& name, const change::Removed& removed, const RemovalWords& words);
int exit_code_of(const change::Removed& removed, const RemovalWords& words);

}  // namespace belay::cli
