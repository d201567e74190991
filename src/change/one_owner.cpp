#include "change/one_owner.h"

#include <set>
#include <unistd.h>

#include "base/format.h"
#include "state/store.h"

namespace belay::change {

namespace {

// A name may be another container's by and by.
using NameAndCreation = std::pair<std::string, std::string>;

std::set<NameAndCreation> adopted_by(const App& app) {
  std::set<NameAndCreation> adopted;
  for (const auto& release : app.releases)
    if (release.adopted)
      for (const auto& [service, name] : release.containers)
        if (const auto created = release.container_created.find(service); created != release.container_created.end())
          adopted.emplace(name, created->second);
  return adopted;
}

}  // namespace

std::map<std::string, AppName> containers_of_others(const std::vector<App>& apps, const AppName& app,
                                                    const World& world) {
  std::map<std::string, AppName> found;
  for (const App& other : apps)
    if (other.name != app)
      for (const auto& instance : plan::instances(other, world)) found.emplace(instance.container->name, other.name);
  return found;
}

FileLock lock_adoptions(Context& context, std::stop_token stop) {
  const LockRequest request{context.store.folder() / "adopting",
                            format("{} (pid {}, {})", context.command, ::getpid(), context.who), context.wait_for_lock};
  return FileLock::take(
      request, context.clock,
      [&](const std::string& holder) { context.report.note(format("waiting for {} to finish", holder)); },
      std::move(stop));
}

Agreement to_own_alone(const App& app) {
  return [&app](const std::vector<App>& apps) {
    const auto own = adopted_by(app);
    for (const App& other : apps) {
      if (other.name == app.name) continue;
      for (const auto& each : adopted_by(other))
        if (own.contains(each))
          throw Conflict(ErrorCode::foreign_container,
                         format("the container {} is the app {} already", each.first, other.name.text()),
                         format("belay forget {} lets it go as it is.", other.name.text()));
    }
  };
}

}  // namespace belay::change
