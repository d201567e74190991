#include "formats/compose/name_forms.h"

#include "base/text.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

// `list` as a map of `value` by the texts that it holds; other values stay for the shape to refuse.
void make_map(Node& node, const std::string& what, const Node& value) {
  if (!node.is_list()) return;
  Node map = Node::map();
  for (const Node& item : node.items()) {
    Node entry = value;
    entry.set_where(item.where());
    entry.set_mark(item.mark());
    const std::string& name = item.as_text(format("an element of \"{}\"", what));
    map.remove(name);
    map.add_member({name, item.where(), std::move(entry)});
  }
  node = std::move(map);
}

// The map {key: node}.
void wrap(Node& node, const std::string& key) {
  Node map = Node::map();
  const Node at = node;
  put(map, key, std::move(node), at);
  node = std::move(map);
}

Node host_entry(const std::string& host, std::string address, const Node& at) {
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return text_at(host + "=" + address, at);
}

}  // namespace

void write_out_names(Node& node, const std::string& what, Loading&) {
  make_map(node, what, Node());
}

void write_out_depends_on(Node& node, const std::string& what, Loading&) {
  Node started = Node::map();
  started.add_member({"condition", {}, Node::text("service_started")});
  started.add_member({"required", {}, Node::boolean(true)});
  make_map(node, what, started);
  for (Member& dependency : node.members())
    for (Member& member : dependency.value.members())
      if (member.value.where().file.empty()) member.value.set_where(dependency.value.where());
}

void write_out_extra_hosts(Node& node, const std::string& what, Loading&) {
  Node list = Node::list();
  for (const Member& member : node.members()) {
    if (member.value.is_list())
      for (const Node& address : member.value.items())
        list.add(host_entry(member.key, address.as_text("the address"), address));
    else
      list.add(host_entry(member.key, member.value.as_text("the address"), member.value));
  }
  for (const Node& item : node.items()) {
    const std::string& text = item.as_text(format("an element of \"{}\"", what));
    size_t sign = text.find('=');
    if (sign == std::string::npos) sign = text.find(':');
    if (sign == std::string::npos || sign == 0 || sign + 1 == text.size())
      throw ConfigError(item.where(), format("'{}' in \"{}\" is not a host with its address", printable(text), what),
                        "The form is \"host=address\".");
    list.add(host_entry(text.substr(0, sign), text.substr(sign + 1), item));
  }
  if (node.is_list() || node.is_map()) node = std::move(list);
}

void write_out_env_files(Node& node, const std::string& what, Loading& loading) {
  listed(node, what, loading);
  for (Node& item : node.items()) {
    const SourcePosition where = item.where();
    if (item.is_text()) wrap(item, "path");
    if (item.is_map() && item.find("required") == nullptr) put(item, "required", Node::boolean(true), item);
    item.set_where(where);
  }
}

std::string path_key(const Node& entry) {
  const Node* path = entry.find("path");
  return path == nullptr ? std::string() : path->raw();
}

void write_out_ulimit(Node& node, const std::string&, Loading&) {
  if (node.is_map()) return;
  Node map = Node::map();
  const Node at = node;
  put(map, "soft", at, at);
  put(map, "hard", at, at);
  node = std::move(map);
}

void write_out_build(Node& node, const std::string&, Loading&) {
  if (node.is_text()) wrap(node, "context");
}

void write_out_extends(Node& node, const std::string&, Loading&) {
  if (node.is_text()) wrap(node, "service");
}

void write_out_include(Node& node, const std::string&, Loading&) {
  for (Node& item : node.items()) {
    const SourcePosition where = item.where();
    if (item.is_text()) wrap(item, "path");
    item.set_where(where);
  }
}

void write_out_gpus(Node& node, const std::string&, Loading&) {
  if (!node.is_text() || node.raw() != "all") return;
  Node request = Node::map();
  put(request, "count", Node::number(-1), node);
  request.set_where(node.where());
  Node list = Node::list();
  list.add(std::move(request));
  node = std::move(list);
}

void write_out_device_count(Node& node, const std::string&, Loading&) {
  if (node.is_text() && node.raw() == "all") node = Node::number(-1);
}

void write_out_ssh(Node& node, const std::string& what, Loading& loading) {
  listed(node, what, loading);
  if (!node.is_map()) return;
  Node list = Node::list();
  for (const Member& member : node.members())
    list.add(
        text_at(member.value.is_null() ? member.key : member.key + "=" + member.value.as_scalar("the path of the key"),
                member.value));
  node = std::move(list);
}

void write_out_external(Node& node, const std::string& what, Loading& loading) {
  Node* external = node.find("external");
  if (external == nullptr || !external->is_map()) return;
  const Node old = *external;
  loading.notice(Notice::Kind::old_form, old.where(),
                 format("\"{}\" has external: {{name: …}}: write external: true and name: … beside it", what));
  const Node* name = old.find("name");
  if (name != nullptr && node.find("name") != nullptr && node.find("name")->raw() != name->raw())
    throw ConfigError(old.where(), format("\"{}\" has a name, and another one in \"external\"", what),
                      "Keep \"name\" and write external: true.");
  put(node, "external", Node::boolean(true), old);
  if (name != nullptr) put(node, "name", *name, *name);
}

void write_out_healthcheck(Node& node, const std::string&, Loading&) {
  Node* test = node.find("test");
  if (test != nullptr && test->is_text()) {
    Node list = Node::list();
    list.add(text_at("CMD-SHELL", *test));
    list.add(*test);
    list.set_where(test->where());
    list.set_mark(test->mark());
    *test = std::move(list);
  }
}

void write_out_old_logging(Node& node, const std::string& what, Loading& loading) {
  for (const auto& [old, current] : {std::pair("log_driver", "driver"), std::pair("log_opt", "options")}) {
    const Node* found = node.find(old);
    if (found == nullptr) continue;
    const Node value = *found;
    loading.notice(Notice::Kind::old_form, value.where(),
                   format("\"{}.{}\" is the old form of \"logging.{}\"", what, old, current));
    if (node.find("logging") == nullptr) put(node, "logging", Node::map(), value);
    Node& logging = *node.find("logging");
    if (logging.find(current) != nullptr)
      throw ConfigError(value.where(), format("\"{}\" has both \"{}\" and \"logging.{}\"", what, old, current),
                        format("Keep \"logging.{}\".", current));
    put(logging, current, value, value);
    node.remove(old);
  }
}

std::string subnet_key(const Node& entry) {
  const Node* subnet = entry.find("subnet");
  return subnet == nullptr ? std::string() : subnet->raw();
}

}  // namespace belay::formats::compose
