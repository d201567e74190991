#pragma once
// Finding text in text in one pass, whatever both hold: a template may be a stranger's. Private to template.

#include <string_view>
#include <vector>

namespace belay::templates {

class Search {
 public:
  // `wanted` has to outlive it, and holds at least one byte.
  explicit Search(std::string_view wanted);

  // Where the first occurrence at or after `from` begins; npos: there is none. Costs text.size() - from.
  size_t in(std::string_view text, size_t from = 0) const;

 private:
  std::string_view wanted_;
  std::vector<size_t> borders_;  // for each length: of the longest proper prefix that is its suffix too
};

}  // namespace belay::templates
