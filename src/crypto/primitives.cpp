#include "crypto/primitives.h"

#include <limits>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/errors.h"

namespace belay::crypto {
namespace {

void check(int result) {
  if (result != 1) throw Error(ErrorCode::internal, "this machine's OpenSSL failed at its work");
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Pkey = std::unique_ptr<EVP_PKEY, FreeKey>;

Pkey private_key(const Key& scalar) {
  Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.bytes.data(), scalar.bytes.size()));
  check(key != nullptr);
  return key;
}

const unsigned char* octets(std::string_view bytes) {
  // OpenSSL takes a null pointer for "as before" in places.
  return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

int whole_number(std::size_t size) {
  check(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(size);
}

}  // namespace

void wipe(void* bytes, std::size_t size) {
  OPENSSL_cleanse(bytes, size);
}

void fill_random(std::span<unsigned char> bytes) {
  check(RAND_priv_bytes(bytes.data(), whole_number(bytes.size())));
}

Key digest(std::string_view text) {
  Key result;
  check(EVP_Digest(octets(text), text.size(), result.bytes.data(), nullptr, EVP_sha256(), nullptr));
  return result;
}

Key hmac(std::string_view key, std::string_view text) {
  Key result;
  check(HMAC(EVP_sha256(), octets(key), whole_number(key.size()), octets(text), text.size(), result.bytes.data(),
             nullptr) != nullptr);
  return result;
}

Key hkdf(std::string_view secret, std::string_view salt, std::string_view info) {
  // One block of the expansion is all that 32 bytes take.
  const Key extracted = hmac(salt, secret);
  return hmac(view(extracted.bytes), std::string(info) + '\x01');
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Point public_point(const Key& scalar) {
  Point point{};
  std::size_t size = point.size();
  check(EVP_PKEY_get_raw_public_key(private_key(scalar).get(), point.data(), &size));
  return point;
}

std::optional<Key> shared_secret(const Key& scalar, const Point& point) {
  struct Free {
    void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  };
  const Pkey own = private_key(scalar);
  const Pkey other(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, point.data(), point.size()));
  check(other != nullptr);
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(own.get(), nullptr));
  check(context != nullptr);
  check(EVP_PKEY_derive_init(context.get()));
  check(EVP_PKEY_derive_set_peer(context.get(), other.get()));
  Key secret;
  std::size_t size = secret.bytes.size();
  // OpenSSL refuses a result of zero by itself; age's rule does not hang on that.
  if (EVP_PKEY_derive(context.get(), secret.bytes.data(), &size) != 1) return {};
  if (same(view(secret.bytes), view(Point{}))) return {};
  return secret;
}

Key scrypt(std::string_view passphrase, std::string_view salt, int work_factor) {
  constexpr std::uint64_t block_size = 8;
  const std::uint64_t cost = std::uint64_t{1} << work_factor;
  // What RFC 7914 needs, and OpenSSL's own little on top.
  const std::uint64_t memory = 128 * block_size * (cost + 64);
  Key key;
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), octets(salt), salt.size(), cost, block_size, 1, memory,
                     key.bytes.data(), key.bytes.size()) != 1)
    throw Error(ErrorCode::no_memory, "there is not enough memory for scrypt's work factor of a passphrase");
  return key;
}

struct Aead::State {
  struct Free {
    void operator()(EVP_CIPHER_CTX* old) const { EVP_CIPHER_CTX_free(old); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> context{EVP_CIPHER_CTX_new()};

  void update(std::string_view in, char* out) {
    int written = 0;
    check(EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out), &written, octets(in),
                           whole_number(in.size())));
    check(static_cast<std::size_t>(written) == in.size());
  }
};

Aead::Aead(const Key& key, Way way) : state_(std::make_unique<State>()) {
  check(EVP_CipherInit_ex(state_->context.get(), EVP_chacha20_poly1305(), nullptr, key.bytes.data(), nullptr,
                          way == Way::seal ? 1 : 0));
}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

void Aead::seal(const Nonce& nonce, std::string_view plain, char* out) {
  EVP_CIPHER_CTX* context = state_->context.get();
  check(EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()));
  if (!plain.empty()) state_->update(plain, out);
  int more = 0;
  auto* tag = reinterpret_cast<unsigned char*>(out + plain.size());
  check(EVP_EncryptFinal_ex(context, tag, &more));
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_size, tag));
}

bool Aead::open(const Nonce& nonce, std::string_view sealed, char* out) {
  if (sealed.size() < tag_size) return false;
  EVP_CIPHER_CTX* context = state_->context.get();
  check(EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()));
  auto tag = *array_of<tag_size>(sealed.substr(sealed.size() - tag_size));
  check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()));
  sealed.remove_suffix(tag_size);
  if (!sealed.empty()) state_->update(sealed, out);
  int more = 0;
  return EVP_DecryptFinal_ex(context, tag.data(), &more) == 1;
}

}  // namespace belay::crypto
