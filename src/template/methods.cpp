// What can be called on a value: the methods of Python's maps and texts that templates use.

#include "base/format.h"
#include "base/text.h"
#include "template/evaluate.h"
#include "template/search.h"

namespace belay::templates {

namespace {

const std::string& text_argument(const Call& call, size_t index) {
  const Node* node = call.argument(index, "");
  if (node == nullptr || !node->is_text()) throw Error(ErrorCode::bad_value, format("'{}' takes a text", call.name));
  return node->raw();
}

Value of_map(const Call& call) {
  const Node& map = call.subject();
  if (call.name == "get") {
    call.expect({"key", "default"});
    const Node* key = call.argument(1, "");
    if (key == nullptr) throw Error(ErrorCode::bad_value, "'get' takes a key");
    if (const Node* member = map.find(text_of(*key))) return {call.values.front(), *member};
    return call.values.size() > 2 ? call.values[2] : Value(Node());
  }
  if (call.name != "items" && call.name != "keys" && call.name != "values")
    throw Error(ErrorCode::bad_value, format("a map has no method '{}' here", printable(call.name)),
                "Known ones: get, items, keys, values.");
  call.expect({});
  call.budget.take_copy(map);
  Node list = Node::list();
  for (const auto& member : map.members()) {
    Node pair = Node::list();
    pair.add(Node::text(member.key));
    pair.add(member.value);
    list.add(call.name == "items" ? std::move(pair) : call.name == "keys" ? Node::text(member.key) : member.value);
    call.budget.take(32);
  }
  return Value(std::move(list));
}

Value parts_of_text(const Call& call) {
  const std::string& text = call.subject().raw();
  call.budget.take_bytes(text.size() * 64);
  Node list = Node::list();
  if (call.values.size() < 2) {
    std::string word;
    for (const char c : text + " ") {
      if (!is_space(c)) {
        word += c;
      } else if (!word.empty()) {
        list.add(Node::text(std::move(word)));
        word.clear();
      }
    }
    return Value(std::move(list));
  }
  const std::string& separator = text_argument(call, 1);
  if (separator.empty()) throw Error(ErrorCode::bad_value, "'split' takes a separator that is not empty");
  const Search search(separator);
  for (size_t begin = 0;;) {
    const size_t end = search.in(text, begin);
    list.add(Node::text(text.substr(begin, end - begin)));
    if (end == std::string::npos) return Value(std::move(list));
    begin = end + separator.size();
  }
}

Value of_text(const Call& call) {
  const std::string& text = call.subject().raw();
  call.budget.take_bytes(text.size());
  if (call.name == "split") {
    call.expect({"sep"});
    return parts_of_text(call);
  }
  if (call.name == "startswith" || call.name == "endswith") {
    call.expect({"text"});
    const std::string& part = text_argument(call, 1);
    return Value(Node::boolean(call.name == "startswith" ? text.starts_with(part) : text.ends_with(part)));
  }
  if (call.name == "lower" || call.name == "upper" || call.name == "replace" || call.name == "strip") {
    const std::string name = call.name == "strip" ? "trim" : call.name;
    return filtered(Call{name, call.values, call.named, call.budget});
  }
  throw Error(ErrorCode::bad_value, format("text has no method '{}' here", printable(call.name)),
              "Known ones: endswith, lower, replace, split, startswith, strip, upper.");
}

}  // namespace

Value called_method(const Call& call) {
  if (call.subject().is_map()) return of_map(call);
  if (call.subject().is_text()) return of_text(call);
  throw Error(ErrorCode::bad_value, format("{} has no method '{}'", call.subject().kind_name(), printable(call.name)));
}

}  // namespace belay::templates
