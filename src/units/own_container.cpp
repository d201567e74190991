#include "units/own_container.h"

#include "base/format.h"
#include "change/start.h"

namespace belay::units {

std::optional<ContainerDetail> own_container(change::Context& context, const AppName& unit,
                                             const std::string& container, std::stop_token stop) {
  auto detail = context.engine.container(container, stop);
  if (!detail) return {};
  const auto owner = change::owner_of(context, container, std::move(stop));
  if (!owner || owner->app != unit)
    throw Conflict(ErrorCode::foreign_container,
                   format("the container {} is not one of the unit {}", container, unit.text()),
                   "Give the unit's container another name: creation: {name: NAME}.");
  return detail;
}

std::optional<std::string> failed_in(change::Context& context, const change::Change& change, std::stop_token stop) {
  if (!change.failed() || change.container.empty()) return {};
  const auto detail = context.engine.container(change.container, std::move(stop));
  const auto owner = detail ? detail->container.owner() : std::nullopt;
  return owner ? std::optional(owner->service) : std::nullopt;
}

}  // namespace belay::units
