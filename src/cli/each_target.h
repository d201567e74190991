#pragma once
// One change for each of several apps or parts, one after the other, told of as it ends.

#include <algorithm>
#include <vector>

#include "cli/change_result.h"
#include "cli/host_run.h"

namespace belay::cli {

// Ends with the first that fails; 3 only where there was nothing to be done for any.
template <class UseCase>
int change_each(const Invocation& in, HostRun& run, const std::vector<Target>& targets, UseCase&& use_case) {
  constexpr int unchanged = 3;
  int code = unchanged;
  for (const auto& what : targets) {
    const change::Change change = use_case(what);
    run.report().close();
    const int of_this = print_change(in.console, what.app, change, {.exit_unchanged = in.has("exit-unchanged")});
    if (of_this != 0 && of_this != unchanged) return of_this;
    code = std::min(code, of_this);
  }
  return code;
}

}  // namespace belay::cli
