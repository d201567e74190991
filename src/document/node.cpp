#include "document/node.h"

#include <charconv>
#include <utility>

#include "base/format.h"
#include "base/text.h"

namespace belay::document {

namespace {

[[noreturn]] void refuse(const Node& node, std::string_view what, std::string_view wanted) {
  throw ConfigError(node.where(), format("{} must be {}, not {}", what, wanted, node.kind_name()));
}

}  // namespace

Node Node::boolean(bool value) {
  Node node;
  node.kind_ = Kind::boolean;
  node.text_ = value ? "true" : "false";
  return node;
}

Node Node::number(std::int64_t value) {
  return number_text(std::to_string(value));
}

Node Node::number_text(std::string text) {
  Node node;
  node.kind_ = Kind::number;
  node.text_ = std::move(text);
  return node;
}

Node Node::text(std::string value) {
  Node node;
  node.kind_ = Kind::text;
  node.text_ = std::move(value);
  return node;
}

Node Node::list() {
  Node node;
  node.kind_ = Kind::list;
  return node;
}

Node Node::map() {
  Node node;
  node.kind_ = Kind::map;
  return node;
}

bool Node::as_bool(std::string_view what) const {
  if (kind_ != Kind::boolean) refuse(*this, what, "true or false");
  return text_ == "true";
}

std::int64_t Node::as_int(std::string_view what) const {
  if (kind_ != Kind::number) refuse(*this, what, "a whole number");
  std::int64_t value = 0;
  const char* const end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (error == std::errc::result_out_of_range) throw ConfigError(where_, format("{} is out of range: {}", what, text_));
  if (error != std::errc() || stop != end)
    throw ConfigError(where_, format("{} must be a whole number, not {}", what, text_));
  return value;
}

double Node::as_double(std::string_view what) const {
  if (kind_ != Kind::number) refuse(*this, what, "a number");
  double value = 0;
  const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error != std::errc()) throw ConfigError(where_, format("{} is out of range: {}", what, text_));
  return value;
}

const std::string& Node::as_text(std::string_view what) const {
  if (kind_ != Kind::text) refuse(*this, what, "text");
  return text_;
}

const std::string& Node::as_scalar(std::string_view what) const {
  if (kind_ != Kind::text && kind_ != Kind::number && kind_ != Kind::boolean) refuse(*this, what, "a single value");
  return text_;
}

const std::vector<Node>& Node::as_list(std::string_view what) const {
  if (kind_ != Kind::list) refuse(*this, what, "a list");
  return items_;
}

const std::vector<Member>& Node::as_map(std::string_view what) const {
  if (kind_ != Kind::map) refuse(*this, what, "a map");
  return members_;
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members_)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

bool Node::remove(std::string_view key) {
  return std::erase_if(members_, [&](const Member& member) { return member.key == key; }) > 0;
}

void Node::add(Node value) {
  items_.push_back(std::move(value));
}

void Node::set(std::string key, Node value) {
  for (Member& member : members_) {
    if (member.key != key) continue;
    member.value = std::move(value);
    return;
  }
  members_.push_back({std::move(key), {}, std::move(value)});
}

void Node::add_member(Member member) {
  members_.push_back(std::move(member));
}

std::string_view Node::kind_name() const {
  switch (kind_) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true or false";
    case Kind::number:
      return "a number";
    case Kind::text:
      return "text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "an unknown value";
}

void refuse_unknown_keys(const Node& map, const std::vector<std::string>& known, std::string_view what) {
  for (const Member& member : map.as_map(what)) {
    bool found = false;
    for (const std::string& key : known) found = found || key == member.key;
    if (found) continue;
    std::string hint = did_you_mean(member.key, known);
    if (hint.empty()) hint = format("Known keys: {}.", join(known, ", "));
    throw ConfigError(member.key_where, format("unknown key \"{}\" in {}", printable(member.key), what), hint);
  }
}

}  // namespace belay::document
