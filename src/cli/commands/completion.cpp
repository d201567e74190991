#include "cli/completion.h"

#include "cli/commands.h"
#include "cli/invocation.h"

namespace belay::cli {

int run_completion(Invocation& in) {
  const std::string shell = in.argument("SHELL");
  in.console.print(shell == "bash" ? bash_completion() : shell == "zsh" ? zsh_completion() : fish_completion());
  return 0;
}

}  // namespace belay::cli
