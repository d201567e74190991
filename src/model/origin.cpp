#include "model/origin.h"

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

// The folder of the app's Compose project, as of its newest release that has one; nullptr: it is no project.
const std::string* project_folder(const App& app) {
  if (!app.builds.empty()) return nullptr;
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release)
    if (release->spec.project) return &release->spec.project->folder;
  return nullptr;
}

}  // namespace

Origin kind_of_origin(const App& app) {
  if (project_folder(app) != nullptr) return Origin::project;
  if (!app.builds.empty() || app.origin.empty()) return Origin::family;
  return app.origin_kind;
}

std::string command_of_origin(const App& app) {
  switch (kind_of_origin(app)) {
    case Origin::project:
      return format("belay up {}", shell_quoted(*project_folder(app)));
    case Origin::unit:
      return format("belay unit run {}", app.name.text());
    case Origin::definition:
      return "belay apply";
    case Origin::family:
      break;
  }
  return format("belay build {}", app.name.text());
}

}  // namespace belay
