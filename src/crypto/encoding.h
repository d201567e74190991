#pragma once
// Bytes as text where only one spelling may be taken: age's files must not be changeable without a trace.

#include <optional>
#include <string>
#include <string_view>

namespace belay::crypto {

// Base64 of the standard alphabet, without "=" at the end.
std::string unpadded_base64(std::string_view bytes);
// nullopt for any spelling but the one that unpadded_base64 gives.
std::optional<std::string> unpadded_base64_decoded(std::string_view text);
// nullopt for any spelling but the one with just the "=" that belong there.
std::optional<std::string> padded_base64_decoded(std::string_view text);

// A text of BIP 173, of any length: "PREFIX1…".
struct Bech32 {
  std::string prefix;  // as it was written: all upper or all lower case
  std::string bytes;
  bool operator==(const Bech32&) const = default;
};
// In lower case.
std::string bech32(std::string_view prefix, std::string_view bytes);
// nullopt for mixed case, a foreign character, a wrong checksum, or bits left over.
std::optional<Bech32> bech32_decoded(std::string_view text);

}  // namespace belay::crypto
