#include "formats/networks.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/comma_settings.h"
#include "formats/ports.h"
#include "model/unkept.h"

namespace belay::formats {

namespace {

bool is_mode(std::string_view network) {
  return network == "host" || network == "none" || network.starts_with("container:");
}

bool is_network_name(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && plain(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

std::string checked_name(std::string name) {
  if (name == "default") name = "bridge";
  if (name == "container:") throw Error(ErrorCode::bad_value, "there is no container's name after 'container:'");
  if (!is_network_name(name) && !name.starts_with("container:"))
    throw Error(ErrorCode::bad_value, format("'{}' is not a valid name of a network", printable(name)));
  return name;
}

bool has_extras(const NetworkLink& link) {
  return !link.aliases.empty() || !link.ipv4.empty() || !link.ipv6.empty();
}

}  // namespace

NetworkWish parse_network(std::string_view text) {
  NetworkWish wish;
  if (text.find('=') == std::string_view::npos) {
    wish.link.network = checked_name(std::string(text));
    return wish;
  }
  for (const CommaSetting& setting : comma_settings(text)) {
    const std::string value = setting.value.value_or("");
    if (value.empty()) throw Error(ErrorCode::bad_value, format("{} needs a value", printable(setting.key)));
    if (setting.key == "name") {
      wish.link.network = checked_name(value);
    } else if (setting.key == "alias") {
      wish.link.aliases.push_back(value);
    } else if (setting.key == "ip") {
      if (!is_ip_address(value, IpFamily::v4))
        throw Error(ErrorCode::bad_value, format("'{}' is not an IPv4 address", printable(value)));
      wish.link.ipv4 = value;
    } else if (setting.key == "ip6") {
      if (!is_ip_address(value, IpFamily::v6))
        throw Error(ErrorCode::bad_value, format("'{}' is not an IPv6 address", printable(value)));
      wish.link.ipv6 = value;
    } else if (setting.key == "mac-address") {
      wish.mac_address = value;
    } else if (is_unkept("network", setting.key)) {
      throw Error(ErrorCode::bad_value, format("Belay does not keep the setting {} of a network", setting.key));
    } else {
      throw Error(ErrorCode::bad_value, format("unknown setting '{}' of a network", printable(setting.key)),
                  did_you_mean(setting.key, {"name", "alias", "ip", "ip6", "mac-address"}));
    }
  }
  if (wish.link.network.empty())
    throw Error(ErrorCode::bad_value, "the network has no name", "Write name=NETWORK,alias=….");
  return wish;
}

void join_networks(Service& service, std::vector<NetworkLink> links) {
  for (size_t i = 0; i < links.size(); ++i) {
    links[i].network = checked_name(std::move(links[i].network));
    for (size_t j = 0; j < i; ++j)
      if (links[j].network == links[i].network)
        throw Error(ErrorCode::bad_value, format("the network {} is named twice", links[i].network));
  }
  for (const NetworkLink& link : links) {
    if (!is_mode(link.network)) continue;
    if (links.size() > 1)
      throw Error(ErrorCode::bad_value, format("the network '{}' excludes every other", link.network),
                  "Name it alone, or leave it out.");
    if (has_extras(link))
      throw Error(ErrorCode::bad_value, format("the network '{}' takes no alias and no address", link.network));
    service.network_mode = link.network;
    return;
  }
  for (const NetworkLink& link : links)
    if (link.network == "bridge" && has_extras(link))
      throw Error(ErrorCode::bad_value, "the default bridge takes no alias and no fixed address",
                  "They need a network of your own.");
  if (links.size() == 1 && links[0].network == "bridge") return;
  service.networks = std::move(links);
}

}  // namespace belay::formats
