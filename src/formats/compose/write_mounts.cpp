#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/write_parts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

// What only the long form can say, or the short form would read otherwise.
bool needs_the_long_form(const Mount& mount, const std::string& source) {
  if (mount.kind == Mount::Kind::image || mount.must_exist) return true;
  if (!mount.subpath.empty() || !mount.recursive.empty() || !mount.labels.empty()) return true;
  if (source.find(':') != std::string::npos || mount.target.find(':') != std::string::npos) return true;
  if (source.empty()) return mount.read_only || !mount.options.empty() || mount.target.find(':') != std::string::npos;
  return source.size() < 2;
}

std::string short_form(const Mount& mount, const std::string& source) {
  std::vector<std::string> parts;
  if (!source.empty()) parts.push_back(source);
  parts.push_back(mount.target);
  std::vector<std::string> modes;
  if (mount.read_only) modes.emplace_back("ro");
  if (!mount.options.empty()) modes.push_back(mount.options);
  if (!modes.empty()) parts.push_back(join(modes, ","));
  return join(parts, ":");
}

void put_mode(Node& node, const std::string& word) {
  const bool is_of_volume = word == "nocopy";
  const char* block = is_of_volume ? "volume" : "bind";
  if (node.find(block) == nullptr) node.set(block, Node::map());
  Node& into = *node.find(block);
  if (is_of_volume)
    into.set("nocopy", Node::boolean(true));
  else
    into.set(word == "z" || word == "Z" ? "selinux" : "propagation", Node::text(word));
}

void put_below(Node& node, const char* block, const char* key, Node value) {
  if (node.find(block) == nullptr) node.set(block, Node::map());
  node.find(block)->set(key, std::move(value));
}

Node long_form(const Mount& mount, const std::string& source) {
  const bool is_bind = mount.kind == Mount::Kind::bind, is_image = mount.kind == Mount::Kind::image;
  const char* type = is_bind ? "bind" : is_image ? "image" : "volume";
  Node node = Node::map();
  node.set("type", Node::text(type));
  put_text(node, "source", source);
  put_text(node, "target", mount.target);
  put_true(node, "read_only", mount.read_only);
  if (!mount.options.empty())
    for (const auto& word : split(mount.options, ',')) put_mode(node, word);
  if (mount.must_exist) put_below(node, "bind", "create_host_path", Node::boolean(false));
  if (!mount.recursive.empty()) put_below(node, "bind", "recursive", plain(mount.recursive));
  if (!mount.subpath.empty()) put_below(node, type, "subpath", plain(mount.subpath));
  if (!mount.labels.empty()) put_below(node, "volume", "labels", plain_pairs(mount.labels));
  return node;
}

std::string temporary_form(const Mount& mount) {
  std::vector<std::string> words;
  if (mount.read_only) words.emplace_back("ro");
  if (!mount.options.empty()) words.push_back(mount.options);
  return words.empty() ? mount.target : mount.target + ":" + join(words, ",");
}

std::string file_key(const Writing& writing, const Service& service, const std::string& target) {
  std::string name = service.group_name() + "-";
  for (const char c : target.substr(target.rfind('/') + 1)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += is_plain || c == '.' || c == '_' ? c : '-';
  }
  std::string key = name;
  for (int number = 2; writing.configs.find(key) != nullptr; ++number) key = format("{}-{}", name, number);
  return key;
}

}  // namespace

void write_mounts(Writing& writing, const Service& service, Node& node) {
  Node mounts = Node::list();
  Node temporary = Node::list();
  for (const Mount& mount : service.mounts) {
    if (mount.kind == Mount::Kind::tmpfs) {
      temporary.add(plain(temporary_form(mount)));
      continue;
    }
    const bool is_named = mount.kind == Mount::Kind::volume && !mount.source.empty();
    const std::string source = is_named ? writing.volume_keys.at(mount.source) : mount.source;
    mounts.add(needs_the_long_form(mount, source) ? long_form(mount, source) : plain(short_form(mount, source)));
  }
  put_full(node, "volumes", std::move(mounts));
  put_full(node, "tmpfs", std::move(temporary));
}

// Secrets with their text are files like any other by now: a config can hold it.
void write_files(Writing& writing, const Service& service, Node& node) {
  Node uses = Node::list();
  for (const ServiceFile& file : service.files) {
    const std::string key = file_key(writing, service, file.target);
    Node definition = Node::map();
    if (const auto variable = writing.variables.variable(service.group_name(), key, file.content))
      definition.set("environment", Node::text(*variable));
    else
      definition.set("content", plain(file.content));
    writing.configs.set(key, std::move(definition));
    Node use = Node::map();
    use.set("source", Node::text(key));
    use.set("target", plain(file.target));
    if (file.uid != 0) use.set("uid", Node::text(format("{}", file.uid)));
    if (file.gid != 0) use.set("gid", Node::text(format("{}", file.gid)));
    if (file.mode != 0444) use.set("mode", Node::text(format("0{:o}", file.mode)));
    uses.add(std::move(use));
  }
  put_full(node, "configs", std::move(uses));
}

}  // namespace belay::formats::compose
