#include "plan/service_parts.h"

#include <algorithm>
#include <numeric>

namespace belay::plan {

namespace {

bool needs(const Service& service, const std::string& other) {
  const auto all = all_needs(service);
  return std::any_of(all.begin(), all.end(), [&](const Need& need) { return need.service == other; });
}

}  // namespace

std::vector<Part> parts(size_t count, const std::function<bool(size_t, size_t)>& connected) {
  std::vector<size_t> leader(count);
  std::iota(leader.begin(), leader.end(), 0);
  for (size_t b = 0; b < count; ++b)
    for (size_t a = 0; a < b; ++a)
      if (leader[a] != leader[b] && connected(a, b)) {
        const size_t from = std::max(leader[a], leader[b]), to = std::min(leader[a], leader[b]);
        std::replace(leader.begin(), leader.end(), from, to);
      }
  std::vector<Part> found;
  for (size_t i = 0; i < count; ++i) {
    if (leader[i] != i) continue;
    Part& part = found.emplace_back();
    for (size_t j = i; j < count; ++j)
      if (leader[j] == i) part.push_back(j);
  }
  return found;
}

bool need_each_other(const Service& a, const Service& b) {
  return needs(a, b.name) || needs(b, a.name);
}

std::vector<std::string> dependents_of(const Spec& spec, const std::string& service) {
  std::vector<std::string> found;
  std::vector<std::string> open{service};
  while (!open.empty()) {
    const std::string next = std::move(open.back());
    open.pop_back();
    for (const auto& each : spec.services)
      if (each.name != service && needs(each, next) &&
          std::find(found.begin(), found.end(), each.name) == found.end()) {
        found.push_back(each.name);
        open.push_back(each.name);
      }
  }
  return found;
}

}  // namespace belay::plan
