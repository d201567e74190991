#include "base/identity.h"

#include <array>
#include <cerrno>
#include <sys/random.h>

#include "base/errors.h"

namespace belay {

std::string new_identity() {
  std::array<unsigned char, 16> bytes{};
  // So few bytes come whole or not at all.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw system_error("reading random bytes", errno);
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

}  // namespace belay
