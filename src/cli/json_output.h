#pragma once
// JSON for scripts: the schema of each looking command is in docs/json.md.

#include "cli/console.h"
#include "document/json.h"

namespace belay::cli {

using document::Node;

// A word of an enumeration.
inline Node word(std::string_view text) {
  return Node::text(std::string(text));
}

// What does not apply is null.
inline Node text_or_null(std::string text) {
  return text.empty() ? Node() : Node::text(std::move(text));
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

// The number that all results begin with: another one where a key goes or changes its meaning.
inline constexpr std::int64_t json_schema = 1;

inline void print_record(Console& console, const Node& result) {
  Node record = Node::map();
  record.set("schema", Node::number(json_schema));
  for (const auto& member : result.as_map("a result")) record.set(member.key, member.value);
  console.print_json(record);
}
// A list under its name.
inline void print_record(Console& console, const std::string& name, Node list) {
  Node result = Node::map();
  result.set(name, std::move(list));
  print_record(console, result);
}

inline Node texts(const std::vector<std::string>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(Node::text(value));
  return list;
}

}  // namespace belay::cli
