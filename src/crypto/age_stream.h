#pragma once
// How age encrypts what follows the header: in chunks of 64 KiB, each sealed under its number and under whether it is
// the last.

#include <cstdint>

#include "crypto/primitives.h"

namespace belay::crypto {

constexpr std::size_t chunk_size = 64 << 10;
constexpr std::size_t sealed_chunk_size = chunk_size + tag_size;
constexpr std::size_t payload_nonce_size = 16;

enum class Place { inside, last };

inline Aead::Nonce chunk_nonce(std::uint64_t number, Place place) {
  Aead::Nonce nonce{};
  // Eleven bytes, the greatest first, of which eight do for more than there will ever be.
  for (std::size_t i = 0; i < 8; ++i) nonce[10 - i] = static_cast<unsigned char>(number >> (8 * i));
  nonce[11] = place == Place::last ? 1 : 0;
  return nonce;
}

inline Key payload_key(const FileKey& file_key, std::string_view nonce) {
  return hkdf(view(file_key.bytes), nonce, "payload");
}

}  // namespace belay::crypto
