#include "units/images.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/start.h"
#include "model/labels.h"
#include "state/store.h"
#include "units/own_container.h"

namespace belay::units {

plan::Plan plan_of_tag(const std::string& image, const std::string& reference) {
  plan::Plan plan;
  plan.add(plan::TagImage{image, reference}, "you asked for it");
  return plan;
}

plan::Plan plan_of_commit(change::Context& context, CommitRequest request, bool dry_run, std::stop_token stop) {
  const auto detail = context.engine.container(request.container, std::move(stop));
  if (!detail && !dry_run)
    throw NotFound(ErrorCode::container_not_found, format("there is no container {} yet", request.container),
                   "It is there once the order start was carried out.");
  // A container that somebody makes from the image would pass for the unit's.
  for (const auto& [label, value] : detail ? detail->container.labels : labels::Labels())
    if (label.starts_with("belay.")) request.changes.push_back(format("LABEL {}=\"\"", label));
  plan::Plan plan;
  plan.add(plan::CommitContainer{std::move(request)}, "you asked for it");
  return plan;
}

plan::Plan plan_of_push(const std::string& reference) {
  plan::Plan plan;
  plan.add(plan::PushImage{reference}, "you asked for it");
  return plan;
}

ImageGone remove_image(change::Context& context, const plan::UntagImage& image, std::stop_token stop) {
  if (!context.engine.image(image.reference, stop)) return {false, "it is not there"};
  plan::Plan plan;
  plan.add(image, "you asked for it");
  change::carry_out_whole(context, plan, {}, stop);
  if (!context.engine.image(image.reference, stop)) return {true, {}};
  // Said once more, for the reason.
  engine::UnwantedImage unwanted(image.reference);
  unwanted.force = image.force;
  unwanted.keeps_parents = image.keeps_parents;
  const engine::ImageRemoval refused = context.engine.remove_image(unwanted, stop);
  return {refused.removed, refused.reason};
}

namespace {

// Its release has it in this network.
bool is_wished_in(const std::string& network, const Container& own, const App& app) {
  const auto owner = labels::owner(own.labels);
  const Release* release = owner ? app.find(owner->release) : nullptr;
  if (release == nullptr) return false;
  return std::any_of(release->spec.services.begin(), release->spec.services.end(), [&](const Service& service) {
    return service.name == owner->service &&
           std::any_of(service.networks.begin(), service.networks.end(),
                       [&](const NetworkLink& link) { return link.network == network; });
  });
}

plan::Plan plan_of_unlinking(change::Context& context, const AppName& unit, const std::string& container,
                             const std::vector<std::string>& others, const std::stop_token& stop) {
  plan::Plan plan;
  const std::string& network = unit.text();
  const auto own = own_container(context, unit, container, stop);
  for (const auto& other : others) {
    const auto owner = change::owner_of(context, other, stop);
    const auto detail = context.engine.container(other, stop);
    if (!detail || !owner || owner->app != unit) continue;
    for (const auto& link : detail->service.links) {
      const size_t colon = link.find(':');
      if (link.substr(0, colon) == container)
        plan.add(plan::RemoveLink{other, colon == std::string::npos ? link : link.substr(colon + 1)},
                 "you asked for it");
    }
  }
  if (!own) return plan;
  // A command that took its names away was interrupted between the two steps below.
  const auto& joined = own->service.networks;
  const auto app = context.store.app(unit);
  if (app && is_wished_in(network, own->container, *app) &&
      std::none_of(joined.begin(), joined.end(), [&](const NetworkLink& link) { return link.network == network; })) {
    NetworkLink link;
    link.network = network;
    plan.add(plan::ConnectNetwork{container, link}, "it is cut off from the network of its unit");
  }
  for (NetworkLink link : own->service.networks) {
    if (link.network != network || link.aliases.empty()) continue;
    const std::string reason = format("without the names {}", join(link.aliases, ", "));
    link.aliases.clear();
    const size_t left = plan.add(plan::DisconnectNetwork{container, network}, reason);
    plan.add(plan::ConnectNetwork{container, link}, reason, {left});
  }
  return plan;
}

// As it was, where it was cut off from the network and not joined to it again.
void connect_again(change::Context& context, const ContainerDetail& before, const std::string& network) {
  const auto now = context.engine.container(before.container.name, {});
  const auto link_in = [&](const ContainerDetail& detail) {
    const auto& all = detail.service.networks;
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const NetworkLink& link) { return link.network == network; });
    return found == all.end() ? std::nullopt : std::optional(*found);
  };
  const auto link = link_in(before);
  if (!now || !link || link_in(*now)) return;
  plan::Plan plan;
  plan.add(plan::ConnectNetwork{before.container.name, *link}, "as it was before");
  change::carry_out_whole(context, plan, {}, {});
}

}  // namespace

plan::Plan unlink(change::Context& context, const AppName& unit, const std::string& container,
                  const std::vector<std::string>& others, bool dry_run, std::stop_token stop) {
  if (dry_run) return plan_of_unlinking(context, unit, container, others, stop);
  const FileLock lock = change::lock_app(context, unit, stop);
  plan::Plan plan = plan_of_unlinking(context, unit, container, others, stop);
  if (plan.empty()) return plan;
  const auto before = context.engine.container(container, stop);
  try {
    change::carry_out_whole(context, plan, {}, stop);
  } catch (const Error&) {
    if (before) connect_again(context, *before, unit.text());
    throw;
  }
  return plan;
}

}  // namespace belay::units
