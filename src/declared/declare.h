#pragma once
// `belay declare`: the definition that would make an app what it is.

#include "change/context.h"

namespace belay::declared {

struct DeclaredText {
  std::string text;                   // JSON, for a folder of definitions; with the values of its variables
  std::vector<std::string> left_out;  // what a definition cannot say of it
  std::vector<std::string> warnings;
};
// Of the release that runs, or ran last; or of `which`.
DeclaredText declare(change::Context& context, const AppName& name, const std::optional<ReleaseNumber>& which,
                     std::stop_token stop);

}  // namespace belay::declared
