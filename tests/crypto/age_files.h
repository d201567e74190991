#pragma once
// Age files in memory, and those that the standard `age` program made (data/README.md).

#include <algorithm>
#include <random>

#include "base/errors.h"
#include "base/files.h"
#include "crypto/age.h"

namespace belay::crypto::testing {

inline std::string data(const std::string& name) {
  return read_file(fs::path(TEST_DATA) / "data" / name);
}

inline std::vector<Identity> identities(const std::string& name) {
  return read_identities(data(name), name);
}
inline std::vector<Recipient> recipients(const std::string& name) {
  return read_recipients(data(name), name);
}
// A passphrase that costs no time.
inline Passphrase quick_passphrase(const std::string& words) {
  return Passphrase(words, 2);
}

// Gives at most `step` bytes a call.
inline Source source(std::string bytes, std::size_t step = 1 << 20) {
  return [bytes = std::move(bytes), step, at = std::size_t{0}](std::span<char> room) mutable {
    const std::size_t size = std::min({room.size(), step, bytes.size() - at});
    std::copy_n(bytes.data() + at, size, room.data());
    at += size;
    return size;
  };
}

// `whom`: recipients or a passphrase.
template <class Whom>
std::string encrypted(const Whom& whom, std::string_view content, std::size_t step = 1 << 20) {
  std::string file;
  AgeWriter writer(whom, [&](std::string_view bytes) { file += bytes; });
  for (; !content.empty(); content.remove_prefix(std::min(step, content.size()))) writer.write(content.substr(0, step));
  writer.finish();
  return file;
}

inline std::string decrypted(const std::string& file, const AgeKeys& keys, std::size_t step = 1 << 20) {
  AgeReader reader(source(file, step), keys);
  std::string content;
  std::vector<char> room(step);
  while (const std::size_t size = reader.read(room)) content.append(room.data(), size);
  return content;
}

inline AgeKeys key_file(const std::string& name) {
  return {identities(name), {}};
}
inline AgeKeys passphrase(const std::string& words) {
  return {{}, [words] { return Passphrase(words); }};
}

// What `work` complains about; "" when it does not.
template <class Work>
std::string complaint(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

inline std::string noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

}  // namespace belay::crypto::testing
