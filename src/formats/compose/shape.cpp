#include "formats/compose/shape.h"

#include <algorithm>

#include "base/text.h"
#include "document/json.h"
#include "formats/compose/merge.h"
#include "formats/compose/values.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

[[noreturn]] void refuse_kind(const Node& node, const std::string& what, std::string_view wanted,
                              const std::string& hint = {}) {
  throw ConfigError(node.where(), format("\"{}\" must be {}, not {}", what, wanted, node.kind_name()), hint);
}

void require_text(const Node& node, const Shape& shape, const std::string& what) {
  const bool is_single = node.kind() == Node::Kind::number || node.kind() == Node::Kind::boolean;
  if (!node.is_text()) refuse_kind(node, what, "text", is_single ? "Put it in quotes." : "");
  if (shape.words.empty()) return;
  for (const std::string& word : shape.words)
    if (word == node.raw()) return;
  std::string hint = did_you_mean(node.raw(), shape.words);
  if (hint.empty()) hint = format("It is one of {}.", join(shape.words, ", "));
  throw ConfigError(node.where(), format("\"{}\" cannot be '{}'", what, printable(node.raw())), hint);
}

std::vector<std::string> names_of(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

// "image" at the top of a file: a service was meant, or a definition.
bool is_key_of_service(std::string_view key) {
  const Field* services = field_of(project_shape(), "services");
  return services != nullptr && !services->shape.element.empty() &&
         field_of(services->shape.element[0], key) != nullptr;
}

std::string hint_for_key(const std::string& key, const Shape& shape, bool at_the_top) {
  if (at_the_top && is_key_of_service(key))
    return "It is a key of a service: services: {NAME: {…}}. A definition is no Compose file; belay apply DIR takes "
           "the folder of definitions.";
  std::string hint = did_you_mean(key, names_of(shape.fields));
  return hint.empty() ? "Keys of your own begin with x-." : hint;
}

void shape_members(Node& node, const Shape& shape, const std::string& what, Loading& loading) {
  if (!node.is_map()) refuse_kind(node, what, "a map");
  for (Member& member : node.members()) {
    if (member.key.starts_with("x-")) continue;
    const Field* known = field_of(shape, member.key);
    if (known == nullptr)
      throw ConfigError(
          member.key_where,
          format("unknown key \"{}\" in {}", printable(member.key), what.empty() ? "a Compose file" : what),
          hint_for_key(member.key, shape, what.empty()));
    bring_into_shape(member.value, known->shape, what.empty() ? member.key : what + "." + member.key, loading);
  }
}

// Two entries for one place in one file: the first has no effect, which its author cannot have meant.
void note_doubles(const Node& list, const Shape& shape, const std::string& what, Loading& loading) {
  if (shape.rule != Shape::Rule::keyed) return;
  std::map<std::string, const Node*> seen;
  for (const Node& item : list.items()) {
    const auto [first, is_new] = seen.try_emplace(shape.key(item), &item);
    if (is_new || document::write_json(*first->second) == document::write_json(item)) continue;
    loading.notice(
        Notice::Kind::dropped, first->second->where(),
        format("this entry of \"{}\" has no effect: the one at {} takes its place", what, item.where().text()));
    first->second = &item;
  }
}

void shape_elements(Node& node, const Shape& shape, const std::string& what, Loading& loading) {
  if (shape.kind == Shape::Kind::list) {
    if (!node.is_list()) refuse_kind(node, what, "a list");
    size_t number = 0;
    for (Node& item : node.items()) bring_into_shape(item, shape.element[0], format("{}[{}]", what, number++), loading);
    note_doubles(node, shape, what, loading);
    drop_doubles(node, shape);
    return;
  }
  if (!node.is_map()) refuse_kind(node, what, "a map");
  for (Member& member : node.members())
    bring_into_shape(member.value, shape.element[0], what + "." + printable(member.key), loading);
}

void shape_value(Node& node, const Shape& shape, const std::string& what, Loading& loading) {
  switch (shape.kind) {
    case Shape::Kind::any:
      return;
    case Shape::Kind::text:
      return require_text(node, shape, what);
    case Shape::Kind::printed:
      if (node.is_list() || node.is_map()) refuse_kind(node, what, "a single value");
      return print(node, what, loading);
    case Shape::Kind::boolean:
      return make_boolean(node, what, loading);
    case Shape::Kind::whole:
      return make_whole(node, what);
    case Shape::Kind::fraction:
      return make_fraction(node, what);
    case Shape::Kind::bytes:
      return make_bytes(node, what);
    case Shape::Kind::duration:
      return make_duration(node, what);
    case Shape::Kind::mode:
      return make_mode(node, what, loading);
    case Shape::Kind::list:
    case Shape::Kind::map:
      return shape_elements(node, shape, what, loading);
    case Shape::Kind::object:
      return shape_members(node, shape, what, loading);
  }
}

// A value's name, put together only where an error needs it.
struct ValueName {
  const ValueName* above;
  std::string_view key;
  size_t number;  // of an element, where the key is empty

  std::string text() const {
    const std::string before = above == nullptr ? std::string() : above->text();
    if (key.empty() && above != nullptr) return format("{}[{}]", before, number);
    return before.empty() ? std::string(key) : format("{}.{}", before, key);
  }
};

void check_named(const Node& node, const Shape& shape, const ValueName& name) {
  if (node.is_null()) {
    if (shape.may_be_null || shape.kind == Shape::Kind::any) return;
    const bool is_map = shape.kind == Shape::Kind::map || shape.kind == Shape::Kind::object;
    refuse_kind(node, name.text(),
                shape.kind == Shape::Kind::list ? "a list"
                : is_map                        ? "a map"
                                                : "a value",
                "Remove the key, or give it a value.");
  }
  if (shape.kind == Shape::Kind::list) {
    size_t number = 0;
    for (const Node& item : node.items()) check_named(item, shape.element[0], {&name, {}, number++});
  }
  if (shape.kind == Shape::Kind::map)
    for (const Member& member : node.members()) check_named(member.value, shape.element[0], {&name, member.key, 0});
  if (shape.kind != Shape::Kind::object) return;
  for (const Member& member : node.members())
    if (const Field* field = field_of(shape, member.key))
      check_named(member.value, field->shape, {&name, member.key, 0});
  for (const Field& field : shape.fields)
    if (field.is_required && node.find(field.name) == nullptr)
      throw ConfigError(node.where(), format("\"{}\" must have a \"{}\"", name.text(), field.name));
}

}  // namespace

