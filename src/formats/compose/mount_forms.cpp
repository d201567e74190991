#include "formats/compose/mount_forms.h"

#include <algorithm>

#include "base/text.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Node;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_host_path(std::string_view source) {
  return source.starts_with('.') || source.starts_with('/') || source.starts_with('~');
}

[[noreturn]] void refuse_drive(const Node& node) {
  ConfigError error(node.where(),
                    format("the volume '{}' has a part of a single letter, which Compose takes for a drive of Windows",
                           printable(node.raw())),
                    "Use a longer name, or the long form with type: volume.");
  error.set_code(ErrorCode::unsupported);
  throw error;
}

// The parts between colons; a colon after a single letter belongs to a drive of Windows.
std::vector<std::string> volume_parts(const Node& node) {
  std::vector<std::string> parts{""};
  for (const char c : node.raw()) {
    if (c == ':' && parts.back().size() == 1 && is_letter(parts.back()[0])) refuse_drive(node);
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (node.raw().size() <= 2) return {node.raw()};
  for (const std::string& part : parts)
    if (part.empty())
      throw ConfigError(node.where(), format("the volume '{}' has nothing between two colons", printable(node.raw())),
                        "The forms are /target, source:/target and source:/target:ro.");
  if (parts.size() > 3)
    throw ConfigError(node.where(), format("the volume '{}' has too many colons", printable(node.raw())),
                      "Write a path that holds a colon in the long form.");
  return parts;
}

Node& block(Node& entry, const std::string& name, const Node& at) {
  if (entry.find(name) == nullptr) put(entry, name, Node::map(), at);
  return *entry.find(name);
}

void add_volume_option(Node& entry, const std::string& option, const Node& at, Loading& loading) {
  static const std::vector<std::string> propagations{"private", "rprivate", "shared", "rshared", "slave", "rslave"};
  if (option == "ro" || option == "rw") {
    put(entry, "read_only", Node::boolean(option == "ro"), at);
  } else if (option == "z" || option == "Z") {
    put(block(entry, "bind", at), "selinux", Node::text(option), at);
  } else if (option == "nocopy") {
    put(block(entry, "volume", at), "nocopy", Node::boolean(true), at);
  } else if (std::find(propagations.begin(), propagations.end(), option) != propagations.end()) {
    put(block(entry, "bind", at), "propagation", Node::text(option), at);
  } else {
    loading.notice_once(Notice::Kind::dropped, at.where(),
                        format("the option '{}' of the volume has no effect", printable(option)), option);
  }
}

std::string target_or(const Node& entry, const std::string& folder) {
  const Node* target = entry.find("target");
  if (target != nullptr && target->is_text())
    return target->raw().starts_with('/') ? target->raw() : folder + target->raw();
  const Node* source = entry.find("source");
  return folder + (source == nullptr ? std::string() : source->raw());
}

}  // namespace

std::string clean_path(const std::string& path) {
  if (path.empty()) return path;
  std::string clean = fs::path(path).lexically_normal().string();
  if (clean.size() > 1 && clean.ends_with('/')) clean.pop_back();
  return clean;
}

void write_out_volume(Node& node, const std::string& what, Loading& loading) {
  if (node.is_map()) {
    Node* target = node.find("target");
    if (target != nullptr && target->is_text()) *target = text_at(clean_path(target->raw()), *target);
    const Node* type = node.find("type");
    if (type == nullptr || type->raw() != "bind") return;
    Node& bind = block(node, "bind", node);
    if (bind.is_map() && bind.find("create_host_path") == nullptr)
      put(bind, "create_host_path", Node::boolean(true), node);
    return;
  }
  if (!node.is_text())
    throw ConfigError(node.where(),
                      format("an element of \"{}\" must be text or a map, not {}", what, node.kind_name()));
  if (node.raw().empty()) throw ConfigError(node.where(), "a volume is empty");
  const std::vector<std::string> parts = volume_parts(node);
  const std::string source = parts.size() > 1 ? parts[0] : std::string();
  Node entry = Node::map();
  put(entry, "type", Node::text(is_host_path(source) ? "bind" : "volume"), node);
  if (!source.empty()) put(entry, "source", Node::text(source), node);
  put(entry, "target", Node::text(clean_path(parts.size() > 1 ? parts[1] : parts[0])), node);
  if (parts.size() > 2)
    for (const std::string& option : split(parts[2], ',')) add_volume_option(entry, option, node, loading);
  if (is_host_path(source)) put(block(entry, "bind", node), "create_host_path", Node::boolean(true), node);
  node = std::move(entry);
}

void write_out_device(Node& node, const std::string& what, Loading&) {
  if (!node.is_text()) return;
  const std::vector<std::string> parts = split(node.raw(), ':');
  if (parts.size() > 3 || parts[0].empty())
    throw ConfigError(node.where(), format("'{}' in \"{}\" is no device", printable(node.raw()), what),
                      "The form is /dev/on-host[:/dev/in-container[:rwm]].");
  Node entry = Node::map();
  put(entry, "source", Node::text(parts[0]), node);
  put(entry, "target", Node::text(parts.size() > 1 ? parts[1] : parts[0]), node);
  put(entry, "permissions", Node::text(parts.size() > 2 ? parts[2] : "rwm"), node);
  node = std::move(entry);
}

void write_out_file_reference(Node& node, const std::string&, Loading&) {
  if (!node.is_text()) return;
  Node entry = Node::map();
  put(entry, "source", Node::text(node.raw()), node);
  node = std::move(entry);
}

std::string target_key(const Node& entry) {
  return target_or(entry, "");
}

std::string secret_key(const Node& entry) {
  return target_or(entry, "/run/secrets/");
}

std::string config_key(const Node& entry) {
  return target_or(entry, "/");
}

}  // namespace belay::formats::compose
