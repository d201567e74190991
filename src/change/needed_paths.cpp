#include "change/needed_paths.h"

#include <algorithm>

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

// What it is bound to was there once: one of its containers was started, by which the engine makes what it can.
bool was_tried(const App& app, const Release& release, const World& world) {
  if (release.verdict != Verdict::pending) return true;
  const auto instances = plan::instances(app, world);
  return std::any_of(instances.begin(), instances.end(), [&](const plan::Instance& instance) {
    return instance.release == release.number && instance.container->state != ContainerState::created;
  });
}

void leave_out(Service& service, const DataPlace& place) {
  if (place.kind == DataPlace::Kind::volume) return;
  std::erase_if(service.mounts, [&](const Mount& mount) {
    return mount.kind == Mount::Kind::bind &&
           (mount.source == place.source || mount.source.starts_with(place.source + "/"));
  });
}

}  // namespace

std::optional<NotFound> missing_for(Context& context, const App& app, const World& world, const plan::Plan& plan,
                                    std::stop_token stop) {
  if (!app.wish.is<goal::Run>() || !app.wish.release()) return {};
  const Release* wished = app.find(*app.wish.release());
  if (wished == nullptr) return {};
  Spec started;
  for (const auto& service : wished->spec.services)
    if (is_started(app, *wished, service, world, plan)) started.services.push_back(service);
  for (auto& service : started.services)
    for (const auto& exchange : app.wish.data) leave_out(service, exchange.place);
  const auto running = what_runs(app);
  const Release* before = was_tried(app, *wished, world) ? wished : running ? app.find(*running) : nullptr;
  return missing_error(context, started, before, std::move(stop));
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
