#include "crypto/edwards.h"

#include <algorithm>
#include <openssl/bn.h>
#include <openssl/evp.h>

#include "base/errors.h"

namespace belay::crypto {
namespace {

void check(bool fine) {
  if (!fine) throw Error(ErrorCode::internal, "this machine's OpenSSL failed at its work");
}

// Numbers modulo 2^255 - 19. Only public keys come here: nothing about its time is constant.
class Field {
 public:
  struct Free {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  };
  using Number = std::unique_ptr<BIGNUM, Free>;

  Field() { check(context_ != nullptr && BN_set_bit(prime_.get(), 255) == 1 && BN_sub_word(prime_.get(), 19) == 1); }

  static Number number(BN_ULONG word = 0) {
    Number result(BN_new());
    check(result != nullptr && BN_set_word(result.get(), word) == 1);
    return result;
  }
  // nullopt when the little-endian bytes are no number below the prime.
  std::optional<Number> number(const Point& bytes) const {
    Number result = number();
    check(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), result.get()) != nullptr);
    if (BN_cmp(result.get(), prime_.get()) >= 0) return {};
    return result;
  }
  Number sum(const Number& a, const Number& b) {
    Number result = number();
    check(BN_mod_add(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
    return result;
  }
  Number difference(const Number& a, const Number& b) {
    Number result = number();
    check(BN_mod_sub(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
    return result;
  }
  Number product(const Number& a, const Number& b) {
    Number result = number();
    check(BN_mod_mul(result.get(), a.get(), b.get(), prime_.get(), context_.get()) == 1);
    return result;
  }
  // `b` is not zero.
  Number quotient(const Number& a, const Number& b) {
    Number inverse = number();
    check(BN_mod_inverse(inverse.get(), b.get(), prime_.get(), context_.get()) != nullptr);
    return product(a, inverse);
  }
  bool is_square(const Number& a) {
    const int symbol = BN_kronecker(a.get(), prime_.get(), context_.get());
    check(symbol >= -1);
    return symbol != -1;
  }

 private:
  std::unique_ptr<BN_CTX, Free> context_{BN_CTX_new()};
  Number prime_ = number();
};

}  // namespace

Point ed25519_public(const Key& seed) {
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  const std::unique_ptr<EVP_PKEY, Free> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(), seed.bytes.size()));
  check(key != nullptr);
  Point point{};
  std::size_t size = point.size();
  check(EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size) == 1);
  return point;
}

std::optional<Point> montgomery_point(const Point& ed25519) {
  Point bytes = ed25519;
  // The sign of x, which the other curve's coordinate does not know.
  bytes.back() &= 0x7f;
  Field field;
  const auto y = field.number(bytes);
  if (!y) return {};
  const auto one = Field::number(1);
  const auto below = field.difference(one, *y);
  if (BN_is_zero(below.get())) return {};
  // On the curve -x² + y² = 1 + d x² y², d = -121665/121666, when (y² - 1) / (d y² + 1) is a square; so is then the
  // product of the two.
  const auto square = field.product(*y, *y);
  const auto d = field.quotient(field.difference(Field::number(), Field::number(121665)), Field::number(121666));
  const auto under = field.sum(field.product(d, square), one);
  if (!field.is_square(field.product(field.difference(square, one), under))) return {};
  const auto u = field.quotient(field.sum(one, *y), below);
  check(BN_bn2lebinpad(u.get(), bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size()));
  return bytes;
}

Key montgomery_scalar(const Key& seed) {
  Secret<64> hash;
  check(EVP_Digest(seed.bytes.data(), seed.bytes.size(), hash.bytes.data(), nullptr, EVP_sha512(), nullptr) == 1);
  // X25519 itself sets and clears the bits that a scalar must and must not have.
  Key scalar;
  std::copy_n(hash.bytes.begin(), scalar.bytes.size(), scalar.bytes.begin());
  return scalar;
}

}  // namespace belay::crypto
