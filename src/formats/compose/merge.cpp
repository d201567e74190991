#include "formats/compose/merge.h"

#include <unordered_map>

#include "document/json.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

const Shape& any_shape() {
  static const Shape shape = of(Shape::Kind::any);
  return shape;
}

const Shape& shape_of_member(const Shape& shape, const std::string& key) {
  if (shape.kind == Shape::Kind::map) return shape.element[0];
  const Field* field = field_of(shape, key);
  return field == nullptr ? any_shape() : field->shape;
}

void lay_members_over(Node& base, Node& over, const Shape& shape) {
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < base.members().size(); ++i) places.emplace(base.members()[i].key, i);
  for (Member& member : over.members()) {
    const auto place = places.find(member.key);
    if (place == places.end()) {
      base.add_member(std::move(member));
      continue;
    }
    Member& there = base.members()[place->second];
    lay_over(there.value, std::move(member.value), shape_of_member(shape, member.key));
    there.key_where = member.key_where;
  }
}

bool has_other_driver(const Node& base, const Node& over) {
  const Node* one = base.find("driver");
  const Node* other = over.find("driver");
  return one != nullptr && other != nullptr && one->raw() != other->raw();
}

}  // namespace

void lay_over(Node& base, Node over, const Shape& shape) {
  const bool takes_its_place = over.mark() != Node::Mark::none || shape.rule == Shape::Rule::replace || base.is_null();
  if (!takes_its_place && over.is_null()) return;
  const bool is_laid_over = !takes_its_place && base.kind() == over.kind() &&
                            !(shape.rule == Shape::Rule::logging && has_other_driver(base, over));
  if (is_laid_over && base.is_map()) {
    lay_members_over(base, over, shape);
  } else if (is_laid_over && base.is_list()) {
    for (Node& item : over.items()) base.add(std::move(item));
    drop_doubles(base, shape);
  } else {
    base = std::move(over);
  }
}

void drop_marks(Node& node) {
  std::erase_if(node.items(), [](const Node& item) { return item.mark() == Node::Mark::reset; });
  std::erase_if(node.members(), [](const Member& member) { return member.value.mark() == Node::Mark::reset; });
  node.set_mark(Node::Mark::none);
  for (Node& item : node.items()) drop_marks(item);
  for (Member& member : node.members()) drop_marks(member.value);
}

void drop_doubles(Node& list, const Shape& shape) {
  if (shape.rule != Shape::Rule::unique && shape.rule != Shape::Rule::keyed) return;
  if (list.items().size() < 2) return;
  std::unordered_map<std::string, size_t> places;
  std::vector<Node> kept;
  for (Node& item : list.items()) {
    const bool is_keyed = shape.rule == Shape::Rule::keyed;
    const auto [place, is_new] =
        places.try_emplace(is_keyed ? shape.key(item) : document::write_json(item), kept.size());
    if (is_new)
      kept.push_back(std::move(item));
    else if (is_keyed)
      kept[place->second] = std::move(item);
  }
  list.items() = std::move(kept);
}

}  // namespace belay::formats::compose
