#include "plan/names.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "model/naming.h"

namespace belay::plan {

namespace {

bool is_of(const App& app, std::optional<ReleaseNumber> release, const Instance& instance) {
  if (!release) return false;
  const Release* known = app.find(*release);
  return (known != nullptr ? known->container_release(instance.service) : *release) == instance.release;
}

// What one container of the scheme dcv should be called (dockervisor, "Containers").
std::string wanted_name(const Situation& s, const Instance& instance, std::optional<ReleaseNumber> current,
                        const std::function<bool(const std::string&)>& taken) {
  const std::string& name = instance.container->name;
  const Service service = service_of(s.app, instance.release, instance.service);
  const std::string own = container_name(s.app, service, instance.release, s.now, taken);
  // dockervisor itself, unlike its document, calls its containers dcv_NAME_DATE: what is adopted keeps such a name.
  const bool is_of_the_scheme =
      name == own || name == stable_name(s.app, instance.service) || name.starts_with(own + "_save_");
  if (!instance.container->owner() && !is_of_the_scheme) return name;
  if (is_of(s.app, s.app.stable, instance)) return stable_name(s.app, instance.service);
  if (is_of(s.app, current, instance)) return own;
  if (name != own && name != stable_name(s.app, instance.service)) return name;
  return displaced_name(s.app, service, instance.release, s.now, taken);
}

}  // namespace

std::vector<Rename> renames(const Situation& s, std::optional<ReleaseNumber> wanted) {
  if (s.app.scheme != NamingScheme::dcv) return {};
  std::set<std::string> names;
  for (const auto& container : s.world.containers) names.insert(container.name);
  const auto taken = [&](const std::string& name) { return names.contains(name); };

  std::vector<Rename> pending;
  std::set<std::string> promised;
  for (const auto& instance : instances(s.app, s.world)) {
    const auto unavailable = [&](const std::string& name) { return taken(name) || promised.contains(name); };
    const std::string to = wanted_name(s, instance, wanted, unavailable);
    if (to == instance.container->name) continue;
    promised.insert(to);
    const std::string reason = is_of(s.app, s.app.stable, instance) ? "marked stable"
                               : is_of(s.app, wanted, instance)     ? "the current one bears the app's name"
                                                                    : "makes room for its successor";
    pending.push_back({instance.container->name, to, reason});
  }

  std::vector<Rename> ordered;
  while (!pending.empty()) {
    bool moved = false;
    for (auto it = pending.begin(); it != pending.end(); ++it) {
      if (taken(it->to)) continue;
      names.erase(it->from);
      names.insert(it->to);
      ordered.push_back(*it);
      pending.erase(it);
      moved = true;
      break;
    }
    if (moved) continue;
    for (const auto& blocked : pending) {
      const bool exchanged =
          std::any_of(pending.begin(), pending.end(), [&](const Rename& r) { return r.from == blocked.to; });
      // Whoever waits for a name that nobody will leave would wait for ever, and so would those behind it.
      if (!exchanged)
        throw Conflict(
            ErrorCode::name_taken,
            format("the container name {} is taken by a container that is not {}'s", blocked.to, s.app.name.text()),
            format("Rename or remove that container, or take it over with: belay adopt {} {}", s.app.name.text(),
                   blocked.to));
    }
    Rename& first = pending.front();
    // Two that want each other's names: one steps aside first.
    const std::string aside = displaced_name(
        s.app, Service{}, {}, s.now, [&](const std::string& name) { return taken(name) || promised.contains(name); });
    names.erase(first.from);
    names.insert(aside);
    ordered.push_back({first.from, aside, "steps aside for an exchange of names"});
    first.from = aside;
  }
  return ordered;
}

}  // namespace belay::plan
