#include "service_image/rights.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/mounts.h"
#include "formats/ports.h"
#include "service_image/convention.h"

namespace belay::service_image {

namespace {

using document::Node;

bool is_inside(const Node& node, const std::string& text) {
  if (text != "inside" && text != "host")
    throw ConfigError(node.where(), format("'scripts' is 'host' or 'inside', not '{}'", printable(text)));
  return text == "inside";
}

std::set<std::string> text_set(const Node& list, std::string_view what) {
  std::set<std::string> texts;
  for (const auto& node : list.as_list(what)) {
    const std::string& text = node.as_text(what);
    if (text.empty() || printable(text) != text)
      throw ConfigError(node.where(), format("this is no entry of {}", what));
    texts.insert(text);
  }
  return texts;
}

std::vector<std::string> without(const std::set<std::string>& all, const std::set<std::string>& those) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), those.begin(), those.end(), std::back_inserter(rest));
  return rest;
}

void read(const Node& root, ServiceManifest& manifest) {
  refuse_unknown_keys(root, {"scripts", "ports", "mounts", "privileged", "engine_socket", "variables", "commands"},
                      "the manifest");
  if (const Node* node = root.find("scripts")) manifest.rights.inside = is_inside(*node, node->as_text("scripts"));
  if (const Node* node = root.find("ports")) manifest.rights.ports = text_set(*node, "ports");
  if (const Node* node = root.find("mounts")) manifest.rights.mounts = text_set(*node, "mounts");
  if (const Node* node = root.find("privileged")) manifest.rights.privileged = node->as_bool("privileged");
  if (const Node* node = root.find("engine_socket")) manifest.rights.engine_socket = node->as_bool("engine_socket");
  if (const Node* node = root.find("variables")) manifest.variables = text_set(*node, "variables");
  if (const Node* node = root.find("commands"))
    for (const auto& member : node->as_map("commands"))
      manifest.commands[member.key] = printable(member.value.as_text("the line about a command"));
  // What cannot be granted is no right.
  Service trial;
  apply(manifest.rights, trial, "/var/run/docker.sock");
}

}  // namespace

ServiceManifest manifest_of(const Scripts& scripts, const labels::Labels& image_labels) {
  ServiceManifest manifest;
  if (const auto label = image_labels.find(scripts_label); label != image_labels.end()) {
    Node node = Node::text(label->second);
    node.set_where({format("the label {}", scripts_label), 0, 0});
    manifest.rights.inside = is_inside(node, label->second);
  }
  if (const ScriptFile* file = scripts.find(manifest_file)) {
    const std::string name = format("{}/{}", scripts_folder, manifest_file);
    const Node root = document::read_json(file->content, name);
    try {
      read(root, manifest);
    } catch (const UsageError& error) {
      throw ConfigError(root.where(), error.what(), error.hint());
    }
  }
  return manifest;
}

std::vector<std::string> sentences(const Rights& rights, size_t scripts) {
  std::vector<std::string> lines;
  if (rights.inside)
    lines.push_back(format("runs its {} scripts in containers of the image, as the image's user", scripts));
  else
    lines.push_back(format("runs its {} scripts on this host, with the rights of whoever calls belay", scripts));
  for (const auto& port : rights.ports) lines.push_back(format("publishes port {}", port));
  for (const auto& mount : rights.mounts) lines.push_back(format("mounts {}", mount));
  if (rights.privileged) lines.emplace_back("runs privileged: it can do whatever root can do on this host");
  if (rights.engine_socket)
    lines.emplace_back("gets the engine's socket: it can do whatever the engine can do on this host");
  return lines;
}

std::vector<std::string> grown(const Rights& from, const Rights& to) {
  std::vector<std::string> lines;
  if (from.inside && !to.inside) lines.emplace_back("runs its scripts on this host, no longer in containers");
  for (const auto& port : without(to.ports, from.ports)) lines.push_back(format("publishes port {}", port));
  for (const auto& mount : without(to.mounts, from.mounts)) lines.push_back(format("mounts {}", mount));
  if (to.privileged && !from.privileged) lines.emplace_back("runs privileged");
  if (to.engine_socket && !from.engine_socket) lines.emplace_back("gets the engine's socket");
  return lines;
}

void apply(const Rights& rights, Service& service, const std::string& engine_socket) {
  for (const auto& port : rights.ports)
    for (const auto& binding : formats::parse_publish(port)) service.ports.push_back(binding);
  for (const auto& mount : rights.mounts) service.mounts.push_back(formats::parse_volume(mount, "/"));
  service.privileged = rights.privileged;
  if (rights.engine_socket) {
    Mount mount;
    mount.kind = Mount::Kind::bind;
    mount.source = engine_socket;
    mount.target = "/var/run/docker.sock";
    service.mounts.push_back(mount);
  }
}

}  // namespace belay::service_image
