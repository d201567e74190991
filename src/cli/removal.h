#pragma once
// What came of cleanup and remove, in words.

#include <string_view>

#include "change/clean.h"
#include "cli/console.h"

namespace belay::cli {

struct RemovalWords {
  std::string_view done;  // "removed"
  bool dry_run = false;
  bool exit_unchanged = false;
};
int print_removed(Console& console, const AppName& name, const change::Removed& removed, const RemovalWords& words);

}  // namespace belay::cli
