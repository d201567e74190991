#include "family/take_over.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/kept_files.h"
#include "change/one_owner.h"
#include "change/start.h"
#include "family/adopting.h"
#include "family/found.h"
#include "formats/docker_run.h"
#include "model/labels.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::family {

namespace {

void refuse_losses(const Adopted& adopted, const TakeOver& how) {
  if (adopted.lost.empty() || how.lossy) return;
  throw Conflict(
      ErrorCode::settings_lost,
      format("Belay has no place for all settings of what is there, and the next release would be without them: {}",
             join(adopted.lost, "; ")),
      format("belay adopt {} {} --lossy takes it over all the same.", adopted.app, join(adopted.containers, " ")));
}

// The app is there: the same command was given before, and its answer was lost, or somebody gave it again.
std::optional<Adopted> adopted_before(const App& app, const std::vector<std::string>& wanted) {
  Adopted adopted;
  adopted.app = app.name.text();
  adopted.was_there = true;
  adopted.last = app.last;
  adopted.stable = app.stable;
  adopted.autostart = app.autostart;
  for (const auto& release : app.releases)
    if (release.adopted)
      for (const auto& [service, container] : release.containers) adopted.containers.push_back(container);
  const auto is_ours = [&](const std::string& container) {
    return std::count(adopted.containers.begin(), adopted.containers.end(), container) > 0;
  };
  if (adopted.containers.empty() || !std::all_of(wanted.begin(), wanted.end(), is_ours)) return {};
  return adopted;
}

bool bear_its_labels(change::Context& context, const AppName& name, std::stop_token stop) {
  return !context.store.app(name) &&
         !context.engine.containers({true, format("{}={}", labels::app, name.text())}, stop).empty();
}

// The container of nobody that bears the app's very name.
std::vector<std::string> namesake(const std::vector<Container>& all, const AppName& name) {
  for (const auto& container : all)
    if (!container.owner() && container.name == name.text()) return {container.name};
  return {};
}

std::vector<std::string> containers_to_adopt(change::Context& context, const AppName& name,
                                             const std::optional<NamingScheme>& scheme, std::stop_token stop) {
  const auto all = context.engine.containers({}, stop);
  std::vector<std::string> found = foreign_containers(all, name);
  if (scheme)
    std::erase_if(found, [&](const std::string& container) { return foreign_scheme(container, name) != scheme; });
  if (found.empty()) found = namesake(all, name);
  std::erase_if(found, [&](const std::string& container) { return owner_of(context, container, stop).has_value(); });
  return found;
}

// Marks are an addition: what is wrong with them is told, and the containers are adopted all the same.
std::optional<FamilyOfStore> marks_for(const AppName& name, const TakeOver& how, std::vector<std::string>& warnings) {
  try {
    if (how.scheme != NamingScheme::dcv)
      if (auto family = family_of_store(how.stores.jockler, NamingScheme::jcl, name)) return family;
    return family_of_store(how.stores.dockervisor, NamingScheme::dcv, name);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    warnings.push_back(format("{}: its marks are left out", error.what()));
    return {};
  }
}

// Of an app without releases: what was asked for, else what the newest container with a name of the tools says.
void choose_scheme(App& app, const TakeOver& how, const std::vector<std::string>& containers) {
  if (!app.releases.empty() || app.highest_release > 0) {
    if (how.scheme && *how.scheme != app.scheme)
      throw Conflict(format("{} has the naming scheme {} already", app.name.text(), to_text(app.scheme)),
                     "Leave --scheme out.");
    return;
  }
  for (const auto& container : containers)
    if (const auto found = foreign_scheme(container, app.name)) app.scheme = *found;
  if (how.scheme) app.scheme = *how.scheme;
}

// Whoever takes it over may believe that it comes back by itself.
void note_restart_policy(change::Context& context, const App& app) {
  const Release* runs = app.last ? app.find(*app.last) : nullptr;
  if (runs == nullptr || app.autostart != Autostart::none) return;
  for (const auto& service : runs->spec.services)
    if (service.restart.name == "no")
      context.report.note(
          format("{0} does not come back by itself after an end or a reboot: its restart policy is no (belay set {0} "
                 "restart=unless-stopped)",
                 app.name.text()));
}

}  // namespace

Spec spec_of_container(const AppName& app, const ContainerDetail& detail, const std::string& service) {
  Spec spec;
  spec.services.push_back(detail.service);
  Service& only = spec.services.back();
  only.name = service.empty() ? app.text() : service;
  if (only.image.empty()) only.image = detail.container.image;
  // Our own labels belong to the container, not to what it should be; the restart policy in force may be Belay's own.
  std::erase_if(only.labels, [](const auto& label) { return label.first.starts_with("belay."); });
  return spec;
}

