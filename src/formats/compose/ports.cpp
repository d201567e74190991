#include "formats/compose/ports.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Node;

constexpr std::string_view port_hint =
    "The forms are \"80\", \"8080:80\", \"127.0.0.1:8080:80\", \"[::1]:8080:80\" and \"8080-8082:80-82/udp\".";

[[noreturn]] void refuse_port(const Node& node, const std::string& why) {
  throw ConfigError(node.where(), format("the port '{}' {}", printable(node.written()), why), std::string(port_hint));
}

struct PortRange {
  long long first = 0;
  long long last = 0;
  long long length() const { return last - first + 1; }
};

PortRange range_of(const Node& node, std::string_view text, std::string_view side) {
  const size_t dash = text.find('-');
  const std::optional<long long> first = parse_number(text.substr(0, dash));
  const std::optional<long long> last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1));
  if (!first || !last || *last > 65535 || *first > *last)
    refuse_port(node, format("has '{}' for the {}'s port, which is no number from 1 to 65535 and no range of them",
                             printable(text), side));
  return {*first, *last};
}

bool is_address(const std::string& text) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 || inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

struct PortWords {
  std::string address, host, container, protocol;
};

// As often come of variables without a value, the parts between the colons may be empty: any address, a port of the
// host that the engine chooses, tcp.
PortWords words_of(const Node& node) {
  PortWords words;
  std::string_view text = trim(node.raw());
  const size_t slash = text.find('/');
  if (slash != std::string_view::npos) words.protocol = lower(text.substr(slash + 1));
  if (words.protocol.empty()) words.protocol = "tcp";
  if (words.protocol != "tcp" && words.protocol != "udp" && words.protocol != "sctp")
    refuse_port(node, format("has the protocol '{}', which is none of tcp, udp and sctp", printable(words.protocol)));
  text = text.substr(0, slash);
  const size_t colon = text.rfind(':');
  words.container = colon == std::string_view::npos ? text : text.substr(colon + 1);
  if (words.container.empty()) refuse_port(node, "names no port of the container");
  if (colon == std::string_view::npos) return words;
  text = text.substr(0, colon);
  const size_t second = text.rfind(':');
  words.host = second == std::string_view::npos ? text : text.substr(second + 1);
  if (second == std::string_view::npos) return words;
  words.address = text.substr(0, second);
  const bool in_brackets = words.address.starts_with('[') && words.address.ends_with(']');
  if (!in_brackets && words.address.find(':') != std::string::npos)
    refuse_port(node, "has an IPv6 address without brackets");
  if (in_brackets) words.address = words.address.substr(1, words.address.size() - 2);
  if (!words.address.empty() && !is_address(words.address))
    refuse_port(node, format("has '{}' for an address", printable(words.address)));
  return words;
}

void spread(Node& into, const Node& node) {
  const PortWords words = words_of(node);
  const PortRange container = range_of(node, words.container, "container");
  if (container.first == 0) refuse_port(node, "names port 0 of the container");
  const PortRange host = words.host.empty() ? PortRange{} : range_of(node, words.host, "host");
  const bool picks = container.length() == 1 && host.length() > 1;
  if (!words.host.empty() && !picks && host.length() != container.length())
    refuse_port(node, format("has {} ports of the host for {} of the container", host.length(), container.length()));
  for (long long port = container.first; port <= container.last; ++port) {
    Node entry = Node::map();
    put(entry, "mode", Node::text("ingress"), node);
    if (!words.address.empty()) put(entry, "host_ip", Node::text(words.address), node);
    put(entry, "target", Node::number(port), node);
    if (picks)
      put(entry, "published", Node::text(words.host), node);
    else if (!words.host.empty())
      put(entry, "published", Node::text(std::to_string(host.first + port - container.first)), node);
    put(entry, "protocol", Node::text(words.protocol), node);
    entry.set_where(node.where());
    into.add(std::move(entry));
  }
}

}  // namespace

void write_out_ports(Node& node, const std::string& what, Loading&) {
  if (!node.is_list()) return;
  Node list = Node::list();
  for (Node& item : node.items()) {
    if (item.mark() == Node::Mark::reset) continue;
    if (item.is_text() || item.kind() == Node::Kind::number) {
      spread(list, item);
      continue;
    }
    if (!item.is_map())
      throw ConfigError(item.where(),
                        format("an element of \"{}\" must be text, a number or a map, not {}", what, item.kind_name()));
    if (item.find("mode") == nullptr) put(item, "mode", Node::text("ingress"), item);
    if (item.find("protocol") == nullptr) put(item, "protocol", Node::text("tcp"), item);
    list.add(std::move(item));
  }
  list.set_where(node.where());
  node = std::move(list);
}

std::string port_key(const Node& port) {
  std::string key;
  for (const char* name : {"host_ip", "published", "target", "protocol"}) {
    const Node* value = port.find(name);
    key += (value == nullptr ? std::string() : value->raw()) + "|";
  }
  return key;
}

}  // namespace belay::formats::compose
