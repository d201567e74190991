#pragma once
// The text at the beginning of an age file: a line for the version, a stanza for each recipient, and a MAC over all.

#include <string>
#include <vector>

#include "crypto/input.h"
#include "crypto/primitives.h"

namespace belay::crypto {

// The file key, wrapped for one recipient.
struct Stanza {
  std::vector<std::string> arguments;  // at least one; the first names the kind
  std::string body;

  const std::string& kind() const { return arguments.front(); }
};

struct Header {
  std::vector<Stanza> stanzas;
  std::string text;  // up to the "---" of the last line: what the MAC is made of
  std::string mac;
};

// Room for some ten thousand recipients; the format itself knows no limit.
constexpr std::size_t header_limit = std::size_t{1} << 20;
constexpr std::string_view age_magic = "age-encryption.org/";

// The whole header with its MAC.
std::string header_text(const std::vector<Stanza>& stanzas, const FileKey& file_key);
// Takes just the header off `input`. Throws Error when it is none, is not written by the rules, or is cut off. Nothing
// in it can be trusted before check_mac.
Header read_header(Input& input);
void check_mac(const Header& header, const FileKey& file_key);
[[noreturn]] void refuse_header(const std::string& reason);

}  // namespace belay::crypto
