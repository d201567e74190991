#pragma once
// What expressions have as values. Private to template.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "document/node.h"

namespace belay::templates {

using document::Node;

// A node, shared with whatever it is a part of; or the lack of one, with the name that has no value.
class Value {
 public:
  Value() = default;
  explicit Value(Node node) : node_(std::make_shared<const Node>(std::move(node))) {}
  // A part of `whole`, which it keeps alive.
  Value(const Value& whole, const Node& part) : node_(whole.node_, &part) {}
  // A node that outlives every value.
  static Value outliving(const Node& node) {
    Value value;
    value.node_ = std::shared_ptr<const Node>(std::shared_ptr<const Node>(), &node);
    return value;
  }
  static Value undefined(std::string message, std::string hint) {
    Value value;
    value.lack_ = std::make_shared<const Lack>(Lack{std::move(message), std::move(hint)});
    return value;
  }

  bool is_undefined() const { return node_ == nullptr; }
  const Node& node() const { return *node_; }
  Node::Kind kind() const { return node_->kind(); }
  // Why there is no value: "'prot' is not defined", "Did you mean 'port'?".
  const std::string& message() const { return lack_->message; }
  const std::string& hint() const { return lack_->hint; }

 private:
  struct Lack {
    std::string message, hint;
  };
  std::shared_ptr<const Node> node_;
  std::shared_ptr<const Lack> lack_;
};

// Python's rules, as Jinja has them.
bool is_true(const Node& node);
bool are_equal(const Node& a, const Node& b);
// As it stands in the output: True, None, ['a', 1], {'a': 1}.
std::string text_of(const Node& node);

struct Extent {
  size_t nodes = 0, bytes = 0;
  int depth = 0;
};
Extent extent_of(const Node& node);

// A number, or a boolean as 0 or 1; nullopt for what is neither.
struct Number {
  bool is_whole = true;
  std::int64_t whole = 0;
  double real = 0;
  double as_real() const { return is_whole ? static_cast<double>(whole) : real; }
};
std::optional<Number> number_of(const Node& node);
// As Python writes it: "2.0", "1e+16". Throws Error for what is no finite number.
Node real_node(double value);

// -1, 0, 1; nullopt where the two have no order.
std::optional<int> compared(const Node& a, const Node& b);

// The characters of a text, whole ones of UTF-8.
std::vector<std::string> characters_of(const std::string& text);

}  // namespace belay::templates
