#include "change/needed_paths.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/format.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "plan/planner.h"

namespace belay::change {

namespace {

// Whether the plan makes a container of the service, or starts the one that is there, whatever it renames that to.
bool is_started(const App& app, const Release& release, const Service& service, const World& world,
                const plan::Plan& plan) {
  const Container* present = plan::find_instance(app, world, release.number, service.name);
  std::string name = present == nullptr ? std::string() : present->name;
  for (const auto& action : plan.actions) {
    if (const auto* rename = std::get_if<plan::RenameContainer>(&action.step);
        rename != nullptr && rename->from == name)
      name = rename->to;
    if (const auto* start = std::get_if<plan::StartContainer>(&action.step); start != nullptr && start->name == name)
      return true;
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step))
      if (const auto owner = labels::owner(create->labels); owner && owner->service == service.name) return true;
  }
  return false;
}

// The release with those of its services alone whose paths were there once: one of their containers was started, by
// which the engine makes what it can. Those of what runs were there, too. nullopt: none was.
std::optional<Release> as_far_as_tried(const App& app, const Release& release, const World& world) {
  const auto running = what_runs(app);
  const Release* runs = running ? app.find(*running) : nullptr;
  if (release.verdict == Verdict::passed || runs == &release) return release;
  Release tried = release;
  const auto instances = plan::instances(app, world);
  std::erase_if(tried.spec.services, [&](const Service& service) {
    return std::none_of(instances.begin(), instances.end(), [&](const plan::Instance& instance) {
      return instance.service == service.name && instance.release == release.number &&
             instance.container->state != ContainerState::created;
    });
  });
  if (runs != nullptr)
    tried.spec.services.insert(tried.spec.services.end(), runs->spec.services.begin(), runs->spec.services.end());
  if (tried.spec.services.empty()) return {};
  return tried;
}

void leave_out(Service& service, const DataPlace& place) {
  if (place.kind == DataPlace::Kind::volume) return;
  std::erase_if(service.mounts, [&](const Mount& mount) {
    return mount.kind == Mount::Kind::bind &&
           (mount.source == place.source || mount.source.starts_with(place.source + "/"));
  });
}

// Those that the plan creates or starts, without what the wish itself puts in place.
Spec started_services(const App& app, const Release& wished, const World& world, const plan::Plan& plan) {
  Spec started = wished.spec;
  std::erase_if(started.services,
                [&](const Service& service) { return !is_started(app, wished, service, world, plan); });
  for (auto& service : started.services)
    for (const auto& exchange : app.wish.data) leave_out(service, exchange.place);
  return started;
}

// What the services that are started bind, as far as `counts` says so, and what is not there.
std::set<std::string> folders_missing(Context& context, const App& app, const World& world, const plan::Plan& plan,
                                      bool (*counts)(const Spec&, const Mount&), std::stop_token stop) {
  if (!app.wish.is<goal::Run>() || !app.wish.release()) return {};
  const Release* wished = app.find(*app.wish.release());
  if (wished == nullptr || !wished->spec.project) return {};
  const Spec started = started_services(app, *wished, world, plan);
  std::set<std::string> missing;
  for (const auto& service : started.services)
    for (const auto& mount : service.mounts)
      if (std::error_code error; counts(started, mount) && !fs::exists(mount.source, error) && !error)
        missing.insert(mount.source);
  if (missing.empty() || !sees_host_files(context, std::move(stop))) return {};
  return missing;
}

}  // namespace

std::optional<NotFound> missing_for(Context& context, const App& app, const World& world, const plan::Plan& plan,
                                    std::stop_token stop) {
  if (!app.wish.is<goal::Run>() || !app.wish.release()) return {};
  const Release* wished = app.find(*app.wish.release());
  if (wished == nullptr) return {};
  const Spec started = started_services(app, *wished, world, plan);
  const auto before = as_far_as_tried(app, *wished, world);
  return missing_error(context, started, before ? &*before : nullptr, std::move(stop));
}

void make_missing_folders(Context& context, const App& app, const World& world, const plan::Plan& plan,
                          std::stop_token stop) {
  for (const auto& path : folders_missing(context, app, world, plan, makes_missing, std::move(stop))) {
    make_folder(path);
    context.report.note(format("{} was missing: an empty folder was made", path));
  }
}

void note_missing_folders(Context& context, const App& app, const World& world, plan::Plan& plan,
                          std::stop_token stop) {
  const auto is_made = [](const Spec& spec, const Mount& mount) {
    return spec.project && mount.kind == Mount::Kind::bind && !mount.must_exist;
  };
  for (const auto& path : folders_missing(context, app, world, plan, is_made, std::move(stop)))
    plan.notes.push_back(format("{} is missing: an empty folder is made there", path));
}

void refuse_missing_beside(Context& context, const App& app, const Release& release,
                           const std::vector<DataPlace>& filled, std::stop_token stop) {
  Spec spec = release.spec;
  for (auto& service : spec.services)
    for (const auto& place : filled) leave_out(service, place);
  const bool was_there = release.verdict != Verdict::pending || what_runs(app) == release.number;
  refuse_missing_paths(context, spec, was_there ? &release : nullptr, std::move(stop));
}

}  // namespace belay::change
