#include "look/whose.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/change.h"
#include "state/store.h"

namespace belay::look {

namespace {

bool has_replicas(const Release& release, const Service& service) {
  return std::count_if(release.spec.services.begin(), release.spec.services.end(),
                       [&](const Service& each) { return each.group_name() == service.group_name(); }) > 1;
}

std::optional<ReleaseNumber> present_release(const App& app) {
  return app.wish.is<goal::Run>() ? app.wish.release() : app.last;
}

}  // namespace

std::string shown_service(const Release& release, const Service& service) {
  return has_replicas(release, service) ? format("{}/{}", service.group_name(), service.number) : service.group_name();
}

std::optional<ContainerMeant> whose(change::Context& context, const std::string& container, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, std::move(stop));
  if (world.find(container) == nullptr) return {};
  for (const auto& app : context.store.apps())
    for (const auto& instance : plan::instances(app, world)) {
      if (instance.container->name != container) continue;
      const Release* release = app.find(instance.release);
      if (release == nullptr) continue;
      ContainerMeant meant{app.name, instance.release};
      const auto present = present_release(app);
      const Release* shown = present ? app.find(*present) : nullptr;
      meant.is_present = shown != nullptr && shown->container_release(instance.service) == instance.release;
      for (const auto& service : release->spec.services) {
        if (service.name != instance.service || release->spec.services.size() < 2) continue;
        meant.target.service = service.group_name();
        if (has_replicas(*release, service)) meant.target.number = service.number;
      }
      return meant;
    }
  return {};
}

std::optional<KeptLog> kept_log(change::Context& context, const Target& target, const std::string& which,
                                std::stop_token stop) {
  const App app = known_app(context, target.app, stop);
  const Release& release = app.release(ReleaseNumber::parse(which));
  if (trim(release.log_tail).empty()) return {};
  World world;
  world.containers = context.engine.containers({}, stop);
  for (const Service* service : app.services_of(release, target)) {
    const bool has_failed =
        release.spec.services.size() == 1 || release.proof(service->name).verdict == Verdict::failed;
    if (!has_failed || plan::find_instance(app, world, release.number, service->name) != nullptr) continue;
    return KeptLog{shown_service(release, *service), release.log_tail};
  }
  return {};
}

}  // namespace belay::look
