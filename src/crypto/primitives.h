#pragma once
// What age is made of: X25519, HKDF and HMAC with SHA-256, scrypt, ChaCha20-Poly1305, random bytes. Every function
// throws Error where OpenSSL cannot do its part (no memory, no randomness).

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace belay::crypto {

using Key = Secret<32>;
// What a file's header wraps for each recipient.
using FileKey = Secret<16>;
// A point of Curve25519, as RFC 7748 writes its u coordinate.
using Point = std::array<unsigned char, 32>;

constexpr std::size_t tag_size = 16;

template <class Array>
std::string_view view(const Array& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
// The bytes as an array; nullopt when they are not just as many.
template <std::size_t size>
std::optional<std::array<unsigned char, size>> array_of(std::string_view bytes) {
  if (bytes.size() != size) return {};
  std::array<unsigned char, size> array{};
  for (std::size_t i = 0; i < size; ++i) array[i] = static_cast<unsigned char>(bytes[i]);
  return array;
}

void fill_random(std::span<unsigned char> bytes);
// SHA-256, as bytes.
Key digest(std::string_view text);
Key hmac(std::string_view key, std::string_view text);
// RFC 5869 for 32 bytes.
Key hkdf(std::string_view secret, std::string_view salt, std::string_view info);
// Does not tell by its time where two texts of one length differ.
bool same(std::string_view a, std::string_view b);

Point public_point(const Key& scalar);
// nullopt when the result is zero: the point is one of the few that would give the secret away.
std::optional<Key> shared_secret(const Key& scalar, const Point& point);
// N is 2 to the power of `work_factor`, r 8, p 1; takes 2^work_factor KiB of memory.
Key scrypt(std::string_view passphrase, std::string_view salt, int work_factor);

// ChaCha20-Poly1305 with one key for many texts, each with a nonce of its own.
class Aead {
 public:
  using Nonce = std::array<unsigned char, 12>;

  enum class Way { seal, open };
  Aead(const Key& key, Way way);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  // Writes the sealed text and its tag: `out` has room for plain.size() + tag_size.
  void seal(const Nonce& nonce, std::string_view plain, char* out);
  // Writes the plain text (`out` has room for sealed.size() - tag_size), which is worth nothing when this gives false:
  // somebody changed the text, or key or nonce are others.
  [[nodiscard]] bool open(const Nonce& nonce, std::string_view sealed, char* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace belay::crypto
