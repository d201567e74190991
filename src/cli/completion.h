#pragma once
// Scripts that teach a shell to complete Belay's command lines, made from the command table. Names of apps come from
// `belay ls --names`, releases from `belay releases NAME --names`.

#include <string>

namespace belay::cli {

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace belay::cli
