#include "declared/declare.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "formats/dockerup_write.h"
#include "state/store.h"

namespace belay::declared {

namespace {

// A definition is of one service and its replicas: of several it would be none of them.
void refuse_several_services(const AppName& name, const Spec& spec) {
  std::vector<std::string> services;
  for (const auto& service : spec.services)
    if (std::find(services.begin(), services.end(), service.group_name()) == services.end())
      services.push_back(service.group_name());
  if (services.size() < 2) return;
  throw Error(ErrorCode::unsupported,
              format("{} has several services ({}), and a definition is for one", name.text(), join(services, ", ")),
              format("belay export --compose {} writes a Compose file of it{}", name.text(),
                     spec.project ? "; belay config prints the one that it is made from." : "."));
}

}  // namespace

DeclaredText declare(change::Context& context, const AppName& name, const std::optional<ReleaseNumber>& which,
                     std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const Release& release = which ? app.release(*which) : change::release_of_data(app);
  const Spec& spec = release.spec;
  refuse_several_services(name, spec);
  std::string schedule;
  for (const auto& errand : context.store.errands(name.text()))
    if (errand.kind == Errand::Kind::job) schedule = errand.schedule;
  const auto written = formats::write_dockerup(name, spec, schedule);
  DeclaredText declared{written.text, written.left_out, {}};
  for (const auto& service : spec.services) {
    const auto known = release.images.find(service.name);
    const auto image = context.engine.image(service.image, stop);
    if (known != release.images.end() && image && image->id != known->second)
      declared.warnings.push_back(format("{} is another image by now than the one of {} ({}): the definition means it",
                                         service.image, release.number.text(), short_digest(known->second)));
  }
  if (without_secrets(spec) != spec)
    declared.warnings.emplace_back(
        "it holds secrets in plain text: keep the file private (chmod 600), or name a file of them with env_file");
  if (!app.origin.empty())
    declared.warnings.push_back(format("{} is declared already, in {}", name.text(), app.origin));
  return declared;
}

}  // namespace belay::declared
