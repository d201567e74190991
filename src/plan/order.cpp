#include "plan/order.h"

#include <algorithm>

#include "base/format.h"
#include "plan/addresses.h"
#include "plan/data_users.h"

namespace belay::plan {

namespace {

// A port that `next` needs and a running container holds.
std::optional<PortBinding> shared_port(const Incoming& next, const Container& running) {
  for (const Service* service : next.services)
    for (const auto& wanted : service->ports)
      for (const auto& held : running.ports)
        if (clash(wanted, held)) return wanted;
  return {};
}

bool has_an_address(const Incoming& next) {
  return std::any_of(next.services.begin(), next.services.end(), [](const Service* service) {
    return !service->mac_address.empty() ||
           std::any_of(service->networks.begin(), service->networks.end(),
                       [](const NetworkLink& link) { return !link.ipv4.empty() || !link.ipv6.empty(); });
  });
}

// What the container was made as, in the words of each release that has it: the one that its labels name may be
// forgotten, and one that was adopted has no labels.
std::vector<const Service*> services_in(const App& app, const Container& running) {
  std::vector<const Service*> found;
  for (const Instance& instance : sort_out(app, std::vector{&running}).instances)
    for (const Release& release : app.releases)
      for (const Service& service : release.spec.services)
        if (service.name == instance.service && release.container_release(service.name) == instance.release)
          found.push_back(&service);
  return found;
}

std::optional<std::string> address_in_the_way(const App& app, const Incoming& next, const Container& running) {
  if (!has_an_address(next)) return {};
  const auto theirs = services_in(app, running);
  for (const Service* service : next.services)
    for (const Service* other : theirs)
      if (auto address = shared_address(*service, *other)) return address;
  return {};
}

// Sockets and devices of the host are not data.
bool is_written_data(const Mount& mount) {
  return !mount.read_only && !mount.source.empty() && mount.keeps_data() && !mount.source.ends_with(".sock") &&
         !mount.source.starts_with("/dev/");
}

// Data that both would write: the same volume or host path, or one within the other, read-write on both sides.
std::optional<std::string> shared_data(const World& world, const Incoming& next,
                                       const std::map<std::string, VolumeDefinition>& defined,
                                       const Container& running) {
  for (const Service* service : next.services)
    for (const auto& mine : service->mounts) {
      if (!is_written_data(mine)) continue;
      for (const auto& theirs : running.mounts)
        if (is_written_data(theirs) && overlap(mine, theirs, world, defined)) return mine.source;
    }
  return {};
}

// Services that are exchanged together stop first where one of them has to.
SwapOrder order_of_services(const Incoming& next) {
  const auto says = [](SwapOrder order) { return [order](const Service* service) { return service->order == order; }; };
  const auto& services = next.services;
  if (std::any_of(services.begin(), services.end(), says(SwapOrder::stop_first))) return SwapOrder::stop_first;
  const bool all_start =
      !services.empty() && std::all_of(services.begin(), services.end(), says(SwapOrder::start_first));
  return all_start ? SwapOrder::start_first : next.order;
}

// Why the order is not left to the rules. An app of a Compose project has Compose's order where its file says nothing.
std::string cause_of_order(std::optional<SwapOrder> asked, const Incoming& next) {
  if (asked) return "you asked for it";
  return next.is_project ? "so does Compose, or its file says so" : "its definition says so";
}

SwapDecision decided(const App& app, const World& world, std::optional<SwapOrder> asked, const Incoming& next,
                     const std::map<std::string, VolumeDefinition>& defined,
                     const std::vector<const Container*>& running) {
  const SwapOrder explicit_order = asked.value_or(order_of_services(next));
  if (explicit_order == SwapOrder::stop_first) return {SwapOrder::stop_first, cause_of_order(asked, next)};
  for (const Container* container : running) {
    const std::string overruled =
        explicit_order == SwapOrder::start_first ? "; start-first as asked is not possible" : "";
    if (const auto port = shared_port(next, *container))
      return {SwapOrder::stop_first, format("both need host port {}{}", *port->host_port, overruled)};
    if (const auto address = address_in_the_way(app, next, *container))
      return {SwapOrder::stop_first, format("both need the fixed address {}{}", *address, overruled)};
  }
  if (explicit_order == SwapOrder::start_first) return {SwapOrder::start_first, cause_of_order(asked, next)};
  for (const Container* container : running)
    if (const auto data = shared_data(world, next, defined, *container))
      return {SwapOrder::stop_first, format("both write to {}", *data)};
  const bool next_in_host = std::any_of(next.services.begin(), next.services.end(),
                                        [](const Service* service) { return service->network_mode == "host"; });
  for (const Container* container : running)
    if (next_in_host && container->network_mode == "host")
      return {SwapOrder::stop_first, "both live in the host's network, where they would fight for ports"};
  return {SwapOrder::start_first, "they share neither host port, address nor data"};
}

}  // namespace

Incoming::Incoming(const Spec& spec) : order(spec.order), is_project(spec.project.has_value()) {
  for (const Service& service : spec.services) services.push_back(&service);
}

SwapDecision decide_order(const App& app, const World& world, std::optional<SwapOrder> asked, const Incoming& next,
                          const std::map<std::string, VolumeDefinition>& defined,
                          const std::vector<const Container*>& running) {
  SwapDecision decision = decided(app, world, asked, next, defined, running);
  decision.shares_data = std::any_of(running.begin(), running.end(), [&](const Container* container) {
    return shared_data(world, next, defined, *container).has_value();
  });
  return decision;
}

SwapDecision decide_order(const App& app, std::optional<SwapOrder> asked, const Incoming& next,
                          const std::vector<const Container*>& running) {
  return decide_order(app, World(), asked, next, {}, running);
}

}  // namespace belay::plan
