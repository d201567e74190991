#include "template/budget.h"

#include "base/format.h"

namespace belay::templates {

namespace {

constexpr int deepest_value = 100;
constexpr size_t work_of_a_node = 16;  // its memory in terms of take_bytes

}  // namespace

void Budget::take(size_t work) {
  work_ += work;
  if (work_ > limits_.work)
    throw Error(ErrorCode::bad_definition, "the template takes too much work",
                "A loop in it may have more turns than its author thought of.");
}

void Budget::take_copy(const Node& node) {
  const Extent extent = extent_of(node);
  if (extent.depth > deepest_value)
    throw Error(ErrorCode::bad_definition, format("a value is nested more than {} deep", deepest_value));
  take(extent.nodes * work_of_a_node);
  take_bytes(extent.bytes);
}

void Budget::take_output(size_t bytes) {
  output_ += bytes;
  if (output_ > static_cast<size_t>(limits_.output.value))
    throw Error(ErrorCode::bad_definition, format("the template makes more than {} of text", byte_text(limits_.output)),
                "A loop in it may have more turns than its author thought of.");
  take_bytes(bytes);
}

}  // namespace belay::templates
