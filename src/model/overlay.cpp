#include "model/overlay.h"

#include <algorithm>
#include <set>

#include "model/fields.h"

namespace belay {

namespace {

template <class T>
void lay(T& base, const T& over);
template <class Value>
void lay(std::map<std::string, Value>& base, const std::map<std::string, Value>& over);
void lay(std::vector<Mount>& base, const std::vector<Mount>& over);
void lay(std::vector<Ulimit>& base, const std::vector<Ulimit>& over);
void lay(std::optional<HealthCheck>& base, const std::optional<HealthCheck>& over);
void lay(Resources& base, const Resources& over);

// `each` walks one value; the fields of two are brought together by their names.
template <fields::Described T>
void lay_fields(T& base, const T& over) {
  fields::each(over, [&](const std::string_view name, const auto& above) {
    fields::each(base, [&](const std::string_view other, auto& below) {
      if constexpr (std::is_same_v<std::remove_cvref_t<decltype(above)>, std::remove_cvref_t<decltype(below)>>)
        if (name == other) lay(below, above);
    });
  });
}

void lay(std::vector<Mount>& base, const std::vector<Mount>& over) {
  for (const Mount& mount : over) {
    std::erase_if(base, [&](const Mount& other) { return other.target == mount.target; });
    base.push_back(mount);
  }
}

void lay(std::vector<Ulimit>& base, const std::vector<Ulimit>& over) {
  for (const Ulimit& limit : over) {
    const auto known =
        std::find_if(base.begin(), base.end(), [&](const Ulimit& other) { return other.name == limit.name; });
    if (known == base.end())
      base.push_back(limit);
    else
      *known = limit;
  }
}

template <class Value>
void lay(std::map<std::string, Value>& base, const std::map<std::string, Value>& over) {
  for (const auto& [key, value] : over) base.insert_or_assign(key, value);
}

void lay(std::optional<HealthCheck>& base, const std::optional<HealthCheck>& over) {
  // Without a test of its own it tunes the one that is there.
  if (!over) return;
  if (base && over->test != std::vector<std::string>{"NONE"})
    lay_fields(*base, *over);
  else
    base = over;
}

void lay(Resources& base, const Resources& over) {
  lay_fields(base, over);
}

template <class T>
void lay(T& base, const T& over) {
  if (!(over == T{})) base = over;
}

bool says_nothing(const Configuration& configuration) {
  Service bare;
  if (configuration.spec.services.empty()) return true;
  bare.name = configuration.spec.services[0].name;
  Spec spec;
  spec.services.push_back(bare);
  return configuration == Configuration{spec, false, false};
}

// The newest of its image that is no younger than the release, else any of its image.
const Build* build_of(const App& app, const Release& release) {
  const Build* found = nullptr;
  for (const auto& [service, image] : release.images)
    for (const Build& build : app.builds)
      if (build.image == image && (found == nullptr || build.created <= release.created)) found = &build;
  return found;
}

}  // namespace

void lay_over(Service& base, const Service& over) {
  const bool has_network = !over.networks.empty() || !over.network_mode.empty();
  if (has_network) {
    base.networks.clear();
    base.network_mode.clear();
  }
  if (over.resources.nano_cpus) base.resources.cpu_period = base.resources.cpu_quota = std::nullopt;
  if (over.resources.cpu_period || over.resources.cpu_quota) base.resources.nano_cpus.reset();
  Service above = over;
  // Whose settings they are does not change.
  above.name.clear();
  above.image.clear();
  above.number = base.number;
  lay_fields(base, above);
}

void lay_over(Configuration& base, const Configuration& over) {
  if (over.spec.services.empty() || base.spec.services.empty()) return;
  Service& service = base.spec.services[0];
  const Service& above = over.spec.services[0];
  if (over.ports_overridden) {
    service.ports.clear();
    service.publish_all_ports = false;
    base.ports_overridden = true;
  }
  base.volumes_overridden |= over.volumes_overridden;
  lay_over(service, above);
}

bool has_settings(const Build& build) {
  return !build.parameter_file.empty() || !build.parameter_text.empty() || build.by_hand ||
         std::any_of(build.configurations.begin(), build.configurations.end(),
                     [](const auto& entry) { return !says_nothing(entry.second); });
}

bool has_same_settings(const Build& a, const Build& b) {
  return a.configurations == b.configurations && a.by_hand == b.by_hand && a.parameter_file == b.parameter_file &&
         a.parameter_text == b.parameter_text;
}

void take_settings(Build& build, const Build& of) {
  build.configurations = of.configurations;
  build.by_hand = of.by_hand;
  build.parameter_file = of.parameter_file;
  build.parameter_text = of.parameter_text;
}

const Build* settings_of_release(const App& app, const Release& release) {
  const Build* oldest = nullptr;
  for (auto build = app.builds.rbegin(); build != app.builds.rend(); ++build) {
    if (!has_settings(*build)) continue;
    if (build->created <= release.created) return &*build;
    oldest = &*build;
  }
  // What adopt recorded, it recorded a moment after the release.
  return release.adopted ? oldest : nullptr;
}

void keep_needed_builds(App& app, const Release* present, Time tried) {
  if (app.builds.empty()) return;
  std::set<int> needed;
  const auto need = [&](const Build* build) {
    if (build != nullptr) needed.insert(build->number);
  };
  for (const Release& release : app.releases) {
    need(build_of(app, release));
    need(settings_of_release(app, release));
  }
  const Time last = app.releases.empty() ? Time{} : app.releases.back().created;
  const Build none;
  const Build* known = present == nullptr ? nullptr : settings_of_release(app, *present);
  const Build settings = known != nullptr ? *known : none;
  const int newest = app.builds.back().number;
  std::erase_if(app.builds, [&](const Build& build) {
    if (build.number == newest || needed.contains(build.number)) return false;
    return build.number + 20 < newest || (present != nullptr && build.created > last && build.created <= tried);
  });
  Build& back = app.builds.back();
  const bool is_forgotten = present != nullptr && back.created > last && back.created <= tried;
  if (!is_forgotten || needed.contains(back.number)) return;
  auto configurations = std::move(back.configurations);
  take_settings(back, settings);
  if (!back.configurations.empty()) return;
  // There must be some: they say nothing.
  for (auto& [name, configuration] : configurations) {
    Service bare;
    bare.name = configuration.spec.services.empty() ? app.name.text() : configuration.spec.services[0].name;
    configuration = {};
    configuration.spec.services.push_back(std::move(bare));
  }
  back.configurations = std::move(configurations);
}

}  // namespace belay
