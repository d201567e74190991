#include "plan/addresses.h"

#include <algorithm>

namespace belay::plan {

std::optional<std::string> shared_address(const Service& one, const Service& other) {
  for (const auto& link : one.networks)
    for (const auto& its : other.networks) {
      if (link.network != its.network) continue;
      if (!link.ipv4.empty() && link.ipv4 == its.ipv4) return link.ipv4;
      if (!link.ipv6.empty() && link.ipv6 == its.ipv6) return link.ipv6;
    }
  if (!one.mac_address.empty() && one.mac_address == other.mac_address) return one.mac_address;
  return {};
}

bool have_an_address_in_common(const Spec& one, const Spec& other) {
  return std::any_of(one.services.begin(), one.services.end(), [&](const Service& mine) {
    return std::any_of(other.services.begin(), other.services.end(),
                       [&](const Service& its) { return shared_address(mine, its).has_value(); });
  });
}

}  // namespace belay::plan
