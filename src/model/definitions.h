#pragma once
// Networks and volumes as a spec defines them, and as they are asked for from the engine. Absent (nullopt, empty)
// always means "as the engine has it".

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace belay {

// A range of addresses of a network.
struct AddressPool {
  std::string subnet, gateway, ip_range{};             // "10.5.0.0/16", "10.5.0.1", "10.5.1.0/24"
  std::map<std::string, std::string> aux_addresses{};  // host → address that no container gets
  auto operator<=>(const AddressPool&) const = default;
};

struct NetworkDefinition {
  bool external = false;  // it must be there already; nothing else is said of it then
  std::string driver{};
  std::map<std::string, std::string> options{};  // of the driver
  std::map<std::string, std::string> labels{};
  bool internal = false;  // nothing leads in or out of it
  bool attachable = false;
  std::optional<bool> enable_ipv4{}, enable_ipv6{};
  std::string ipam_driver{};
  std::map<std::string, std::string> ipam_options{};
  std::vector<AddressPool> pools{};
  bool operator==(const NetworkDefinition&) const = default;
};

struct VolumeDefinition {
  bool external = false;                         // it must be there already; nothing else is said of it then
  std::string driver{};                          // empty: local
  std::map<std::string, std::string> options{};  // of the driver: {"type", "nfs"}, …
  std::map<std::string, std::string> labels{};
  bool operator==(const VolumeDefinition&) const = default;
};

// What the engine is asked to make. `labels` are Belay's own, beside those of the definition.
struct NetworkRequest {
  std::string name;
  std::map<std::string, std::string> labels{};
  NetworkDefinition definition{};
};
struct VolumeRequest {
  std::string name;
  std::map<std::string, std::string> labels{};
  VolumeDefinition definition{};
};
// Both kinds of labels; Belay's own win.
std::map<std::string, std::string> all_labels(const NetworkRequest& request);
std::map<std::string, std::string> all_labels(const VolumeRequest& request);

// A network's definition as JSON, without `labels` and `external`: it goes with the network as a label, for the engine
// shows more than what was asked for.
std::string definition_text(const NetworkDefinition& definition);
// nullopt where the text is none.
std::optional<NetworkDefinition> definition_of(const std::string& text);

}  // namespace belay
