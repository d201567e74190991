#include "units/fields.h"

#include <algorithm>
#include <optional>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::units {

namespace {

// "[[.PATH]](CONTAINER)", or with braces.
struct Place {
  size_t begin = 0, end = 0;
  std::string path, container;
};

// The first one from `from` on; nullopt: there is none.
std::optional<Place> place_in(const std::string& word, size_t from) {
  for (size_t at = from; at < word.size(); ++at) {
    const bool is_bracket = word.compare(at, 3, "[[.") == 0;
    if (!is_bracket && word.compare(at, 3, "{{.") != 0) continue;
    const size_t close = word.find(is_bracket ? "]](" : "}}(", at);
    const size_t end = close == std::string::npos ? close : word.find(')', close);
    if (end == std::string::npos) continue;
    return Place{at, end + 1, word.substr(at + 3, close - at - 3), word.substr(close + 3, end - close - 3)};
  }
  return {};
}

std::string first_address(const ContainerDetail& detail) {
  for (const auto& [network, address] : detail.network_addresses)
    if (!address.empty()) return address;
  return {};
}

// What stands behind `prefix` of the path; nullopt: it has another beginning.
std::optional<std::string> behind(const std::string& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return {};
  return path.substr(prefix.size());
}

std::string field(const ContainerDetail& detail, const std::string& path, const std::string& name) {
  const Container& container = detail.container;
  if (path == "Name") return "/" + container.name;
  if (path == "Image") return container.image_id;
  if (path == "Created") return container.created;
  if (path == "Config.Image") return container.image;
  if (path == "Config.Hostname") return detail.service.hostname;
  if (path == "Config.User") return detail.service.user;
  if (path == "Config.WorkingDir") return detail.service.working_dir;
  if (path == "State.Status") return std::string(to_text(container.state));
  if (path == "State.Running") return container.state == ContainerState::running ? "true" : "false";
  if (path == "State.ExitCode") return std::to_string(detail.exit_code);
  if (path == "State.Health.Status") return std::string(to_text(container.health));
  if (path == "HostConfig.NetworkMode") return container.network_mode;
  // The document of the format has the short one; in networks of a user's own the engine leaves the long one empty.
  if (path == "NetworkSettings.IPAddress" || path == "Network.IPAddress") return first_address(detail);
  if (const auto rest = behind(path, "NetworkSettings.Networks."))
    for (const auto& [network, address] : detail.network_addresses)
      if (*rest == network + ".IPAddress") return address;
  if (const auto label = behind(path, "Config.Labels."))
    if (const auto found = container.labels.find(*label); found != container.labels.end()) return found->second;
  throw UsageError(format("the container {} has no field .{} that is known here", name, printable(path)),
                   "There are Name, Image, Created, Config.Image, Config.Hostname, Config.User, Config.WorkingDir, "
                   "Config.Labels.NAME, State.Status, State.Running, State.ExitCode, State.Health.Status, "
                   "HostConfig.NetworkMode, NetworkSettings.IPAddress and NetworkSettings.Networks.NAME.IPAddress.");
}

}  // namespace

bool has_fields(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) { return place_in(word, 0).has_value(); });
}

std::vector<std::string> filled_in(const std::vector<std::string>& words, const Inspection& inspection) {
  std::vector<std::string> result;
  for (const std::string& word : words) {
    std::string text;
    size_t done = 0;
    for (auto place = place_in(word, 0); place; place = place_in(word, done)) {
      text +=
          word.substr(done, place->begin - done) + field(inspection(place->container), place->path, place->container);
      done = place->end;
    }
    result.push_back(text + word.substr(done));
  }
  return result;
}

}  // namespace belay::units
