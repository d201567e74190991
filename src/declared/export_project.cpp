#include "declared/export_project.h"

#include <algorithm>

#include "base/format.h"
#include "change/apps.h"
#include "formats/compose/declaration.h"
#include "formats/dockerup.h"
#include "model/labels.h"
#include "state/store.h"

namespace belay::declared {

namespace {

namespace compose = formats::compose;

// What its definition says today, for policies and the like; nullopt: it has none that can be read.
std::optional<Declaration> definition_of_app(const App& app, const Spec& spec) {
  try {
    if (spec.project) {
      compose::Request request;
      request.files = spec.project->files;
      request.project_folder = spec.project->folder;
      request.env_files.assign(spec.project->env_files.begin(), spec.project->env_files.end());
      request.profiles = spec.project->profiles;
      request.name = app.name.text();
      return compose::declared_project(compose::load(request, compose::this_machine({}))).declaration;
    }
    const fs::path file = app.origin.substr(0, app.origin.find('#'));
    if (file.extension() != ".json") return {};
    for (auto& read : formats::parse_dockerup({file.string(), read_file(file), file.parent_path()}).good)
      if (read.declaration.name == app.name) return read.declaration;
  } catch (const Error&) {
    // The release says what runs; that the file is gone or broken changes nothing of it.
  }
  return {};
}

// "shop:1.4" with what the registry calls it: "shop:1.4@sha256:…".
void pin(Spec& spec, const Release& release, std::vector<std::string>& warnings) {
  for (Service& service : spec.services) {
    const auto digest = release.digests.find(service.name);
    const size_t at = digest == release.digests.end() ? std::string::npos : digest->second.find("sha256:");
    if (at == std::string::npos) {
      warnings.push_back(format("{} has no digest: no registry is known to have it", service.image));
      continue;
    }
    service.image = service.image.substr(0, service.image.find('@')) + "@" + digest->second.substr(at);
  }
}

// The file names images; what a name means may have changed since.
void warn_of_other_images(change::Context& context, const Release& release, std::vector<std::string>& warnings,
                          std::stop_token stop) {
  for (const Service& service : release.spec.services) {
    const auto known = release.images.find(service.name);
    const auto image = context.engine.image(service.image, stop);
    if (known != release.images.end() && image && image->id != known->second)
      warnings.push_back(format("{} is another image by now than the one of {} ({}): --pin writes down which one",
                                service.image, release.number.text(), short_digest(known->second)));
  }
}

compose::ExportedApp exported(change::Context& context, const App& app, const ExportOptions& options,
                              std::vector<std::string>& warnings, std::stop_token stop) {
  const Release& release = options.release ? app.release(*options.release) : change::release_of_data(app);
  compose::ExportedApp exported{app.name, release.spec, app.scheme, definition_of_app(app, release.spec)};
  if (options.pin)
    pin(exported.spec, release, warnings);
  else
    warn_of_other_images(context, release, warnings, stop);
  return exported;
}

// Containers of declared names must go before the file's can come, and the app's own network goes with them.
bool goes_with_an_app(const Network& network, const compose::Export& what) {
  const auto owner = network.labels.find(labels::app);
  return owner != network.labels.end() &&
         std::any_of(what.apps.begin(), what.apps.end(), [&](const compose::ExportedApp& app) {
           return app.scheme == NamingScheme::fixed && app.name.text() == owner->second;
         });
}

ExportedProject written(change::Context& context, compose::Export what, std::vector<std::string> warnings,
                        std::stop_token stop) {
  for (const Volume& volume : context.engine.volumes({}, stop)) what.volumes.insert(volume.name);
  for (const Network& network : context.engine.networks(stop))
    if (!goes_with_an_app(network, what)) what.networks.insert(network.name);
  if (const std::string name = compose::project_name(what.project); name != what.project)
    warnings.push_back(format("the project is called {}: Compose takes small letters, digits, - and _ only", name));
  return {compose::write_project(what), std::move(warnings)};
}

}  // namespace

ExportedProject export_app(change::Context& context, const AppName& name, const ExportOptions& options,
                           std::stop_token stop) {
  const App app = change::known_app(context, name, stop);
  compose::Export what{options.project.empty() ? name.text() : options.project, {}};
  what.variables_apart = options.variables_apart;
  std::vector<std::string> warnings;
  what.apps.push_back(exported(context, app, options, warnings, stop));
  return written(context, std::move(what), std::move(warnings), stop);
}

ExportedProject export_folder(change::Context& context, const fs::path& folder, const ExportOptions& options,
                              std::stop_token stop) {
  const fs::path place = plain_absolute(folder);
  const Declarations declarations = read_definitions(place, {});
  if (!declarations.broken.empty()) throw declarations.broken.front().error;
  const fs::path named = place.has_filename() ? place : place.parent_path();
  compose::Export what{options.project.empty() ? named.filename().string() : options.project, {}};
  what.variables_apart = options.variables_apart;
  std::vector<std::string> warnings;
  for (const Declaration& declared : declarations.apps) {
    if (declared.scheme == NamingScheme::compose) {
      warnings.push_back(format("{} is a Compose project already, in {}", declared.name.text(), declared.origin));
      continue;
    }
    const auto app = context.store.app(declared.name);
    if (!app || (!change::what_runs(*app) && !app->last)) {
      what.apps.push_back({declared.name, declared.spec, declared.scheme, declared});
      continue;
    }
    what.apps.push_back(exported(context, *app, options, warnings, stop));
    what.apps.back().declared = declared;
  }
  if (what.apps.empty())
    throw NotFound(ErrorCode::app_not_found, format("there are no definitions of apps in {}", place.string()),
                   "belay export --compose NAME writes one app; belay ls lists them.");
  return written(context, std::move(what), std::move(warnings), stop);
}

}  // namespace belay::declared
