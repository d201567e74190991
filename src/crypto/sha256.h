#pragma once
// SHA-256 (FIPS 180-4), for checksums of files and of what leaves this machine.

#include <memory>
#include <string>
#include <string_view>

namespace belay::crypto {

// One digest over bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void add(std::string_view bytes);
  // The digest of all that was added, as 64 lower-case hexadecimal digits; begins anew afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);

}  // namespace belay::crypto
