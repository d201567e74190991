#include <algorithm>

#include "base/format.h"
#include "model/naming.h"
#include "plan/data_users.h"
#include "plan/wish_planner.h"

namespace belay::plan {

// The copies come first: they are of what was there.
Indices WishPlanner::move_data(const Indices& before) {
  Indices copied = before;
  for (const auto& item : copies_) {
    const Snapshot& snapshot = *s_.app.find_snapshot(*wish_.snapshot);
    copied =
        joined(copied, {plan_.add(CopyData{item.place, item.kept}, format("snapshot {}", snapshot.text()), before)});
  }
  Indices moved = copied;
  for (const auto& exchange : exchanges_)
    moved = joined(moved, {plan_.add(ExchangeData{exchange.place, exchange.reserve, exchange.content},
                                     "what was there is kept as a snapshot", copied)});
  return moved;
}

// What of the wished snapshot is missing. Once the release has started it may have written: then it is too late.
void WishPlanner::find_copies(const Release& release) {
  const Snapshot* snapshot = wish_.snapshot ? s_.app.find_snapshot(*wish_.snapshot) : nullptr;
  if (snapshot == nullptr || snapshot->complete) return;
  // Nothing else comes to write to what this release left.
  if (snapshot->release == release.number) return;
  const bool has_started =
      std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
        // What an earlier release has left behind was written before.
        if (release.bodies.contains(service.name)) return false;
        const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
        return container != nullptr && s_.world.may_be_up(*container);
      });
  if (has_started) return;
  for (const auto& item : snapshot->items)
    if (!s_.world.data.contains(item.kept)) copies_.push_back(item);
}

// Whether the container has any of the data that is copied or exchanged.
bool WishPlanner::uses_data(const Container& container) const {
  return std::any_of(container.mounts.begin(), container.mounts.end(), [&](const Mount& mount) {
    return std::any_of(exchanges_.begin(), exchanges_.end(),
                       [&](const DataExchange& exchange) { return is_within(mount, exchange.place, s_.world); }) ||
           std::any_of(copies_.begin(), copies_.end(),
                       [&](const Snapshot::Item& item) { return is_within(mount, item.place, s_.world); });
  });
}

void WishPlanner::refuse_foreign_users() const {
  if (const auto used = used_by_others(exchanges_, instances_, s_.world)) throw *used;
}

// A host port that another app or a stranger holds is found before anything is touched.
void WishPlanner::refuse_foreign_ports(const Release& release) const {
  for (const auto& service : release.spec.services)
    for (const auto& port : service.ports)
      for (const auto& other : s_.world.containers) {
        if (!other.is_up()) continue;
        const auto& ours = instances_;
        if (std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return i.container == &other; })) continue;
        for (const auto& held : other.ports) {
          if (!clash(port, held)) continue;
          const auto owner = other.owner();
          const bool is_namesake = !s_.app.origin.empty() && other.name == s_.app.name.text();
          throw Conflict(
              ErrorCode::port_held,
              format("host port {} is held by the container {}{}", *port.host_port, other.name,
                     owner ? format(" of the app {}", owner->app) : std::string(" (not Belay's)")),
              owner
                  ? format("Stop it with: belay stop {}; or give {} another host port.", owner->app, s_.app.name.text())
              : is_namesake ? format("Hand it over with: belay apply --take-over {}", s_.app.name.text())
                            : format("Stop that container, or give {} another host port.", s_.app.name.text()));
        }
      }
}

}  // namespace belay::plan
