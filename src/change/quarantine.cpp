#include "change/quarantine.h"

#include <algorithm>
#include <set>

namespace belay::change {

namespace {

// Those that failed in the entry's release, without the numbers of replicas.
std::set<std::string> blamed(const App& app, const Quarantine& entry) {
  std::set<std::string> services;
  const Release* release = entry.release ? app.find(*entry.release) : nullptr;
  if (release == nullptr) return services;
  for (const auto& service : release->spec.services) {
    const auto image = release->images.find(service.name);
    const auto proof = release->proofs.find(service.name);
    if (image != release->images.end() && image->second == entry.image && proof != release->proofs.end() &&
        proof->second.verdict == Verdict::failed)
      services.insert(service.group_name());
  }
  return services;
}

}  // namespace

bool is_about(const App& app, const Quarantine& entry, const std::string& service) {
  const auto services = blamed(app, entry);
  return services.empty() || services.contains(service);
}

bool is_quarantined(const App& app, const Service& service, const std::string& image) {
  return !image.empty() && std::any_of(app.quarantine.begin(), app.quarantine.end(), [&](const Quarantine& entry) {
    return (entry.image == image || entry.digest == image) && is_about(app, entry, service.group_name());
  });
}

bool is_quarantined(const App& app, const Release& release) {
  if (release.verdict == Verdict::passed) return false;
  return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
    const auto image = release.images.find(service.name);
    return image != release.images.end() && is_quarantined(app, service, image->second);
  });
}

}  // namespace belay::change
