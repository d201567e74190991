#pragma once
// The shape of a Compose file: which keys there are, what their values are, how short forms are written out, and how
// two files are laid over each other. One table for all three.

#include <string>
#include <string_view>
#include <vector>

#include "formats/compose/loading.h"

namespace belay::formats::compose {

struct Field;

struct Shape {
  enum class Kind {
    any,      // left as it is
    text,     // text only: a number must be quoted
    printed,  // text; a number or boolean becomes what Go prints for it
    boolean,
    whole,     // a whole number, also as text
    fraction,  // a number, also as text
    bytes,     // "64m" becomes 67108864
    duration,  // "90s" becomes "1m30s"
    mode,      // of a file: text is octal
    list,
    map,     // any keys, values of one shape
    object,  // these fields, and x-…
  };
  // How a later file's value meets an earlier one's, both in long form.
  enum class Rule {
    deep,     // single values: the later; lists: appended; maps: key by key
    replace,  // the later one, also null
    unique,   // a list appended, doubles dropped
    keyed,    // a list with one element a key: the later takes the place of the earlier
    logging,  // deep where both have the same driver or one has none, else replaced
  };
  using WriteOut = void (*)(document::Node& node, const std::string& what, Loading& loading);
  using Key = std::string (*)(const document::Node& node);

  Kind kind = Kind::any;
  Rule rule = Rule::deep;
  bool may_be_null = false;
  WriteOut write_out = nullptr;    // short forms become long, before anything else
  Key key = nullptr;               // of an element, where the rule is keyed
  std::vector<Shape> element;      // one: of a list or map
  std::vector<Field> fields;       // of an object, sorted by name
  std::vector<std::string> words;  // the only texts allowed, where not empty
};

struct Field {
  std::string name;
  Shape shape;
  bool is_required = false;
};

// nullptr where the object has none of this name.
const Field* field_of(const Shape& object, std::string_view name);

// The whole file.
const Shape& project_shape();
// A service, and what a service's blocks look like (shape_service.cpp, shape_blocks.cpp).
Shape service_shape();
Shape build_shape();
Shape deploy_shape();
Shape device_requests_shape();
Shape networks_of_service_shape();
Shape ulimits_shape();
Shape secrets_of_service_shape();

// Building blocks of the table.
Shape of(Shape::Kind kind);
Shape text_shape();
Shape list_of(Shape element, Shape::Rule rule = Shape::Rule::deep);
Shape texts_shape(Shape::Rule rule = Shape::Rule::deep);    // a list of text
Shape text_or_texts(Shape::Rule rule = Shape::Rule::deep);  // one text too
Shape map_of(Shape element);
Shape pairs_shape();  // map or list of K=V
Shape object(std::vector<Field> fields);
Shape with(Shape shape, Shape::WriteOut write_out);
Shape keyed_list(Shape element, Shape::Key key);
Shape one_of(std::vector<std::string> words);
Shape or_null(Shape shape);

// Brings a tree into long form. Null, and what !reset marks, stays. Throws ConfigError at unknown keys and wrong kinds.
void bring_into_shape(document::Node& node, const Shape& shape, const std::string& what, Loading& loading);
// What is left to check when all files are merged: no null where none may be, required keys.
void check_shape(const document::Node& node, const Shape& shape, const std::string& what);

}  // namespace belay::formats::compose
