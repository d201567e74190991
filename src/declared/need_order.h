#pragma once
// Declared apps, each when those that it needs are done. Private to host.

#include <optional>
#include <set>
#include <vector>

#include "model/declaration.h"

namespace belay::declared {

// Hands out each app once; not guarded.
class NeedOrder {
 public:
  explicit NeedOrder(const std::vector<Declaration>& apps);

  // The first, as they are listed, of those that nothing is missing for; nullopt: others must be done first.
  std::optional<size_t> next();
  void done(size_t app);
  bool all_begun() const { return left_ == 0; }

 private:
  std::set<size_t> ready_;
  std::vector<std::vector<size_t>> needed_by_;
  std::vector<size_t> missing_;
  size_t left_;
};

}  // namespace belay::declared
