// Whatever the bytes are: an Error, or content that can be sealed and opened again. Tried as a file, as the payload of
// a file whose header is right, and as files of keys.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/errors.h"
#include "crypto/age.h"

namespace {

using namespace belay;
using namespace belay::crypto;

// That of tests/crypto/data/native.key.
constexpr const char* secret_key = "AGE-SECRET-KEY-1WSQ4UH6XX86PPY7U0JR9NNX8S3X8LN9EUHR5LKV66T2MRYMC7LWQ3QZTJ4";

Source source(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}](std::span<char> room) mutable {
    const std::size_t size = std::min({room.size(), std::size_t{1000}, bytes.size() - at});
    std::copy_n(bytes.data() + at, size, room.data());
    at += size;
    return size;
  };
}

std::string opened(const std::string& file, const AgeKeys& keys) {
  AgeReader reader(source(file), keys);
  std::string content;
  std::vector<char> room(4096);
  while (const std::size_t size = reader.read(room)) content.append(room.data(), size);
  return content;
}

std::string sealed(const AgeKeys& keys, const std::string& content) {
  std::string file;
  AgeWriter writer({keys.identities.front().recipient}, [&](std::string_view bytes) { file += bytes; });
  writer.write(content);
  writer.finish();
  return file;
}

template <class Work>
void expect_an_error_at_most(const Work& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const AgeKeys keys = {read_identities(secret_key, "key"), {}};
  expect_an_error_at_most([&] { opened(text, keys); });
  const std::string file = sealed(keys, text);
  if (opened(file, keys) != text) std::abort();
  // A tag of 16 bytes cannot be guessed.
  const std::string header = file.substr(0, file.size() - text.size() - 16);
  try {
    opened(header + text, keys);
    std::abort();
  } catch (const Error&) {
  }
  expect_an_error_at_most([&] { read_recipients(text, "fuzz"); });
  expect_an_error_at_most([&] { read_identities(text, "fuzz"); });
  return 0;
}
