// declared in model/spec.h: what services of one spec need of each other.

#include <algorithm>
#include <functional>

#include "base/format.h"
#include "base/text.h"
#include "model/spec.h"

namespace belay {

namespace {

constexpr std::string_view of_service = "service:";

// "service:db" → "db"; nothing where it names no service.
std::string named_service(std::string_view reference) {
  return reference.starts_with(of_service) ? std::string(reference.substr(of_service.size())) : std::string();
}

// "service:db:ro" → "db".
std::string volumes_of(std::string_view reference) {
  std::string name = named_service(reference);
  return name.substr(0, name.find(':'));
}

void add(std::vector<Need>& needs, const Need& need) {
  const auto known =
      std::find_if(needs.begin(), needs.end(), [&](const Need& each) { return each.service == need.service; });
  if (known == needs.end()) {
    needs.push_back(need);
    return;
  }
  known->condition = std::max(known->condition, need.condition);
  known->required = known->required || need.required;
  known->restart = known->restart || need.restart;
}

}  // namespace

std::vector<Need> all_needs(const Service& service) {
  std::vector<Need> needs = service.needs;
  for (const auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode, &service.uts_mode})
    if (const std::string other = named_service(*mode); !other.empty())
      add(needs, {other, Need::Condition::started, true, true});
  for (const auto& reference : service.volumes_from)
    if (const std::string other = volumes_of(reference); !other.empty())
      add(needs, {other, Need::Condition::started, true, false});
  return needs;
}

bool shares_with(const Service& service, const std::string& other) {
  const auto is_other = [&](const std::string& mode) { return named_service(mode) == other; };
  return is_other(service.network_mode) || is_other(service.pid_mode) || is_other(service.ipc_mode) ||
         is_other(service.uts_mode) ||
         std::any_of(service.volumes_from.begin(), service.volumes_from.end(),
                     [&](const std::string& reference) { return volumes_of(reference) == other; });
}

void mark_replicas(Spec& spec) {
  if (spec.services.size() < 2) return;
  const Service first = spec.services.front();
  for (size_t i = 1; i < spec.services.size(); ++i) {
    Service as_first = spec.services[i];
    const int number = static_cast<int>(i) + 1;
    if (as_first.name != format("{}-{}", first.name, number) || !as_first.group.empty()) return;
    as_first.name = first.name;
    if (as_first != first) return;
  }
  for (size_t i = 1; i < spec.services.size(); ++i) {
    spec.services[i].group = first.name;
    spec.services[i].number = static_cast<int>(i) + 1;
  }
}

std::vector<size_t> in_order_of_needs(const Spec& spec) {
  enum class Mark { fresh, open, done };
  std::vector<Mark> marks(spec.services.size(), Mark::fresh);
  std::vector<size_t> order;
  std::vector<std::string> chain;
  const auto index_of = [&](const std::string& name) -> std::optional<size_t> {
    for (size_t i = 0; i < spec.services.size(); ++i)
      if (spec.services[i].name == name) return i;
    return {};
  };
  const std::function<void(size_t)> visit = [&](size_t index) {
    const Service& service = spec.services[index];
    if (marks[index] == Mark::done) return;
    chain.push_back(service.name);
    if (marks[index] == Mark::open) {
      chain.erase(chain.begin(), std::find(chain.begin(), chain.end(), service.name));
      throw Error(ErrorCode::needs_circle, format("the services need each other in a circle: {}", join(chain, " → ")));
    }
    marks[index] = Mark::open;
    for (const Need& need : all_needs(service))
      if (const auto other = index_of(need.service)) visit(*other);
    marks[index] = Mark::done;
    order.push_back(index);
    chain.pop_back();
  };
  for (size_t i = 0; i < spec.services.size(); ++i) visit(i);
  return order;
}

}  // namespace belay
