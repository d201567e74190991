#pragma once
// [DIR|FILE] [SERVICE…]: how commands for one Compose project take their words.

#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace belay::cli {

// A place has a "/", is "." or "..", or ends like a Compose file; every other word is a service. Under a face that is
// about one project all of them are. Where there is no project here, the first may be a project's folder.
bool is_place(const Invocation& in, const std::string& word);

struct PlaceAndServices {
  std::optional<std::string> place;
  std::vector<std::string> services;
};
PlaceAndServices place_and_services(const Invocation& in, const std::vector<std::string>& words);

}  // namespace belay::cli
