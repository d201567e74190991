#include "declared/project_images.h"

#include <algorithm>

#include "base/format.h"
#include "change/carry_out.h"
#include "model/labels.h"
#include "model/no_service.h"

namespace belay::declared {

namespace {

// A service of each group that is asked for.
std::vector<const Service*> asked_for(const Declaration& project, const ImageTask& task) {
  const auto& all = project.spec.services;
  std::set<std::string> wanted = task.services;
  for (const auto& name : wanted)
    if (std::none_of(all.begin(), all.end(), [&](const Service& service) { return service.group_name() == name; }))
      refuse_service(project.name.text(), name, service_names(all));
  for (size_t before = 0; task.with_needs && before != wanted.size();) {
    before = wanted.size();
    for (const auto& service : all)
      if (wanted.contains(service.group_name()))
        for (const Need& need : all_needs(service)) wanted.insert(project.spec.service(need.service).group_name());
  }
  std::vector<const Service*> found;
  std::set<std::string> groups;
  for (const auto& service : all)
    if ((wanted.empty() || wanted.contains(service.group_name())) && groups.insert(service.group_name()).second)
      found.push_back(&service);
  return found;
}

}  // namespace

bool may_be_pulled(const Declaration& project, const Service& service, const ImageBuild& build) {
  const auto pull = project.pulls.find(service.group_name());
  const bool is_refused = pull != project.pulls.end() && (pull->second == Pull::build || pull->second == Pull::never);
  // Only compared: names of services may have capitals and underscores where those of images may not.
  const std::string usual = format("{}-{}", project.name.text(), service.group_name());
  return build.obstacle && !is_refused && ImageRef::parse(service.image).repository != usual;
}

plan::Plan plan_of_pulls(const Declaration& project, const ImageTask& task) {
  plan::Plan plan;
  std::set<std::string> pulled;
  for (const Service* service : asked_for(project, task)) {
    const auto build = project.builds.find(service->group_name());
    if (build != project.builds.end() && !may_be_pulled(project, *service, build->second)) {
      plan.notes.push_back(format("{} is built, not pulled", service->group_name()));
      continue;
    }
    if (!pulled.insert(service->image).second) continue;
    const size_t step = plan.add(plan::PullImage{service->image}, "asked for");
    plan.actions[step].may_fail = task.ignore_failures;
  }
  return plan;
}

plan::Plan plan_of_missing_pulls(change::Context& context, const Declaration& project, const ImageTask& task,
                                 std::stop_token stop) {
  plan::Plan all = plan_of_pulls(project, task), missing;
  missing.notes = std::move(all.notes);
  for (auto& action : all.actions)
    if (const auto* pull = std::get_if<plan::PullImage>(&action.step);
        pull == nullptr || !context.engine.image(pull->reference, stop))
      missing.actions.push_back(std::move(action));
  return missing;
}

plan::Plan plan_of_pushes(const Declaration& project, const ImageTask& task) {
  plan::Plan plan;
  std::set<std::string> pushed;
  for (const Service* service : asked_for(project, task)) {
    const std::string& name = service->group_name();
    if (!project.builds.contains(name)) {
      if (!task.services.empty()) plan.notes.push_back(format("{} is pulled, not built: nothing to push", name));
      continue;
    }
    if (ImageRef::parse(service->image).repository.find('/') == std::string::npos) {
      plan.notes.push_back(
          format("{} is left out: its image {} names no registry and no account; say image: in the file", name,
                 service->image));
      continue;
    }
    if (!pushed.insert(service->image).second) continue;
    const size_t step = plan.add(plan::PushImage{service->image}, "asked for");
    plan.actions[step].may_fail = task.ignore_failures;
  }
  return plan;
}

plan::Plan plan_of_builds(const Declaration& project, const ImageTask& task) {
  plan::Plan plan;
  for (const Service* service : asked_for(project, task)) {
    const auto build = project.builds.find(service->group_name());
    if (build == project.builds.end()) {
      if (!task.services.empty()) plan.notes.push_back(format("{} is pulled, not built", service->group_name()));
      continue;
    }
    plan::BuildImage step = build_step(project, service->image, build->second);
    step.no_cache = step.no_cache || task.no_cache;
    step.pull = step.pull || task.pull;
    for (const auto& [name, value] : task.arguments) step.arguments[name] = value;
    plan.add(std::move(step), "asked for");
  }
  return plan;
}

plan::BuildImage build_step(const Declaration& project, const std::string& reference, const ImageBuild& build) {
  if (build.obstacle) throw ConfigError(*build.obstacle);
  plan::BuildImage step;
  step.folder = build.folder;
  step.dockerfile = build.dockerfile;
  step.tags = build.tags;
  step.tags.insert(step.tags.begin(), reference);
  step.arguments = build.arguments;
  step.labels = labels::for_image(project.name);
  step.labels.insert(build.labels.begin(), build.labels.end());
  step.target = build.target;
  step.network = build.network;
  step.platform = build.platform;
  step.secrets = build.secrets;
  step.no_cache = build.no_cache;
  step.pull = build.pull;
  step.dockerfile_text = build.dockerfile_text;
  step.cache_from = build.cache_from;
  step.extra_hosts = build.extra_hosts;
  step.shm_size = build.shm_size;
  step.ulimits = build.ulimits;
  return step;
}

plan::Plan plan_of_missing_image(change::Context& context, const Declaration& project, const Service& service,
                                 const std::string& reference, std::stop_token stop) {
  plan::Plan plan;
  if (context.engine.image(reference, stop)) return plan;
  const auto build = project.builds.find(service.group_name());
  if (build != project.builds.end() && !may_be_pulled(project, service, build->second))
    plan.add(build_step(project, reference, build->second), "it is not on this host");
  else
    plan.add(plan::PullImage{reference}, "it is not on this host");
  return plan;
}

void bring_images(change::Context& context, const plan::Plan& plan, std::stop_token stop) {
  change::carry_out_whole(context, plan, {}, std::move(stop));
}

}  // namespace belay::declared
