#include "model/origin.h"

#include "base/format.h"

namespace belay {

std::string command_of_origin(const App& app) {
  if (app.builds.empty())
    for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release)
      if (release->spec.project) return format("belay up {}", release->spec.project->folder);
  if (!app.builds.empty() || app.origin.empty()) return format("belay build {}", app.name.text());
  // Definitions are JSON, units are YAML.
  if (app.origin.ends_with(".yaml") || app.origin.ends_with(".yml"))
    return format("belay unit run {}", app.name.text());
  return "belay apply";
}

}  // namespace belay
