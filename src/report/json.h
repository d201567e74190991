#pragma once
// What all JSON of Belay has in common. docs/json.md describes it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "document/json.h"

namespace belay::report {

using document::Node;

// The number that all records begin with: another one where a key goes or changes its meaning.
inline constexpr std::int64_t json_schema = 1;

// A word of an enumeration.
inline Node word(std::string_view text) {
  return Node::text(std::string(text));
}

// What does not apply is null.
inline Node text_or_null(std::string text) {
  return text.empty() ? Node() : Node::text(std::move(text));
}

inline Node time_or_null(const std::optional<Time>& time) {
  return time ? Node::text(iso_time(*time)) : Node();
}

inline Node texts(const std::vector<std::string>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(Node::text(value));
  return list;
}

// Sentences for people, as records: more may be told of each one day.
inline Node remarks(const std::vector<std::string>& sentences) {
  Node list = Node::list();
  for (const auto& sentence : sentences) {
    Node remark = Node::map();
    remark.set("text", Node::text(sentence));
    list.add(std::move(remark));
  }
  return list;
}

// The list of what `encode` makes of each.
template <class Values, class Encode>
Node list_of(const Values& values, Encode&& encode) {
  Node list = Node::list();
  for (const auto& value : values) list.add(encode(value));
  return list;
}

// The result with its schema in front.
inline Node record(const Node& result) {
  Node whole = Node::map();
  whole.set("schema", Node::number(json_schema));
  for (const auto& member : result.as_map("a result")) whole.set(member.key, member.value);
  return whole;
}

}  // namespace belay::report
