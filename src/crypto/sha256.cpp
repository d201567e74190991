#include "crypto/sha256.h"

#include <array>
#include <openssl/evp.h>

#include "base/errors.h"

namespace belay::crypto {

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* old) const { EVP_MD_CTX_free(old); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};

  State() { begin(); }
  void begin() { check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr)); }
  static void check(int result) {
    if (result != 1) throw Error(ErrorCode::internal, "this machine's OpenSSL cannot compute SHA-256");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  State::check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  State::check(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
  state_->begin();
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.finish();
}

}  // namespace belay::crypto
