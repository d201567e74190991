#include "cli/help.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/layout.h"
#include "cli/table.h"

namespace belay::cli {

namespace {

Block heading(std::string text) {
  return {.kind = Block::Kind::heading, .level = 2, .spans = {{Span::Kind::text, std::move(text)}}};
}

Block definition(std::string term, std::string_view text) {
  return {.kind = Block::Kind::definition, .text = std::move(term), .spans = {{Span::Kind::text, std::string(text)}}};
}

// The page's own words without its title, which is made from the table.
std::vector<Block> words_of_page(std::string_view name) {
  auto blocks = read_markdown(help_page(name));
  std::erase_if(blocks, [](const Block& b) { return b.kind == Block::Kind::heading && b.level == 1; });
  return blocks;
}

// A line whose head is bold where there are colours; what does not fit goes on below, indented.
std::string headed(const std::string& head, const std::string& rest, int width, bool color) {
  auto lines = wrapped(head + rest, width);
  if (lines.size() > 1) lines = wrapped(head + rest, width - 2);
  if (color && lines.front().starts_with(head))
    lines.front() = in_style(Style::bold, head) + lines.front().substr(head.size());
  return join(lines, "\n  ") + "\n";
}

// Puts what the table says behind the introduction, in front of the first heading.
void insert_after_introduction(std::vector<Block>& body, std::vector<Block> added) {
  const auto first =
      std::find_if(body.begin(), body.end(), [](const Block& b) { return b.kind == Block::Kind::heading; });
  body.insert(first, std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

}  // namespace

Page page_of_program() {
  Page page{.name = "belay",
            .title = "belay",
            .summary = "run the containers of a host, with a way back",
            .usage = "belay [OPTION]… COMMAND [WORD]…",
            .body = words_of_page("belay")};
  std::vector<Block> added;
  for (const Group group : {Group::change, Group::look, Group::data, Group::upkeep, Group::program}) {
    added.push_back(heading(std::string(title(group))));
    for (const auto& command : commands())
      if (command.group == group) added.push_back(definition(std::string(command.name), command.summary));
  }
  added.push_back(heading("Options of every command"));
  for (const auto& option : global_options()) added.push_back(definition(option_words(option), option.summary));
  insert_after_introduction(page.body, std::move(added));
  return page;
}

Page page_of(const Command& command) {
  Page page{.name = format("belay-{}", command.name),
            .title = format("belay {}", command.name),
            .summary = std::string(command.summary),
            .usage = usage_line(command),
            .body = words_of_page(command.name)};
  if (command.options.empty()) return page;
  std::vector<Block> added{heading("Options")};
  for (const auto& option : command.options) {
    std::string summary(option.summary);
    if (option.repeatable) summary += " (may be given several times)";
    added.push_back(definition(option_words(option), summary));
  }
  insert_after_introduction(page.body, std::move(added));
  return page;
}

std::string page_text(const Page& page, int width, bool color) {
  const int columns = std::min(width, 100);
  std::string text = headed(page.title, format(" - {}", page.summary), columns, color) + "\n" +
                     headed("Usage:", " " + page.usage, columns, color) + "\n";
  text += terminal_text(page.body, columns, color);
  if (page.name != "belay")
    text += "\n" + headed("", "Options of every command, exit codes and files: belay help", columns, false);
  return text;
}

void show_page(Console& console, const Page& page) {
  const auto& settings = console.settings();
  const std::string text = page_text(page, settings.out_terminal ? settings.columns : 80, settings.out_color);
  if (!console.page(text)) console.print_page(text);
}

void show_markdown(Console& console, const std::string& markdown) {
  const auto& settings = console.settings();
  const int width = settings.out_terminal ? std::min(settings.columns, 100) : 80;
  const std::string text = terminal_text(read_markdown(markdown), width, settings.out_color);
  if (!console.page(text)) console.print_page(text);
}

std::string man_page(const Page& page) {
  std::string name = page.name;
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::string text = format(".TH \"{}\" 1 \"\" \"belay {}\" \"Belay\"\n", roff_escaped(name), BELAY_VERSION);
  text += format(".SH NAME\n{} \\- {}\n", roff_escaped(page.name), roff_escaped(page.summary));
  text += format(".SH SYNOPSIS\n.B {}\n", roff_escaped(page.usage));
  text += ".SH DESCRIPTION\n" + roff_text(page.body);
  text += ".SH \"SEE ALSO\"\n";
  if (page.name != "belay") return text + "\\fBbelay\\fR(1) for the options of every command, exit codes and files.\n";
  std::vector<std::string> others;
  for (const auto& command : commands()) others.push_back(format("\\fBbelay\\-{}\\fR(1)", roff_escaped(command.name)));
  return text + join(others, ",\n") + "\n";
}

void write_man_pages(const fs::path& folder) {
  make_folder(folder);
  const auto write = [&](const Page& page) { write_file_durably(folder / (page.name + ".1"), man_page(page)); };
  write(page_of_program());
  for (const auto& command : commands()) write(page_of(command));
}

}  // namespace belay::cli
