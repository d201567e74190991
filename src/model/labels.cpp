#include "model/labels.h"

#include "base/format.h"
#include "base/text.h"

namespace belay::labels {

Labels for_container(const Owner& owner) {
  Labels labels{{app, owner.app},
                {service, owner.service},
                {release, format("{}", owner.release.value)},
                {scheme, std::string(to_text(owner.scheme))}};
  if (!owner.identity.empty()) labels.emplace(identity, owner.identity);
  if (!owner.state.empty()) labels.emplace(state, owner.state);
  return labels;
}

bool is_of_owner(const std::string& key) {
  return key == app || key == service || key == release || key == scheme || key == identity || key == state;
}

bool is_about_data(const std::string& key) {
  return key.starts_with("belay.backup.") || key == snapshot || key.starts_with("belay.snapshot.");
}

Labels for_volume(const AppName& app_name, const std::string& mount_point) {
  return {{app, app_name.text()}, {mount, mount_point}};
}

Labels for_reserve(const AppName& app_name, const DataPlace& place) {
  return {{app, app_name.text()}, {reserve, text_of(place)}};
}

Labels for_temporary(const AppName& app_name, const std::string& state_identity) {
  Labels labels{{temporary, app_name.text()}};
  if (!state_identity.empty()) labels[state] = state_identity;
  return labels;
}

Labels for_network(const AppName& app_name, const NetworkDefinition& wanted) {
  Labels labels{{app, app_name.text()}};
  if (const std::string text = definition_text(wanted); text != "{}") labels[definition] = text;
  return labels;
}

Labels for_image(const AppName& app_name) {
  return {{family, app_name.text()}};
}

std::optional<Owner> owner(const Labels& labels) {
  const auto found_app = labels.find(app);
  const auto found_service = labels.find(service);
  const auto found_release = labels.find(release);
  const auto found_scheme = labels.find(scheme);
  if (found_app == labels.end() || found_service == labels.end() || found_release == labels.end() ||
      found_scheme == labels.end())
    return {};
  const auto number = parse_number(found_release->second);
  if (!AppName::is_valid(found_app->second) || !number || *number < 1 || *number > 1'000'000'000) return {};
  const auto text = [&](const char* key) {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string() : found->second;
  };
  try {
    return Owner{found_app->second,
                 found_service->second,
                 {static_cast<int>(*number)},
                 naming_scheme(found_scheme->second),
                 text(identity),
                 text(state)};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace belay::labels
