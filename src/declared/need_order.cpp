#include "declared/need_order.h"

#include <map>

namespace belay::declared {

NeedOrder::NeedOrder(const std::vector<Declaration>& apps)
    : needed_by_(apps.size()), missing_(apps.size()), left_(apps.size()) {
  std::map<std::string, std::vector<size_t>> bearers;
  for (size_t i = 0; i < apps.size(); ++i)
    for (const auto& service : apps[i].spec.services) bearers[service.name].push_back(i);
  for (size_t i = 0; i < apps.size(); ++i) {
    std::set<size_t> needed;
    for (const auto& need : apps[i].needs)
      if (const auto found = bearers.find(need); found != bearers.end())
        needed.insert(found->second.begin(), found->second.end());
    needed.erase(i);
    for (const size_t other : needed) needed_by_[other].push_back(i);
    missing_[i] = needed.size();
    if (needed.empty()) ready_.insert(i);
  }
}

std::optional<size_t> NeedOrder::next() {
  if (ready_.empty()) return {};
  const size_t app = *ready_.begin();
  ready_.erase(ready_.begin());
  --left_;
  return app;
}

void NeedOrder::done(size_t app) {
  for (const size_t other : needed_by_[app])
    if (--missing_[other] == 0) ready_.insert(other);
}

}  // namespace belay::declared
