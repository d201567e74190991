#include "formats/jockler.h"

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/check_values.h"
#include "formats/mounts.h"
#include "formats/place.h"
#include "formats/ports.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

std::vector<PortBinding> bindings(const Member& member, const Node& container) {
  const std::string& inside = container.as_scalar("the container's port");
  if (member.key.empty()) throw ConfigError(member.key_where, "the host port is empty");
  // Each side alone first, so that the error stands at the side that is wrong.
  const std::vector<PortBinding> alone = at(container.where(), [&] { return container_ports(inside); });
  return at(member.key_where, [&] {
    if (member.key.find('=') != std::string::npos)
      throw Error(ErrorCode::bad_value, format("'{}' is not a port", printable(member.key)));
    std::vector<PortBinding> ports = parse_publish(format("{}:{}", member.key, inside));
    for (const PortBinding& port : ports)
      if (!port.host_port)
        throw Error(ErrorCode::bad_value, format("'{}' names no host port", printable(member.key)),
                    "Ports are the numbers from 1 to 65535.");
    return ports;
  });
}

void add_port(std::vector<PortBinding>& ports, PortBinding port, const SourcePosition& where) {
  for (const PortBinding& other : ports)
    if (clash(other, port))
      throw ConfigError(
          where, format("the host port {} is given twice: {} and {}", *port.host_port, other.text(), port.text()));
  ports.push_back(std::move(port));
}

}  // namespace

std::vector<PortBinding> ports_section(const Node& section) {
  std::vector<PortBinding> ports;
  for (const Member& member : section.as_map("\"ports\"")) {
    // A list serves one host port with two protocols: a key may stand only once.
    const std::vector<Node> single{member.value};
    for (const Node& container : member.value.is_list() ? member.value.items() : single)
      for (PortBinding& port : bindings(member, container)) add_port(ports, std::move(port), member.key_where);
  }
  return ports;
}

std::vector<Mount> volumes_section(const Node& section, const fs::path& base_folder) {
  std::vector<Mount> mounts;
  for (const Member& member : section.as_map("\"volumes\"")) {
    // Each side alone first, so that the error stands at the side that is wrong.
    const std::string& target = member.value.as_text("the mount point");
    at(member.key_where, [&] { return parse_volume(member.key, "/any", base_folder); });
    const Mount mount = at(member.value.where(), [&] { return parse_volume(member.key, target, base_folder); });
    for (const Mount& other : mounts)
      if (other.target == mount.target)
        throw ConfigError(member.value.where(), format("two mounts go to {}: '{}' and '{}'", mount.target,
                                                       printable(other.source), printable(mount.source)));
    mounts.push_back(mount);
  }
  return mounts;
}

JocklerOverride parse_jockler(std::string_view text, const fs::path& file) {
  const Node root = document::read_json(text, file.string());
  root.as_map("an override file");
  document::refuse_unknown_keys(root, {"ports", "volumes", "check"}, "an override file");
  JocklerOverride result;
  if (const Node* ports = root.find("ports")) result.ports = ports_section(*ports);
  if (const Node* volumes = root.find("volumes"))
    result.mounts = volumes_section(*volumes, fs::absolute(file).parent_path());
  if (const Node* check = root.find("check")) result.checks = check_values(*check, fs::absolute(file).parent_path());
  return result;
}

}  // namespace belay::formats
