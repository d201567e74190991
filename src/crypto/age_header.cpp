#include "crypto/age_header.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/encoding.h"

namespace belay::crypto {
namespace {

constexpr std::string_view version_line = "age-encryption.org/v1";
constexpr std::string_view stanza_mark = "-> ";
constexpr std::string_view mac_mark = "---";
constexpr std::size_t columns = 64;

std::string mac_of(std::string_view text, const FileKey& file_key) {
  const Key key = hkdf(view(file_key.bytes), "", "header");
  return std::string(view(hmac(view(key.bytes), text).bytes));
}

void read_version(Input& input) {
  std::string line;
  const bool whole = input.line(line, 256);
  if (whole && line == version_line) return;
  if (line.starts_with(age_magic) && (whole || line.size() > version_line.size()))
    throw Error(ErrorCode::unsupported,
                format("this age file is of a version that Belay does not know ('{}')",
                       printable(line.substr(age_magic.size(), 40))),
                "Belay reads version v1.");
  if (!whole && line.empty()) throw Error(ErrorCode::bad_archive, "this is not an age file: it is empty");
  if (!whole && version_line.starts_with(line))
    throw Error(ErrorCode::bad_archive, "this age file is cut off in its first line");
  throw Error(ErrorCode::bad_archive, "this is not an age file");
}

// The lines of a header, counted against its limit.
class Lines {
 public:
  Lines(Input& input, std::string& text) : input_(input), text_(text) {}

  // The next line, which is added to the text.
  const std::string& next() {
    const std::size_t left = header_limit - std::min(header_limit, text_.size());
    if (!input_.line(line_, left)) {
      if (line_.size() < left) throw Error(ErrorCode::bad_archive, "this age file is cut off within its header");
      refuse_header("it is too long");
    }
    text_ += line_;
    text_ += '\n';
    return line_;
  }

 private:
  Input& input_;
  std::string& text_;
  std::string line_;
};

std::vector<std::string> read_arguments(std::string_view line) {
  std::vector<std::string> arguments = split(line, ' ');
  for (const std::string& argument : arguments)
    if (argument.empty() || std::any_of(argument.begin(), argument.end(), [](char c) { return c < '!' || c > '~'; }))
      refuse_header("a recipient's line is not as it should be");
  return arguments;
}

std::string read_body(Lines& lines) {
  std::string body;
  while (true) {
    const std::string& line = lines.next();
    const auto bytes = line.size() <= columns ? unpadded_base64_decoded(line) : std::nullopt;
    if (!bytes) refuse_header("a recipient's part is not as it should be");
    body += *bytes;
    // Also when it is empty: a body of full lines ends with an empty one.
    if (line.size() < columns) return body;
  }
}

}  // namespace

void refuse_header(const std::string& reason) {
  throw Error(ErrorCode::bad_archive, "the header of this age file is damaged: " + reason);
}

std::string header_text(const std::vector<Stanza>& stanzas, const FileKey& file_key) {
  std::string text(version_line);
  for (const Stanza& stanza : stanzas) {
    text += "\n->";
    for (const std::string& argument : stanza.arguments) text += ' ' + argument;
    const std::string body = unpadded_base64(stanza.body);
    for (std::size_t at = 0; at <= body.size(); at += columns) text += '\n' + body.substr(at, columns);
  }
  text += '\n';
  text += mac_mark;
  return text + ' ' + unpadded_base64(mac_of(text, file_key)) + '\n';
}

Header read_header(Input& input) {
  read_version(input);
  Header header;
  header.text = std::string(version_line) + '\n';
  Lines lines(input, header.text);
  while (true) {
    const std::size_t begin = header.text.size();
    const std::string& line = lines.next();
    if (line.starts_with(stanza_mark)) {
      Stanza stanza{read_arguments(std::string_view(line).substr(stanza_mark.size())), {}};
      stanza.body = read_body(lines);
      header.stanzas.push_back(std::move(stanza));
      continue;
    }
    if (!line.starts_with(mac_mark) || line.size() <= mac_mark.size() || line[mac_mark.size()] != ' ')
      refuse_header("a line is neither a recipient's nor the last");
    const auto mac = unpadded_base64_decoded(std::string_view(line).substr(mac_mark.size() + 1));
    if (!mac || mac->size() != Key{}.bytes.size()) refuse_header("its checksum is not as it should be");
    header.mac = *mac;
    header.text.resize(begin + mac_mark.size());
    break;
  }
  if (header.stanzas.empty()) refuse_header("it names no recipient");
  return header;
}

void check_mac(const Header& header, const FileKey& file_key) {
  if (!same(header.mac, mac_of(header.text, file_key))) refuse_header("somebody changed it");
}

}  // namespace belay::crypto
