#include "model/declaration.h"

#include <algorithm>

namespace belay {

namespace {

bool is_on_default_bridge(const Service& service) {
  if (service.networks.empty()) return service.network_mode.empty();
  return std::any_of(service.networks.begin(), service.networks.end(),
                     [](const NetworkLink& link) { return link.network == "bridge" || link.network == "default"; });
}

std::string up_to_colon(const std::string& text) {
  return text.substr(0, text.find(':'));
}

}  // namespace

std::string_view to_text(Tie::Kind kind) {
  switch (kind) {
    case Tie::Kind::shared_namespace:
      return "shared namespace";
    case Tie::Kind::link:
      return "links";
    case Tie::Kind::volumes:
      return "volumes";
    case Tie::Kind::asked_for:
      return "restart_with";
  }
  return "";
}

const UpdatePolicy& update_policy(const Declaration& declared, const Service& service) {
  const auto own = declared.updates.find(service.group_name());
  return own == declared.updates.end() ? declared.policies.update : own->second;
}

std::vector<Tie> ties(const Declaration& declared) {
  std::vector<Tie> found;
  const auto add = [&](Tie::Kind kind, const std::string& container) {
    const bool is_known =
        std::any_of(found.begin(), found.end(), [&](const Tie& t) { return t.container == container; });
    if (!is_known) found.push_back({kind, container});
  };
  constexpr std::string_view of_container = "container:";
  for (const auto& service : declared.spec.services)
    for (const auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode})
      if (mode->starts_with(of_container)) add(Tie::Kind::shared_namespace, mode->substr(of_container.size()));
  if (declared.policies.restart_with)
    for (const auto& need : declared.needs) add(Tie::Kind::asked_for, need);
  for (const auto& service : declared.spec.services)
    if (is_on_default_bridge(service))
      for (const auto& link : service.links) add(Tie::Kind::link, up_to_colon(link));
  for (const auto& service : declared.spec.services)
    for (const auto& from : service.volumes_from) add(Tie::Kind::volumes, up_to_colon(from));
  return found;
}

}  // namespace belay
