#include "cli/help.h"

#include "cli/commands.h"
#include "cli/faces.h"
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
  // Of the other tools' command lines the page is that of their own help.
  if (const std::string_view page = find_face(*name) != nullptr ? help_page(*name) : std::string_view(); !page.empty())
    show_markdown(in.console, std::string(page));
  else
    show_page(in.console, page_of(command_named(*name)));
  return 0;
}

}  // namespace belay::cli
