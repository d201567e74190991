#pragma once
// Encrypted files in the age v1 format (age-encryption.org/v1), which the standard `age` program opens and makes as
// well: for holders of native keys (age1…), of OpenSSH's ed25519 keys, or of a passphrase. Memory does not grow with
// the file.
//
//   AgeWriter writer({parse_recipient("age1…")}, sink);        AgeReader reader(source, {.identities = …});
//   writer.write(bytes);                                       while (const size_t size = reader.read(room)) …
//   writer.finish();

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "crypto/secret.h"

namespace belay::crypto {

// Whom a file is encrypted for: a public key.
struct Recipient {
  // "age1…", or "ssh-ed25519 AAAA…" without its comment.
  std::string text;
  // Its point on Curve25519.
  std::array<unsigned char, 32> point{};
  // The key as SSH's protocol writes it; empty for a native key.
  std::string ssh_key;
};

// Who can open a file: a private key, and the public one that belongs to it.
struct Identity {
  Secret<32> scalar;
  Recipient recipient;
};

struct Passphrase {
  // age's own measure for new files: about a second, and 256 MiB of memory. Each step more doubles both.
  static constexpr int usual_work_factor = 18;

  explicit Passphrase(std::string words_, int work_factor_ = usual_work_factor)
      : words(std::move(words_)), work_factor(work_factor_) {}

  SecretText words;
  int work_factor;  // for writing, 1 to 22; a file that is read brings its own
};

// Throws Error, with a hint that names what is supported, for anything but a key of these two kinds.
Recipient parse_recipient(std::string_view text);
// A key a line; empty lines and lines that begin with # do not count. Throws ConfigError, also when there is none.
std::vector<Recipient> read_recipients(std::string_view text, const std::string& file);
// What age-keygen writes (one or more keys, comments), or the private key file of an ed25519 key as ssh-keygen writes
// it without a passphrase. Throws ConfigError; its text never quotes a key.
std::vector<Identity> read_identities(std::string_view text, const std::string& file);

// Whether a file with these first bytes is an age file, armored or not. 64 bytes are enough.
bool looks_encrypted(std::string_view first_bytes);

// Encrypts what is written. Without finish() the file ends in a way that every reader refuses as cut off. One thread at
// a time.
class AgeWriter {
 public:
  // Writes the header at once. Throws Error when `recipients` is empty or more than a thousand.
  AgeWriter(const std::vector<Recipient>& recipients, Sink out);
  // Throws Error for an empty passphrase.
  AgeWriter(const Passphrase& passphrase, Sink out);
  AgeWriter(AgeWriter&&) noexcept;
  AgeWriter& operator=(AgeWriter&&) noexcept;
  ~AgeWriter();

  void write(std::string_view bytes);
  // Nothing may be written afterwards.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct AgeKeys {
  std::vector<Identity> identities = {};
  // Asked once, and only for a file that needs a passphrase.
  std::function<Passphrase()> passphrase = {};
};

// Decrypts, and gives no byte that it has not authenticated. What came before an error is genuine, but only the end (0)
// says that it was all. One thread at a time.
class AgeReader {
 public:
  // Reads the header: throws Error when this is no age file or of a newer version, when it is damaged or cut off, and
  // when no key fits.
  AgeReader(Source encrypted, const AgeKeys& keys);
  AgeReader(AgeReader&&) noexcept;
  AgeReader& operator=(AgeReader&&) noexcept;
  ~AgeReader();

  // As a Source: the next bytes, 0 at the end. Throws Error when the file is damaged, cut off, or goes on behind its
  // end; and again at each further call.
  std::size_t read(std::span<char> room);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace belay::crypto
