#pragma once
// Key material and passphrases: wiped from memory at the end of their lives, each copy by itself.

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace belay::crypto {

// Overwrites `size` bytes in a way that the compiler cannot leave out.
void wipe(void* bytes, std::size_t size);

template <std::size_t size>
struct Secret {
  std::array<unsigned char, size> bytes{};

  Secret() = default;
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { wipe(bytes.data(), size); }
};

struct SecretText {
  std::string text;

  SecretText() = default;
  explicit SecretText(std::string words) : text(std::move(words)) {}
  SecretText(const SecretText&) = default;
  SecretText(SecretText&&) = default;
  SecretText& operator=(const SecretText&) = default;
  SecretText& operator=(SecretText&&) = default;
  ~SecretText() { wipe(text.data(), text.size()); }
};

}  // namespace belay::crypto
