#pragma once
// Files laid over each other.

#include "formats/compose/shape.h"

namespace belay::formats::compose {

// Lays `over` on `base`, both in long form, by the rules of the shape. What `over` marks with !reset or !override takes
// the place of what is in `base`, and keeps its mark for the files below.
void lay_over(document::Node& base, document::Node over, const Shape& shape);
// When there is nothing below any more: what !reset marks is removed, !override is forgotten.
void drop_marks(document::Node& node);
// Of a list whose rule wants one element of a kind: the later takes the place of the earlier.
void drop_doubles(document::Node& list, const Shape& shape);

}  // namespace belay::formats::compose
