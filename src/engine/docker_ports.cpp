#include "engine/docker_ports.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fstream>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sstream>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "engine/docker_engine.h"

namespace belay::engine {

namespace {

std::optional<std::uint32_t> ipv4_of(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return {};
  return ntohl(address.s_addr);
}

std::vector<OwnNetwork> own_networks() {
  std::vector<OwnNetwork> networks;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return networks;
  const auto number = [](const sockaddr* address) {
    sockaddr_in v4{};
    std::copy_n(reinterpret_cast<const char*>(address), sizeof v4, reinterpret_cast<char*>(&v4));
    return ntohl(v4.sin_addr.s_addr);
  };
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next)
    if (each->ifa_addr != nullptr && each->ifa_netmask != nullptr && each->ifa_addr->sa_family == AF_INET &&
        (each->ifa_flags & IFF_LOOPBACK) == 0)
      networks.push_back({number(each->ifa_addr), number(each->ifa_netmask)});
  freeifaddrs(first);
  return networks;
}

// The kernel writes addresses as hexadecimal numbers in the machine's byte order.
std::string default_router() {
  std::ifstream routes("/proc/net/route");
  std::string line;
  while (std::getline(routes, line)) {
    std::istringstream fields(line);
    std::string interface, destination, gateway;
    fields >> interface >> destination >> gateway;
    if (destination != "00000000" || gateway.size() != 8) continue;
    in_addr address{};
    address.s_addr = static_cast<in_addr_t>(std::stoul(gateway, nullptr, 16));
    char text[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, &address, text, sizeof text) != nullptr) return text;
  }
  return {};
}

std::string own_host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::optional<net::TcpAddress> own_address(const ContainerDetail& container, const std::vector<std::string>& foreign,
                                           std::uint16_t port, const Here& here) {
  if (!here.shares_networks) return {};
  for (const auto& [network, address] : container.network_addresses) {
    const auto number = ipv4_of(address);
    if (!number || std::find(foreign.begin(), foreign.end(), network) != foreign.end()) continue;
    const bool is_near = std::any_of(here.networks.begin(), here.networks.end(), [&](const OwnNetwork& own) {
      return own.mask != 0 && (own.address & own.mask) == (*number & own.mask);
    });
    if (is_near) return net::TcpAddress{address, port};
  }
  return {};
}

bool is_any_address(const std::string& ip) {
  return ip.empty() || ip == "0.0.0.0" || ip == "::";
}
bool is_loopback(const std::string& ip) {
  return ip.starts_with("127.") || ip == "::1";
}

// Where the engine's host takes what goes to one of its own addresses; empty: nothing of this process gets there.
std::string host_at(const std::string& ip, const Here& here) {
  if (!is_any_address(ip) && !is_loopback(ip)) return ip;
  if (here.is_same_host) return is_any_address(ip) ? "127.0.0.1" : ip;
  return is_loopback(ip) ? std::string() : here.host;
}

}  // namespace

OwnNetwork own_network(const std::string& text) {
  const size_t slash = text.find('/');
  const auto address = ipv4_of(text.substr(0, slash));
  const auto length = slash == std::string::npos ? 0 : parse_number(text.substr(slash + 1)).value_or(0);
  if (!address || length < 1 || length > 32)
    throw Error(ErrorCode::bad_value, format("'{}' is no network", printable(text)));
  return {*address, ~std::uint32_t{0} << (32 - length)};
}

Here here(const std::string& remote, const std::string& engine_name, bool is_rootless) {
  if (!remote.empty()) return {false, false, remote, {}};
  // Docker Desktop keeps its engine in a virtual machine, and forwards what is published.
  if (engine_name == own_host_name() || engine_name == "docker-desktop")
    return {true, !is_rootless && engine_name != "docker-desktop", {}, own_networks()};
  std::error_code ignored;
  const bool in_container = fs::exists("/.dockerenv", ignored) || fs::exists("/run/.containerenv", ignored);
  if (!in_container) return {false, false, {}, {}};
  return {false, !is_rootless, default_router(), own_networks()};
}

std::optional<net::TcpAddress> way_to(const ContainerDetail& container, const std::vector<std::string>& foreign,
                                      std::uint16_t port, const Here& here) {
  if (container.container.network_mode == "host") {
    const std::string host = host_at("", here);
    return host.empty() ? std::nullopt : std::optional(net::TcpAddress{host, port});
  }
  if (auto address = own_address(container, foreign, port, here)) return address;
  for (const auto& binding : container.container.ports) {
    if (binding.container_port != port || binding.protocol != "tcp" || !binding.host_port) continue;
    if (const std::string host = host_at(binding.host_ip, here); !host.empty())
      return net::TcpAddress{host, *binding.host_port};
  }
  return {};
}

Reached DockerEngine::reach_port(const std::string& name, std::uint16_t port, Ticks deadline, std::stop_token stop) {
  auto detail = container(name, stop);
  // Whose network it shares has the port.
  constexpr std::string_view shared = "container:";
  for (int i = 0; detail && i < 8 && detail->container.network_mode.starts_with(shared); ++i)
    detail = container(detail->container.network_mode.substr(shared.size()), stop);
  if (!detail) throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  if (detail->container.state != ContainerState::running)
    throw Conflict(ErrorCode::not_running, format("the container {} does not run", name));
  std::vector<std::string> foreign;
  for (const auto& network : networks(stop))
    if (network.driver == "macvlan" || network.driver == "ipvlan" || network.driver == "overlay")
      foreign.push_back(network.name);
  const Endpoint& endpoint = connection_.endpoint();
  const bool is_remote = endpoint.socket.empty() && !is_loopback(endpoint.host) && endpoint.host != "localhost";
  const Here place =
      here(is_remote ? endpoint.host : std::string(), defaults(stop).host_name, registry_ways(stop).rootless);
  const auto way = way_to(*detail, foreign, port, place);
  if (!way)
    throw Error(ErrorCode::check_impossible, format("no way leads from here to port {} of {}", port, name),
                "Publish the port, or use a check that runs a command in the container.");
  return {way->text(), net::connect_tcp(*way, deadline, stop)};
}

}  // namespace belay::engine
