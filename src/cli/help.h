#pragma once
// The help of the program and of each command: one page, made of the markdown beside the command and of the table,
// shown on the terminal or written as a manual page.

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/markdown.h"

namespace belay::cli {

struct Page {
  std::string name;     // "belay-stop"
  std::string title;    // "belay stop"
  std::string summary;  // one line
  std::string usage;
  std::vector<Block> body;
};

Page page_of_program();
Page page_of(const Command& command);

std::string page_text(const Page& page, int width, bool color);
// The page on standard output, as wide as the terminal.
void show_page(Console& console, const Page& page);
// Markdown on standard output, in the same way.
void show_markdown(Console& console, const std::string& markdown);
std::string man_page(const Page& page);
// belay.1 and belay-COMMAND.1 for every command, replacing older ones.
void write_man_pages(const fs::path& folder);

}  // namespace belay::cli
