#pragma once
// What a template may still cost. Private to template.

#include <string>

#include "base/errors.h"
#include "template/template.h"
#include "template/value.h"

namespace belay::templates {

// Every evaluation takes its share; what a template makes, it pays for by size, so that the memory is bounded with the
// time. Throws Error where nothing is left.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  void take(size_t work);
  void take_bytes(size_t bytes) { take(1 + bytes / 8); }
  void take_copy(const Node& node);  // also refuses what is nested too deeply to be kept
  void take_output(size_t bytes);

 private:
  const Limits& limits_;
  size_t work_ = 0, output_ = 0;
};

}  // namespace belay::templates
