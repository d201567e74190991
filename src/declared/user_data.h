#pragma once
// EC2 user-data: what the instance metadata service of a cloud says about this host.

#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"

namespace belay::declared {

struct UserDataSource {
  std::string address = "http://169.254.169.254";
  // The token's part, and all together.
  Milliseconds token_deadline{1'000}, deadline{5'000};
};

// The user-data of this instance; nullopt where the service says that there is none. Asks by version 2 of the service,
// with its token, and by version 1 where there are no tokens or where they do not get through to a container.
// Throws Error whenever it cannot tell (no service, a failure of it, an answer that makes no sense), Cancelled on stop.
std::optional<std::string> read_user_data(const UserDataSource& source, std::stop_token stop);

}  // namespace belay::declared
