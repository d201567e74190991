#include "formats/ports.h"

#include <arpa/inet.h>

#include "base/format.h"
#include "base/text.h"
#include "formats/comma_settings.h"

namespace belay::formats {

namespace {

struct PortRange {
  std::uint16_t first = 0, last = 0;
  int count() const { return last - first + 1; }
};

// `whole` is what an error shows.
std::uint16_t port_number(std::string_view text, std::uint16_t lowest, std::string_view whole) {
  const auto number = parse_number(text);
  if (!number || *number < lowest || *number > 65535)
    throw Error(ErrorCode::bad_value, format("'{}' is not a port", printable(text.empty() ? whole : text)),
                "Ports are the numbers from 1 to 65535.");
  return static_cast<std::uint16_t>(*number);
}

PortRange port_range(std::string_view text, std::uint16_t lowest) {
  const size_t dash = text.find('-');
  PortRange range;
  range.first = port_number(text.substr(0, dash), lowest, text);
  range.last = dash == std::string_view::npos ? range.first : port_number(text.substr(dash + 1), lowest, text);
  if (range.last < range.first)
    throw Error(ErrorCode::bad_value, format("the port range {} ends before it begins", text));
  if (range.first == 0 && range.last > 0)
    throw Error(ErrorCode::bad_value, format("the port range {} begins with 0", text));
  return range;
}

// Cuts "/udp" off; tcp where there is none.
std::string take_protocol(std::string_view& text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return "tcp";
  const std::string protocol = lower(text.substr(slash + 1));
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
    throw Error(ErrorCode::bad_value, format("'{}' is not a protocol", printable(text.substr(slash + 1))),
                "The container's port may be followed by /tcp, /udp or /sctp.");
  text = text.substr(0, slash);
  return protocol;
}

struct Published {
  std::string_view address, host, container;
  bool has_host = false;
};

Published split_published(std::string_view text) {
  Published parts;
  const size_t last = text.rfind(':');
  if (last == std::string_view::npos) return {.address = {}, .host = {}, .container = text};
  parts.container = text.substr(last + 1);
  parts.has_host = true;
  std::string_view rest = text.substr(0, last);
  if (rest.ends_with(']'))
    throw Error(ErrorCode::bad_value, format("there is no host port after {}", printable(rest)),
                format("Write {}:HOST-PORT:{}, or {}::{} to let the engine pick one.", printable(rest),
                       printable(parts.container), printable(rest), printable(parts.container)));
  const size_t middle = rest.rfind(':');
  parts.host = middle == std::string_view::npos ? rest : rest.substr(middle + 1);
  if (middle == std::string_view::npos) {
    if (is_ip_address(rest))
      throw Error(ErrorCode::bad_value, format("there is no host port after {}", rest),
                  format("Write {}:HOST-PORT:{}, or {}::{} to let the engine pick one.", rest,
                         printable(parts.container), rest, printable(parts.container)));
    return parts;
  }
  parts.address = rest.substr(0, middle);
  if (parts.address.starts_with('[') && parts.address.ends_with(']'))
    parts.address = parts.address.substr(1, parts.address.size() - 2);
  if (!parts.address.empty() && !is_ip_address(parts.address))
    throw Error(ErrorCode::bad_value, format("'{}' is not an IP address", printable(parts.address)));
  return parts;
}

// The long form with named fields, as the short one.
std::string short_form(std::string_view text) {
  std::string published, target, protocol = "tcp";
  for (const CommaSetting& setting : comma_settings(text)) {
    const std::string value = setting.value.value_or("");
    if (setting.key == "published") {
      published = value;
    } else if (setting.key == "target") {
      target = value;
    } else if (setting.key == "protocol") {
      protocol = value;
    } else {
      throw Error(ErrorCode::bad_value, format("unknown field '{}'", printable(setting.key)),
                  did_you_mean(setting.key, {"published", "target", "protocol"}));
    }
  }
  return format("{}:{}/{}", published, target, protocol);
}

}  // namespace

bool is_ip_address(std::string_view text, IpFamily family) {
  const std::string address(text);
  unsigned char bytes[16];
  return address.find('\0') == std::string::npos &&
         ((family != IpFamily::v6 && inet_pton(AF_INET, address.c_str(), bytes) == 1) ||
          (family != IpFamily::v4 && inet_pton(AF_INET6, address.c_str(), bytes) == 1));
}

std::vector<PortBinding> container_ports(std::string_view text) {
  const std::string protocol = take_protocol(text);
  const PortRange range = port_range(text, 1);
  std::vector<PortBinding> ports;
  for (int i = 0; i < range.count(); ++i) {
    PortBinding port;
    port.container_port = static_cast<std::uint16_t>(range.first + i);
    port.protocol = protocol;
    ports.push_back(std::move(port));
  }
  return ports;
}

std::vector<std::string> parse_expose(std::string_view text) {
  std::vector<std::string> exposed;
  for (const PortBinding& port : container_ports(text))
    exposed.push_back(format("{}/{}", port.container_port, port.protocol));
  return exposed;
}

std::vector<PortBinding> parse_publish(std::string_view text) {
  if (text.find('=') != std::string_view::npos) return parse_publish(short_form(text));
  const Published parts = split_published(text);
  if (parts.has_host && parts.container.empty())
    throw Error(ErrorCode::bad_value, format("there is no container port after the ':' of '{}'", printable(text)));
  std::vector<PortBinding> ports = container_ports(parts.container);
  for (PortBinding& port : ports) port.host_ip = parts.address;
  if (parts.host.empty()) return ports;
  if (parts.host.find('/') != std::string_view::npos)
    throw Error(ErrorCode::bad_value, format("'{}' is not a port", printable(parts.host)),
                "The protocol follows the container's port: 53:53/udp.");

  const PortRange host = port_range(parts.host, 0);
  if (host.first == 0) return ports;
  // Docker would pick any free port of the range; which one a container has must not change from release to release.
  if (ports.size() == 1 && host.count() > 1)
    throw Error(ErrorCode::bad_value,
                format("the host ports {} are {} for one container port", parts.host, host.count()),
                "Name the one host port to use.");
  if (static_cast<size_t>(host.count()) != ports.size())
    throw Error(ErrorCode::bad_value, format("the host ports {} are {}, the container ports {} are {}", parts.host,
                                             host.count(), parts.container, ports.size()));
  for (size_t i = 0; i < ports.size(); ++i) ports[i].host_port = static_cast<std::uint16_t>(host.first + i);
  return ports;
}

}  // namespace belay::formats
