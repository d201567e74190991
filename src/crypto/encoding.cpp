#include "crypto/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "crypto/secret.h"

namespace belay::crypto {
namespace {

constexpr std::string_view letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t checksum_letters = 6;

// The remainder of BIP 173's code over its five-bit symbols.
class Checksum {
 public:
  void add(std::uint32_t symbol) {
    static constexpr std::array<std::uint32_t, 5> generator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                               0x2a1462b3};
    const std::uint32_t top = remainder_ >> 25;
    remainder_ = (remainder_ & 0x1ffffff) << 5 ^ symbol;
    for (std::size_t i = 0; i < generator.size(); ++i)
      if (top >> i & 1) remainder_ ^= generator[i];
  }
  void add_prefix(std::string_view prefix) {
    for (const char c : prefix) add(static_cast<unsigned char>(c) >> 5);
    add(0);
    for (const char c : prefix) add(static_cast<unsigned char>(c) & 31);
  }
  std::uint32_t remainder() const { return remainder_; }

 private:
  std::uint32_t remainder_ = 1;
};

// `symbols` as groups of `to` bits instead of `from`. Left-over bits are filled up with zeros, or, when going back,
// must be fewer than a group and zero: nullopt where they are not.
std::optional<std::string> regrouped(std::string_view symbols, unsigned from, unsigned to, bool fill_up) {
  std::string result;
  result.reserve((symbols.size() * from + to - 1) / to);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char symbol : symbols) {
    group = (group << from | static_cast<unsigned char>(symbol)) & 0xffff;
    for (bits += from; bits >= to; bits -= to) result += static_cast<char>(group >> (bits - to) & ((1U << to) - 1));
  }
  const std::uint32_t rest = group & ((1U << bits) - 1);
  if (fill_up) {
    if (bits > 0) result += static_cast<char>(rest << (to - bits));
  } else if (bits >= from || rest != 0) {
    wipe(result.data(), result.size());
    return {};
  }
  return result;
}

}  // namespace

std::string unpadded_base64(std::string_view bytes) {
  std::string text = base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

std::optional<std::string> unpadded_base64_decoded(std::string_view text) {
  auto bytes = base64_decoded(text);
  // The decoder of base takes more spellings than one.
  if (bytes && unpadded_base64(*bytes) != text) return {};
  return bytes;
}

std::optional<std::string> padded_base64_decoded(std::string_view text) {
  auto bytes = base64_decoded(text);
  if (bytes && base64(*bytes) != text) return {};
  return bytes;
}

std::string bech32(std::string_view prefix, std::string_view bytes) {
  const SecretText symbols(*regrouped(bytes, 8, 5, true));
  std::string text(prefix);
  text += '1';
  Checksum checksum;
  checksum.add_prefix(prefix);
  for (const char symbol : symbols.text) {
    checksum.add(static_cast<unsigned char>(symbol));
    text += letters[static_cast<unsigned char>(symbol)];
  }
  for (std::size_t i = 0; i < checksum_letters; ++i) checksum.add(0);
  const std::uint32_t sum = checksum.remainder() ^ 1;
  for (unsigned i = checksum_letters; i-- > 0;) text += letters[sum >> (5 * i) & 31];
  return text;
}

std::optional<Bech32> bech32_decoded(std::string_view written) {
  const SecretText text(lower(written));
  const bool has_upper = text.text != written;
  const bool has_lower = std::any_of(written.begin(), written.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (has_upper && has_lower) return {};
  const std::size_t separator = text.text.rfind('1');
  if (separator == std::string::npos || separator == 0) return {};
  const std::string_view prefix = std::string_view(text.text).substr(0, separator);
  if (std::any_of(prefix.begin(), prefix.end(), [](char c) { return c < '!' || c > '~'; })) return {};
  SecretText symbols;
  symbols.text.reserve(text.text.size());
  Checksum checksum;
  checksum.add_prefix(prefix);
  for (const char c : std::string_view(text.text).substr(separator + 1)) {
    const std::size_t symbol = letters.find(c);
    if (symbol == std::string_view::npos) return {};
    checksum.add(static_cast<std::uint32_t>(symbol));
    symbols.text += static_cast<char>(symbol);
  }
  if (symbols.text.size() < checksum_letters || checksum.remainder() != 1) return {};
  auto bytes = regrouped(std::string_view(symbols.text).substr(0, symbols.text.size() - checksum_letters), 5, 8, false);
  if (!bytes) return {};
  return Bech32{std::string(written.substr(0, separator)), std::move(*bytes)};
}

}  // namespace belay::crypto
