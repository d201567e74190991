#include "crypto/age_stanza.h"

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/encoding.h"

namespace belay::crypto {
namespace {

constexpr std::string_view native_kind = "X25519";
constexpr std::string_view native_label = "age-encryption.org/v1/X25519";
constexpr std::string_view ssh_kind = "ssh-ed25519";
constexpr std::string_view ssh_label = "age-encryption.org/v1/ssh-ed25519";
constexpr std::string_view scrypt_kind = "scrypt";
constexpr std::string_view scrypt_label = "age-encryption.org/v1/scrypt";
constexpr std::size_t salt_size = 16;
// What a stranger's file may cost us: 4 GiB of memory, and some 20 seconds.
constexpr int greatest_work_factor = 22;
constexpr std::size_t body_size = sizeof(FileKey) + tag_size;

std::string seal(const FileKey& file_key, const Key& key) {
  std::string body(body_size, '\0');
  Aead(key, Aead::Way::seal).seal({}, view(file_key.bytes), body.data());
  return body;
}

std::optional<FileKey> open(std::string_view body, const Key& key) {
  FileKey file_key;
  if (!Aead(key, Aead::Way::open).open({}, body, reinterpret_cast<char*>(file_key.bytes.data()))) return {};
  return file_key;
}

// What sender and recipient have in common; nullopt for a point that would tell it to everybody.
std::optional<Key> wrap_key(const Key& own, const Point& other, const Point& ephemeral, const Recipient& recipient) {
  std::optional<Key> secret = shared_secret(own, other);
  const bool is_ssh = !recipient.ssh_key.empty();
  if (is_ssh && secret) {
    // Binds the file to the key as SSH knows it.
    const Key tweak = hkdf("", recipient.ssh_key, ssh_label);
    secret = shared_secret(tweak, array_of<32>(view(secret->bytes)).value());
  }
  if (!secret) return {};
  const std::string salt = std::string(view(ephemeral)) + std::string(view(recipient.point));
  return hkdf(view(secret->bytes), salt, is_ssh ? ssh_label : native_label);
}

std::string ssh_tag(const Recipient& recipient) {
  return unpadded_base64(view(digest(recipient.ssh_key).bytes).substr(0, 4));
}

// A longer body could be made to open with many keys, and so tell which one we have.
void check_size(std::string_view body) {
  if (body.size() != body_size) refuse_header("a recipient's part has a wrong length");
}

std::string scrypt_salt(std::string_view salt) {
  return std::string(scrypt_label) + std::string(salt);
}

Point read_point(const std::string& text) {
  const auto bytes = unpadded_base64_decoded(text);
  const auto point = bytes ? array_of<32>(*bytes) : std::nullopt;
  if (!point) refuse_header("a recipient's share is not as it should be");
  return *point;
}

int read_work_factor(const std::string& text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || std::to_string(*number) != text) refuse_header("scrypt's work factor is not a number");
  if (*number > greatest_work_factor)
    throw Error(ErrorCode::bad_archive,
                format("this age file asks for scrypt with the work factor {}; Belay goes up to {}", *number,
                       greatest_work_factor));
  return static_cast<int>(*number);
}

}  // namespace

Stanza wrap(const FileKey& file_key, const Recipient& recipient) {
  Key ephemeral;
  fill_random(ephemeral.bytes);
  const Point share = public_point(ephemeral);
  const auto key = wrap_key(ephemeral, recipient.point, share, recipient);
  if (!key)
    throw Error(ErrorCode::bad_key,
                format("the key '{}' is a weak one that everybody could open", printable(recipient.text)));
  if (recipient.ssh_key.empty())
    return {{std::string(native_kind), unpadded_base64(view(share))}, seal(file_key, *key)};
  return {{std::string(ssh_kind), ssh_tag(recipient), unpadded_base64(view(share))}, seal(file_key, *key)};
}

Stanza wrap(const FileKey& file_key, const Passphrase& passphrase) {
  if (passphrase.words.text.empty()) throw Error(ErrorCode::bad_key, "the passphrase is empty");
  if (passphrase.work_factor < 1 || passphrase.work_factor > greatest_work_factor)
    throw Error(ErrorCode::bad_key,
                format("scrypt's work factor is 1 to {}, not {}", greatest_work_factor, passphrase.work_factor));
  std::array<unsigned char, salt_size> salt{};
  fill_random(salt);
  const Key key = scrypt(passphrase.words.text, scrypt_salt(view(salt)), passphrase.work_factor);
  return {{std::string(scrypt_kind), unpadded_base64(view(salt)), std::to_string(passphrase.work_factor)},
          seal(file_key, key)};
}

std::optional<FileKey> unwrap(const Stanza& stanza, const Identity& identity) {
  const Recipient& own = identity.recipient;
  const bool is_ssh = !own.ssh_key.empty();
  if (stanza.kind() != (is_ssh ? ssh_kind : native_kind)) return {};
  if (stanza.arguments.size() != (is_ssh ? 3 : 2)) refuse_header("a recipient's line has a wrong number of words");
  const Point share = read_point(stanza.arguments.back());
  if (is_ssh && stanza.arguments[1] != ssh_tag(own)) return {};
  check_size(stanza.body);
  const auto key = wrap_key(identity.scalar, share, share, own);
  if (!key) refuse_header("a recipient's share is a weak one");
  auto file_key = open(stanza.body, *key);
  if (is_ssh && !file_key) refuse_header("the part for the given SSH key does not open");
  return file_key;
}

std::optional<FileKey> unwrap(const Stanza& stanza, const Passphrase& passphrase) {
  if (stanza.arguments.size() != 3) refuse_header("the passphrase's line has a wrong number of words");
  const auto salt = unpadded_base64_decoded(stanza.arguments[1]);
  if (!salt || salt->size() != salt_size) refuse_header("the passphrase's salt is not as it should be");
  check_size(stanza.body);
  const int work_factor = read_work_factor(stanza.arguments[2]);
  return open(stanza.body, scrypt(passphrase.words.text, scrypt_salt(*salt), work_factor));
}

bool is_for_passphrase(const Stanza& stanza) {
  return stanza.kind() == scrypt_kind;
}

}  // namespace belay::crypto
