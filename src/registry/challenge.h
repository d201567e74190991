#pragma once
// What a registry wants to see before it answers: the WWW-Authenticate header, read.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace belay::registry {

struct Challenge {
  std::string scheme;                             // lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  // names in lower case: realm, service, scope

  std::string parameter(const std::string& name) const;
};

// The challenges of one header's value; what is no challenge is left out.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace belay::registry
