#pragma once
// The user and the group that a service's containers run as, known by name on this host.

#include <stop_token>
#include <string>

#include "base/files.h"

namespace belay::service_image {

struct HostUser {
  bool exists = false;
  bool made_by_belay = false;
  std::string trouble;  // why it is not, or cannot be, as the convention has it; empty: nothing
};

// `marks`: a folder of the state in which it is noted that Belay made them.
HostUser host_user(const fs::path& marks);
// Makes what is missing. Not root, or a host without the programs for it: says so and changes nothing.
HostUser make_host_user(const fs::path& marks, std::stop_token stop);
// Removes what Belay made.
void remove_host_user(const fs::path& marks, std::stop_token stop);

}  // namespace belay::service_image
