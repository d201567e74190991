#include <algorithm>
#include <cctype>

#include "base/format.h"
#include "formats/compose/write_parts.h"

namespace belay::formats::compose {

using document::Node;

Node plain(const std::string& text) {
  std::string doubled;
  for (const char c : text) doubled.append(c == '$' ? 2 : 1, c);
  return Node::text(doubled);
}

Node plain(Node node) {
  if (node.is_text()) return plain(node.raw());
  for (Node& item : node.items()) item = plain(std::move(item));
  for (auto& member : node.members()) member.value = plain(std::move(member.value));
  return node;
}

Node plain_texts(const std::vector<std::string>& texts) {
  Node list = Node::list();
  for (const auto& text : texts) list.add(plain(text));
  return list;
}

Node plain_pairs(const std::map<std::string, std::string>& pairs) {
  Node map = Node::map();
  for (const auto& [key, value] : pairs) map.set(key, plain(value));
  return map;
}

void put_text(Node& map, const char* key, const std::string& text) {
  if (!text.empty()) map.set(key, plain(text));
}

void put_texts(Node& map, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) map.set(key, plain_texts(texts));
}

void put_pairs(Node& map, const char* key, const std::map<std::string, std::string>& pairs) {
  if (!pairs.empty()) map.set(key, plain_pairs(pairs));
}

void put_true(Node& map, const char* key, bool value) {
  if (value) map.set(key, Node::boolean(true));
}

void put_full(Node& map, const char* key, Node value) {
  if (!value.items().empty() || !value.members().empty()) map.set(key, std::move(value));
}

// "64m", where it is a whole number of them.
void put_bytes(Node& map, const char* key, const std::optional<ByteCount>& bytes) {
  if (!bytes) return;
  std::int64_t count = bytes->value;
  size_t unit = 0;
  while (count > 0 && count % 1024 == 0 && unit < 3) {
    count /= 1024;
    ++unit;
  }
  map.set(key, unit == 0 ? Node::number(count) : Node::text(format("{}{}", count, std::string_view(" kmg")[unit])));
}

void put_time(Node& map, const char* key, const std::optional<Milliseconds>& time) {
  if (!time) return;
  const auto count = time->count();
  const std::string text = count % 1000 != 0                     ? format("{}ms", count)
                           : count % 3'600'000 == 0 && count > 0 ? format("{}h", count / 3'600'000)
                           : count % 60'000 == 0 && count > 0    ? format("{}m", count / 60'000)
                                                                 : format("{}s", count / 1000);
  map.set(key, Node::text(text));
}

namespace {

std::string as_variable(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    name += is_plain ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : '_';
  }
  return name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 ? "_" + name : name;
}

// As a line of an env file has it; nullopt: no form of it holds this value.
std::optional<std::string> env_value(const std::string& value) {
  const auto is_harmless = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_./:@%+,-").find(c) != std::string_view::npos;
  };
  if (std::all_of(value.begin(), value.end(), is_harmless)) return value;
  if (value.find_first_of("\\\r") == std::string::npos) {
    std::string literal = "'";
    for (const char c : value) literal += c == '\'' ? "\\'" : std::string(1, c);
    return literal + "'";
  }
  if (value.find('$') != std::string::npos) return {};
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (c == '\n')
      quoted += "\\n";
    else if (c == '\r')
      quoted += "\\r";
    else
      quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::optional<std::string> ApartValues::variable(const std::string& service, const std::string& name,
                                                 const std::string& value) {
  if (!apart_) return {};
  const auto text = env_value(value);
  if (!text) return {};
  const std::string wanted = as_variable(service) + "_" + as_variable(name);
  std::string own = wanted;
  for (int number = 2; !names_.insert(own).second; ++number) own = format("{}_{}", wanted, number);
  text_ += format("{}={}\n", own, *text);
  return own;
}

Node ApartValues::value(const std::string& service, const std::string& name, const std::string& value) {
  if (const auto own = variable(service, name, value)) return Node::text(format("${{{}}}", *own));
  return plain(value);
}

}  // namespace belay::formats::compose