void bring_into_shape(Node& node, const Shape& shape, const std::string& what, Loading& loading) {
  if (node.mark() == Node::Mark::reset || (node.is_null() && shape.write_out == nullptr)) return;
  const SourcePosition where = node.where();
  const Node::Mark mark = node.mark();
  if (!node.is_null()) {
    if (shape.write_out != nullptr) shape.write_out(node, what, loading);
    shape_value(node, shape, what, loading);
  }
  node.set_where(where);
  node.set_mark(mark);
}

void check_shape(const Node& node, const Shape& shape, const std::string& what) {
  check_named(node, shape, {nullptr, what, 0});
}

const Field* field_of(const Shape& object, std::string_view name) {
  const auto found = std::lower_bound(object.fields.begin(), object.fields.end(), name,
                                      [](const Field& field, std::string_view wanted) { return field.name < wanted; });
  return found == object.fields.end() || found->name != name ? nullptr : &*found;
}

Shape of(Shape::Kind kind) {
  Shape shape;
  shape.kind = kind;
  return shape;
}

Shape text_shape() {
  return of(Shape::Kind::text);
}

Shape list_of(Shape element, Shape::Rule rule) {
  Shape shape = of(Shape::Kind::list);
  shape.rule = rule;
  shape.element.push_back(std::move(element));
  return shape;
}

Shape texts_shape(Shape::Rule rule) {
  return list_of(text_shape(), rule);
}

Shape text_or_texts(Shape::Rule rule) {
  return with(texts_shape(rule), listed);
}

Shape map_of(Shape element) {
  Shape shape = of(Shape::Kind::map);
  shape.element.push_back(std::move(element));
  return shape;
}

Shape pairs_shape() {
  return with(map_of(of(Shape::Kind::printed)), label_pairs);
}

Shape object(std::vector<Field> fields) {
  Shape shape = of(Shape::Kind::object);
  std::sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
  shape.fields = std::move(fields);
  return shape;
}

Shape with(Shape shape, Shape::WriteOut write_out) {
  shape.write_out = write_out;
  return shape;
}

Shape keyed_list(Shape element, Shape::Key key) {
  Shape shape = list_of(std::move(element), Shape::Rule::keyed);
  shape.key = key;
  return shape;
}

Shape one_of(std::vector<std::string> words) {
  Shape shape = text_shape();
  shape.words = std::move(words);
  return shape;
}

Shape or_null(Shape shape) {
  shape.may_be_null = true;
  return shape;
}

}  // namespace belay::formats::compose
