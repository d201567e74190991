// Help pages as manual pages.

#include "base/text.h"
#include "cli/markdown.h"

namespace belay::cli {

namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

std::string plain(const std::vector<Span>& spans) {
  std::string text;
  for (const auto& span : spans) text += span.text;
  return text;
}

// A line that begins with a dot or an apostrophe would be taken for a macro.
std::string as_text_line(const std::string& line) {
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

std::string spans_text(const std::vector<Span>& spans) {
  std::string text;
  for (const auto& span : spans) {
    const std::string escaped = roff_escaped(span.text);
    switch (span.kind) {
      case Span::Kind::text:
        text += escaped;
        break;
      case Span::Kind::italic:
        text += "\\fI" + escaped + "\\fR";
        break;
      case Span::Kind::bold:
      case Span::Kind::code:
        text += "\\fB" + escaped + "\\fR";
        break;
    }
  }
  return as_text_line(text) + "\n";
}

}  // namespace

std::string roff_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      // A minus as it is typed, not a hyphen.
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string roff_text(const std::vector<Block>& blocks) {
  std::string text;
  for (const auto& block : blocks) {
    switch (block.kind) {
      case Block::Kind::heading:
        text += block.level <= 2 ? ".SH \"" + roff_escaped(upper(plain(block.spans))) + "\"\n"
                                 : ".SS \"" + roff_escaped(plain(block.spans)) + "\"\n";
        break;
      case Block::Kind::paragraph:
        text += ".PP\n" + spans_text(block.spans);
        break;
      case Block::Kind::item:
        text += block.marker == "-" ? ".IP \\(bu 3\n" : ".IP " + block.marker + " 4\n";
        text += spans_text(block.spans);
        break;
      case Block::Kind::definition:
        text += ".TP\n" + as_text_line("\\fB" + roff_escaped(block.text) + "\\fR") + "\n" + spans_text(block.spans);
        break;
      case Block::Kind::code:
        text += ".PP\n.RS 4\n.nf\n";
        for (const auto& line : split(trim(block.text), '\n')) text += as_text_line(roff_escaped(line)) + "\n";
        text += ".fi\n.RE\n";
        break;
    }
  }
  return text;
}

}  // namespace belay::cli
