#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/age.h"
#include "crypto/encoding.h"
#include "crypto/primitives.h"
#include "crypto/ssh_keys.h"

namespace belay::crypto {
namespace {

constexpr std::string_view public_prefix = "age";
constexpr std::string_view secret_prefix = "AGE-SECRET-KEY-";
constexpr std::string_view plugin_prefix = "AGE-PLUGIN-";

constexpr std::string_view known_recipients =
    "Belay encrypts for age's own keys (age1…, made by age-keygen) and for SSH keys of type ssh-ed25519.";
constexpr std::string_view known_identities =
    "An identity file holds AGE-SECRET-KEY-1… as age-keygen writes it, or is an SSH private key of type ed25519.";

bool is_secret(std::string_view text) {
  return text.starts_with(secret_prefix) || text.starts_with(plugin_prefix) || text.starts_with("-----BEGIN ");
}

bool begins_like_ssh(std::string_view text) {
  return text.starts_with("ssh-") || text.starts_with("ecdsa-") || text.starts_with("sk-");
}

Recipient native_recipient(std::string_view text) {
  // A prefix of its own, as in "age1yubikey1…", says what else is needed to understand the rest.
  if (const std::size_t separator = text.rfind('1'); separator > public_prefix.size())
    throw Error(ErrorCode::unsupported,
                format("keys of the kind '{}1…' cannot be used", printable(text.substr(0, std::min(separator, 40UL)))),
                std::string(known_recipients));
  const auto decoded = bech32_decoded(text);
  const auto point = decoded && decoded->prefix == public_prefix ? array_of<32>(decoded->bytes) : std::nullopt;
  if (!point) throw Error(ErrorCode::bad_key, "this age key is mistyped or cut off: its checksum is wrong");
  return {std::string(text), *point, {}};
}

Identity native_identity(std::string_view text) {
  auto decoded = bech32_decoded(text);
  if (!decoded) throw Error(ErrorCode::bad_key, "this secret key is mistyped or cut off: its checksum is wrong");
  const SecretText bytes(std::move(decoded->bytes));
  const auto scalar = decoded->prefix == secret_prefix ? array_of<32>(bytes.text) : std::nullopt;
  if (!scalar)
    throw Error(ErrorCode::unsupported, "a secret key of this kind cannot be used", std::string(known_identities));
  Identity identity;
  identity.scalar.bytes = *scalar;
  identity.recipient.point = public_point(identity.scalar);
  identity.recipient.text = bech32(public_prefix, view(identity.recipient.point));
  return identity;
}

Identity parse_identity(std::string_view text) {
  if (text.starts_with(secret_prefix)) return native_identity(text);
  if (text.starts_with(plugin_prefix))
    throw Error(ErrorCode::unsupported, "identities of age's plugins cannot be used", std::string(known_identities));
  if (text.starts_with("age1") || begins_like_ssh(text))
    throw Error(ErrorCode::bad_key, "this is a public key; only the private one opens files",
                std::string(known_identities));
  throw Error(ErrorCode::bad_key, "this line is not a secret key", std::string(known_identities));
}

// What `parse` makes of each line of the text that is neither empty nor a comment. Its errors get their place.
template <class Parse>
auto each_line(std::string_view text, const std::string& file, const Parse& parse) {
  std::vector<decltype(parse(text))> results;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view words = trim(line);
    if (words.empty() || words.front() == '#') continue;
    try {
      results.push_back(parse(words));
    } catch (const Error& error) {
      throw ConfigError({file, number, static_cast<int>(words.data() - line.data()) + 1}, error.what(), error.hint());
    }
  }
  return results;
}

}  // namespace

Recipient parse_recipient(std::string_view written) {
  const std::string_view text = trim(written);
  if (is_secret(text))
    throw Error(
        ErrorCode::bad_key, "this is a private key; files are encrypted for the public one",
        "age-keygen -y FILE prints the public key of a native one; SSH's stands in the file that ends in .pub.");
  if (text.starts_with("age1")) return native_recipient(text);
  if (begins_like_ssh(text)) return ssh_recipient(text);
  throw Error(ErrorCode::bad_key, format("'{}' is not a public key", printable(text.substr(0, 40))),
              std::string(known_recipients));
}

std::vector<Recipient> read_recipients(std::string_view text, const std::string& file) {
  auto recipients = each_line(text, file, parse_recipient);
  if (recipients.empty())
    throw ConfigError({file}, "there is no public key in this file", std::string(known_recipients));
  return recipients;
}

std::vector<Identity> read_identities(std::string_view text, const std::string& file) {
  if (looks_encrypted(text))
    throw ConfigError({file}, "this identity file is itself encrypted", "Decrypt it first: age -d FILE");
  if (const std::size_t mark = text.find("-----BEGIN "); mark != text.npos && trim(text.substr(0, mark)).empty()) {
    try {
      return {ssh_identity(text)};
    } catch (const Error& error) {
      throw ConfigError({file}, error.what(), error.hint());
    }
  }
  auto identities = each_line(text, file, parse_identity);
  if (identities.empty())
    throw ConfigError({file}, "there is no secret key in this file", std::string(known_identities));
  return identities;
}

}  // namespace belay::crypto
