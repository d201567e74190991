#include "model/overlay.h"

#include <algorithm>

#include "model/fields.h"

namespace belay {

namespace {

template <class T>
void lay(T& base, const T& over);
template <class Value>
void lay(std::map<std::string, Value>& base, const std::map<std::string, Value>& over);
void lay(std::vector<Mount>& base, const std::vector<Mount>& over);
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

}  // namespace belay
