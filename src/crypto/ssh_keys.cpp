#include "crypto/ssh_keys.h"

#include <cstdint>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/edwards.h"
#include "crypto/encoding.h"

namespace belay::crypto {
namespace {

constexpr std::string_view key_type = "ssh-ed25519";
constexpr std::string_view begin_mark = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view end_mark = "-----END OPENSSH PRIVATE KEY-----";

// What comes behind each other in SSH's binary form: numbers of 32 bits, and texts with their length in front.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  // These just say false, or give "", once there is too little.
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (const char c : take(4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view text() { return take(number()); }
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      complete_ = false;
      size = 0;
      rest_ = {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest() const { return rest_; }
  bool complete() const { return complete_; }

 private:
  std::string_view rest_;
  bool complete_ = true;
};

std::string length_and(std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 255);
  return bytes + std::string(text);
}

Recipient recipient_of(const Point& ed25519) {
  const auto point = montgomery_point(ed25519);
  if (!point) throw Error(ErrorCode::bad_key, "this SSH key is damaged: its number is not a point of the curve");
  Recipient recipient;
  recipient.ssh_key = length_and(key_type) + length_and(view(ed25519));
  recipient.text = std::string(key_type) + ' ' + base64(recipient.ssh_key);
  recipient.point = *point;
  return recipient;
}

[[noreturn]] void refuse_file() {
  throw Error(ErrorCode::bad_key, "this file of an SSH private key is damaged");
}

// The bytes between the marks.
SecretText unwrapped(std::string_view text) {
  text = trim(text);
  if (!text.starts_with(begin_mark))
    throw Error(ErrorCode::bad_key, "this is not a private key in OpenSSH's format",
                "Of SSH's keys Belay opens files with those of type ed25519: ssh-keygen -t ed25519.");
  if (!text.ends_with(end_mark) || text.size() < begin_mark.size() + end_mark.size()) refuse_file();
  text.remove_prefix(begin_mark.size());
  text.remove_suffix(end_mark.size());
  SecretText letters;
  letters.text.reserve(text.size());
  for (const char c : text)
    if (!is_space(c)) letters.text += c;
  auto bytes = padded_base64_decoded(letters.text);
  if (!bytes) refuse_file();
  return SecretText(std::move(*bytes));
}

// The part that a passphrase would protect; gives the key's seed.
Key read_private_part(std::string_view part, const Point& expected) {
  Fields fields(part);
  const std::uint32_t first = fields.number();
  const std::uint32_t second = fields.number();
  if (first != second || fields.text() != key_type) refuse_file();
  const std::string_view public_key = fields.text();
  const std::string_view private_key = fields.text();
  fields.text();  // the comment
  if (!fields.complete() || private_key.size() != 64) refuse_file();
  // Filled up with 1, 2, 3, … to a multiple of 8.
  unsigned char padding = 0;
  for (const char c : fields.rest())
    if (static_cast<unsigned char>(c) != ++padding) refuse_file();
  Key seed;
  seed.bytes = array_of<32>(private_key.substr(0, 32)).value();
  if (ed25519_public(seed) != expected || public_key != view(expected) || private_key.substr(32) != view(expected))
    refuse_file();
  return seed;
}

}  // namespace

Recipient ssh_recipient(std::string_view line) {
  const std::vector<std::string> words = split(trim(line), ' ');
  if (words.front() != key_type)
    throw Error(ErrorCode::unsupported,
                format("an SSH key of type '{}' cannot be used", printable(words.front().substr(0, 60))),
                "Belay encrypts for age's own keys (age1…) and for SSH keys of type ssh-ed25519.");
  const auto bytes = words.size() > 1 ? padded_base64_decoded(words[1]) : std::nullopt;
  if (!bytes) throw Error(ErrorCode::bad_key, "this SSH key is damaged: it is not written as it should be");
  Fields fields(*bytes);
  const std::string_view type = fields.text();
  const auto point = array_of<32>(fields.text());
  if (!fields.complete() || type != key_type || !point || !fields.rest().empty())
    throw Error(ErrorCode::bad_key, "this SSH key is damaged: it does not hold what its type says");
  return recipient_of(*point);
}

Identity ssh_identity(std::string_view text) {
  const SecretText file = unwrapped(text);
  Fields fields(file.text);
  if (fields.take(15) != std::string_view("openssh-key-v1\0", 15)) refuse_file();
  const std::string_view cipher = fields.text();
  const std::string_view derivation = fields.text();
  const std::string_view derivation_options = fields.text();
  const std::uint32_t keys = fields.number();
  const std::string_view public_key = fields.text();
  const std::string_view private_part = fields.text();
  if (!fields.complete() || !fields.rest().empty() || keys != 1) refuse_file();
  Fields public_fields(public_key);
  const std::string_view type = public_fields.text();
  if (type != key_type)
    throw Error(ErrorCode::unsupported, format("an SSH key of type '{}' cannot be used", printable(type.substr(0, 60))),
                "Belay opens files with age's own keys and with SSH keys of type ssh-ed25519.");
  if (cipher != "none")
    throw Error(ErrorCode::bad_key, "this SSH private key is protected with a passphrase, which Belay does not ask for",
                "Make a copy of it without one and keep that safe: ssh-keygen -p -N '' -f COPY");
  if (derivation != "none" || !derivation_options.empty()) refuse_file();
  const auto point = array_of<32>(public_fields.text());
  if (!public_fields.complete() || !point || !public_fields.rest().empty()) refuse_file();
  Identity identity;
  identity.recipient = recipient_of(*point);
  identity.scalar = montgomery_scalar(read_private_part(private_part, *point));
  return identity;
}

}  // namespace belay::crypto
