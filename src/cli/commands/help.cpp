#include "cli/help.h"

#include "cli/commands.h"
#include "cli/invocation.h"

namespace belay::cli {

int run_help(Invocation& in) {
  if (const auto folder = in.text("man-pages")) {
    write_man_pages(*folder);
    return 0;
  }
  const auto name = in.optional_argument("COMMAND");
  if (!name) {
    show_page(in.console, page_of_program());
    return 0;
  }
  show_page(in.console, page_of(command_named(*name)));
  return 0;
}

}  // namespace belay::cli
