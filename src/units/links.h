#pragma once
// Links to containers that are not on this host.

#include <map>
#include <string>
#include <vector>

#include "change/context.h"
#include "document/node.h"
#include "model/declaration.h"

namespace belay::units {

// Where a container is looked for that is not here.
struct OtherHosts {
  std::map<std::string, std::string> addresses;  // by the container's name
  std::vector<std::string> resolver;             // prints the address of the name that it gets as its last word
  bool empty() const { return addresses.empty() && resolver.empty(); }
};
// Of the variables of a unit: `links`: {hosts: {NAME: ADDRESS}, resolver: COMMAND}. Throws ConfigError.
OtherHosts other_hosts(const document::Node& values);

// A link to a container that is neither of the app nor on this host becomes entries of /etc/hosts, for its name and its
// alias. A note says so. Without a word about other hosts, links stay as they are. Throws NotFound where nobody knows
// the container.
void resolve_links(change::Context& context, Declaration& unit, const OtherHosts& hosts, std::stop_token stop);

}  // namespace belay::units