Adopted adopt(change::Context& context, const AppName& name, std::vector<std::string> wanted, const TakeOver& how,
              std::stop_token stop) {
  const FileLock lock = lock_app_as_found(context, name, stop);
  const auto known = context.store.app(name);
  App app = known ? *known : App(name);
  if (!known) app.created = context.clock.now();
  if (app.wish.is<goal::Removed>())
    throw Conflict(ErrorCode::being_removed, format("{} is being removed", name.text()),
                   format("belay remove {} finishes it.", name.text()));
  const std::vector<std::string> asked = wanted;
  if (wanted.empty()) wanted = containers_to_adopt(context, name, how.scheme, stop);
  if (known && (wanted.empty() || !asked.empty()))
    if (auto before = adopted_before(*known, asked)) {
      before->plan = pins(context, *known, stop);
      before->dry_run = how.dry_run;
      if (!how.dry_run) run_pins(context, before->plan, stop);
      return *before;
    }
  if (wanted.empty())
    throw NotFound(ErrorCode::container_not_found,
                   format("no container that could be adopted is called {0}, jcl_{0}_… or dcv_{0}", name.text()),
                   bear_its_labels(context, name, stop)
                       ? std::string("The engine has containers with its labels, as after belay forget: belay recover "
                                     "takes them.")
                       : format("Name the container: belay adopt {} CONTAINER", name.text()));
  if (known && !how.dry_run) finish_unfinished(context, app, stop);
  std::optional<FileLock> adopting;
  if (!how.dry_run) adopting = lock_adoptions(context, stop);
  Adopted adopted;
  const auto store = marks_for(name, how, adopted.warnings);
  choose_scheme(app, how, wanted);
  TakenIn taken = adopt_containers(context, app, wanted, store ? &*store : nullptr, stop);
  adopted.app = name.text();
  adopted.containers = std::move(taken.containers);
  adopted.lost = std::move(taken.lost);
  adopted.warnings.insert(adopted.warnings.end(), taken.warnings.begin(), taken.warnings.end());
  adopted.last = app.last;
  adopted.stable = app.stable;
  adopted.autostart = app.autostart;
  adopted.dry_run = how.dry_run;
  refuse_losses(adopted, how);
  for (const auto& note : taken.notes) context.report.note(note);
  note_restart_policy(context, app);
  adopted.plan = pins(context, app, stop);
  if (how.dry_run) return adopted;
  run_pins(context, adopted.plan, stop);
  learn_settings_files(context, app, change::Learnt::adopted, stop);
  context.store.save(app, change::to_own_alone(app));
  const std::string lost = adopted.lost.empty() ? "" : "; without " + join(adopted.lost, "; ");
  write_journal(context, app, "adopt", "done", join(adopted.containers, ", ") + lost);
  return adopted;
}

namespace {

// A line says all there is to say: ports and volumes of the image are not published behind the user's back.
std::map<std::string, Configuration> configurations_of(const Spec& spec) {
  return {{"default", {spec, true, true}}};
}

}  // namespace

Imported import_run(change::Context& context, const std::string& wanted_name, const std::vector<std::string>& line,
                    bool dry_run, std::stop_token stop) {
  const formats::RunLine parsed = formats::parse_run_line(line, {});
  if (wanted_name.empty() && parsed.name.empty())
    throw UsageError("the line gives the container no name", "Name the app: belay import run NAME -- docker run …");
  const AppName name(wanted_name.empty() ? parsed.name : wanted_name);
  Imported imported{name.text(), {}, parsed.warnings, {}, {}};
  Spec spec;
  spec.services.push_back(parsed.service);
  spec.services[0].name = name.text();
  check_spec(spec);
  imported.spec = spec_to_json(without_secrets(spec), 2);
  const FileLock lock = lock_app(context, name, stop);
  auto app = context.store.app(name);
  const std::string reference = ImageRef::parse(parsed.service.image).text();
  auto image = context.engine.image(reference, stop);
  if (!image) imported.plan.add(plan::PullImage{reference}, "it is not on this host");
  if (dry_run) {
    imported.image = image ? image->id : "";
    return imported;
  }
  if (!image) {
    change::carry_out_whole(context, imported.plan, {}, stop);
    image = context.engine.image(reference, stop);
    if (!image)
      throw NotFound(ErrorCode::image_not_found, format("{} was pulled, but the engine does not have it", reference));
  }
  imported.image = image->id;
  if (app && !app->builds.empty() && app->builds.back().image == image->id && app->builds.back().tag == reference &&
      app->builds.back().configurations == configurations_of(spec)) {
    imported.changed = false;
    return imported;
  }
  if (!app) {
    app.emplace(name);
    app->created = context.clock.now();
  }
  Build build;
  build.number = app->builds.empty() ? 1 : app->builds.back().number + 1;
  build.image = image->id;
  build.tag = reference;
  build.configurations = configurations_of(spec);
  build.created = context.clock.now();
  build.who = context.who;
  app->builds.push_back(std::move(build));
  context.store.save(*app);
  write_journal(context, *app, "import", "done", reference);
  return imported;
}

}  // namespace belay::family
