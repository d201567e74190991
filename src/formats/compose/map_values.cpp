#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/map_keys.h"
#include "formats/compose/map_parts.h"
#include "formats/definition_values.h"

namespace belay::formats::compose {

using document::Member;
using document::Node;

void Mapping::remark(const Node& at, std::string key, std::string text) {
  // Once a place, also where several services share what an anchor names.
  const bool is_known = std::any_of(mapped.remarks.begin(), mapped.remarks.end(), [&](const Remark& remark) {
    return remark.where == at.where() && remark.text == text;
  });
  if (!is_known) mapped.remarks.push_back({at.where(), std::move(key), std::move(text)});
}

void Mapping::watch(const fs::path& path) {
  if (std::find(mapped.watched.begin(), mapped.watched.end(), path) == mapped.watched.end())
    mapped.watched.push_back(path);
}

const Node* Mapping::definition(std::string_view of, const std::string& key) const {
  const Node* all = project.root.find(of);
  return all == nullptr ? nullptr : all->find(key);
}

void refuse_key(const Node& at, ErrorCode code, const std::string& message, const std::string& hint) {
  ConfigError error(at.where(), message, hint);
  error.set_code(code);
  throw error;
}

std::string text_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr || node->is_null() ? std::string() : node->as_scalar(key);
}

std::vector<std::string> texts_of(const Node& map, std::string_view key) {
  std::vector<std::string> texts;
  if (const Node* node = map.find(key))
    for (const Node& item : node->as_list(key)) texts.push_back(item.as_scalar(key));
  return texts;
}

std::map<std::string, std::string> pairs_of(const Node& map, std::string_view key) {
  std::map<std::string, std::string> pairs;
  if (const Node* node = map.find(key))
    for (const Member& member : node->as_map(key))
      if (!member.value.is_null()) pairs[member.key] = member.value.as_scalar(key);
  return pairs;
}

std::optional<bool> boolean_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr ? std::nullopt : std::optional(node->as_bool(key));
}

bool is_true(const Node& map, std::string_view key) {
  return boolean_of(map, key).value_or(false);
}

std::optional<std::int64_t> whole_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  // Sizes are texts.
  return (node->is_text() ? Node::number_text(node->raw()) : *node).as_int(key);
}

std::optional<int> number_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  if (node == nullptr) return {};
  return static_cast<int>(integer_value(*node, key, -1'000'000'000, 1'000'000'000));
}

std::optional<ByteCount> bytes_of(const Node& map, std::string_view key) {
  const auto number = whole_of(map, key);
  return number ? std::optional(ByteCount{*number}) : std::nullopt;
}

namespace {

// "1h2m3.5s", "250ms", "0s": what Go prints for a duration. Below a millisecond it is rounded up: 0 would be "not
// said".
std::optional<Milliseconds> written_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  // Longer names first: "ms" is no "m".
  constexpr std::array<Unit, 7> units{
      {{"ms", 1}, {"us", 1e-3}, {"µs", 1e-3}, {"ns", 1e-6}, {"h", 3.6e6}, {"m", 6e4}, {"s", 1e3}}};
  double sum = 0;
  while (!text.empty()) {
    const size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + length, number);
    if (length == 0 || read.ec != std::errc() || read.ptr != text.data() + length) return {};
    text.remove_prefix(length);
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return text.starts_with(u.name); });
    if (unit == units.end()) return {};
    sum += number * unit->milliseconds;
    text.remove_prefix(unit->name.size());
  }
  if (sum > 3.2e12) return {};  // a hundred years
  return Milliseconds(static_cast<std::int64_t>(std::ceil(sum - 1e-6)));
}

}  // namespace

Milliseconds duration_at(const Node& node, std::string_view what) {
  const std::string& text = node.as_scalar(what);
  const auto time = text.empty() ? std::nullopt : written_duration(text);
  if (!time) throw ConfigError(node.where(), format("'{}' is no time such as 1m30s ({})", text, what));
  return *time;
}

std::optional<Milliseconds> duration_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  return node == nullptr ? std::nullopt : std::optional(duration_at(*node, key));
}

const std::vector<Node>& items_of(const Node& map, std::string_view key) {
  static const std::vector<Node> none;
  const Node* node = map.find(key);
  return node == nullptr ? none : node->as_list(key);
}

const std::vector<Member>& members_of(const Node& map, std::string_view key) {
  static const std::vector<Member> none;
  const Node* node = map.find(key);
  return node == nullptr || node->is_null() ? none : node->as_map(key);
}

const Node* block_of(const Node& map, std::string_view key) {
  const Node* node = map.find(key);
  if (node == nullptr || node->is_null()) return nullptr;
  node->as_map(key);
  return node;
}

namespace {

// `path` is the one in the table, `shown` the one in the file.
void go_through(Mapping& mapping, const Node& node, const std::string& path, const std::string& shown) {
  for (const Node& item : node.items()) go_through(mapping, item, path, shown);
  for (const Member& member : node.members()) {
    const std::string its_path = path_of_member(path, member.key);
    const std::string its_name = shown.empty() ? member.key : shown + "." + member.key;
    const KeyRule* rule = find_rule(its_path);
    // "external: false" and the like ask for nothing.
    const bool says_no = member.value.kind() == Node::Kind::boolean && member.value.raw() == "false";
    if (rule != nullptr && rule->treatment == Treatment::refused && !says_no && !member.value.is_null())
      refuse_key(member.value, rule->code, format("{} {}", its_name, rule->text), std::string(rule->hint));
    if (rule != nullptr && rule->treatment == Treatment::noted && !member.value.is_null() &&
        (!(member.value.is_map() || member.value.is_list()) || !member.value.members().empty() ||
         !member.value.items().empty()))
      mapping.remark(member.value, its_name, std::string(rule->text));
    else if (has_keys_below(its_path))
      go_through(mapping, member.value, its_path, its_name);
  }
}

}  // namespace

void go_by_the_rules(Mapping& mapping) {
  go_through(mapping, mapping.project.root, {}, {});
}

}  // namespace belay::formats::compose
