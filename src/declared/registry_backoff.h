#pragma once
// Registries that asked for fewer requests, and references under which they gave something else than they had promised:
// they are left alone for a while, whoever of the apps wants to ask next. Thread-safe.

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/guarded.h"

namespace belay::declared {

class RegistryBackoff {
 public:
  // Throws Error with the reason where `whom` (a registry, a reference, a kind of question) is to be left alone at
  // `now`.
  void check(const std::string& whom, Ticks now) const;
  // `why` begins the reason, which ends with how long that is.
  void back_off(const std::string& whom, Milliseconds time, const std::string& why, Ticks now,
                ErrorCode code = ErrorCode::registry_failed);
  // Leaves the registry alone where its status says that it wants fewer requests: as long as it says, else some
  // minutes.
  void note_status(const std::string& registry, int status, const std::string& why, Ticks now,
                   std::optional<Milliseconds> retry_after = {});

 private:
  struct Rest {
    Ticks until;
    ErrorCode code;
    std::string reason;
  };
  Guarded<std::map<std::string, Rest>> rests_;
};

// Where nobody says how long.
inline constexpr Milliseconds usual_rest{600'000};

}  // namespace belay::declared
