#include "formats/compose/declaration.h"

#include <algorithm>

#include "base/format.h"
#include "formats/compose/map.h"
#include "formats/place.h"
#include "model/no_service.h"

namespace belay::formats::compose {

namespace {

// With those that they need, directly or through others.
std::set<std::string> with_needs(const Spec& spec, const std::vector<std::string>& services, const Project& project,
                                 WithNeeds needs) {
  std::set<std::string> found(services.begin(), services.end());
  for (const auto& name : services)
    if (std::none_of(spec.services.begin(), spec.services.end(),
                     [&](const Service& service) { return service.group_name() == name; }))
      refuse_service(project.name, name, service_names(spec.services));
  for (size_t before = 0; needs == WithNeeds::yes && before != found.size();) {
    before = found.size();
    for (const auto& service : spec.services)
      if (found.contains(service.group_name()))
        for (const Need& need : all_needs(service)) found.insert(spec.service(need.service).group_name());
  }
  for (const auto& service : spec.services)
    if (found.contains(service.prepares)) found.insert(service.name);
  return found;
}

std::vector<HookCommand> hook_commands(const std::vector<Hook>& hooks) {
  std::vector<HookCommand> commands;
  for (const Hook& hook : hooks)
    commands.push_back({hook.command, hook.user, hook.working_dir, hook.environment, hook.privileged});
  return commands;
}

// What was read beside the Compose files and the files of variables, each once.
std::vector<std::string> other_files_of(const Project& project, const Mapped& mapped) {
  std::set<std::string> files(project.included.begin(), project.included.end());
  files.insert(project.read.begin(), project.read.end());
  for (const fs::path& profile : mapped.seccomp_profiles) files.insert(profile.lexically_normal().string());
  return {files.begin(), files.end()};
}

fs::path dockerfile_of(const Build& build) {
  return fs::path(build.context) / (build.dockerfile.empty() ? "Dockerfile" : build.dockerfile);
}

ImageBuild image_build(const Build& build) {
  ImageBuild image{build.context, dockerfile_of(build), build.target,  build.network,  build.platform, build.arguments,
                   build.labels,  build.tags,           build.secrets, build.no_cache, build.pull};
  if (!build.dockerfile_inline.empty()) image.dockerfile_text = build.dockerfile_inline;
  image.cache_from = build.cache_from;
  image.extra_hosts = build.extra_hosts;
  image.shm_size = build.shm_size;
  image.ulimits = build.ulimits;
  if (!build.obstacles.empty()) image.obstacle = build.obstacles.front();
  return image;
}

Pull pull_of(const PullPolicy& policy) {
  switch (policy.kind) {
    case PullPolicy::Kind::always:
    case PullPolicy::Kind::every:
      return Pull::always;
    case PullPolicy::Kind::never:
      return Pull::never;
    case PullPolicy::Kind::build:
      return Pull::build;
    case PullPolicy::Kind::missing:
      break;
  }
  return Pull::missing;
}

}  // namespace

DeclaredProject declared_project(const Project& project, const std::vector<std::string>& services, WithNeeds needs) {
  const SourcePosition place{project.files.empty() ? std::string() : project.files.front(), 1, 1};
  if (!AppName::is_valid(project.name))
    throw ConfigError(place, format("'{}' is too short for the name of an app", project.name),
                      "Give the project another name: name: NAME in the file, or -p NAME.");
  Mapped mapped = map_project(project);
  DeclaredProject result{Declaration(AppName(project.name)), {}};
  Declaration& declared = result.declaration;
  declared.spec = std::move(mapped.spec);
  declared.spec.snapshot = mapped.settings.snapshot;
  declared.spec.project = belay::Project{project.folder.string(), project.files, project.env_files, project.profiles,
                                         other_files_of(project, mapped)};
  for (auto& service : declared.spec.services)
    if (const auto hooks = mapped.hooks.find(service.group_name()); hooks != mapped.hooks.end()) {
      service.post_start = hook_commands(hooks->second.post_start);
      service.pre_stop = hook_commands(hooks->second.pre_stop);
    }
  for (auto& service : declared.spec.services)
    if (const auto name = mapped.container_names.find(service.name); name != mapped.container_names.end())
      service.container_name = name->second;
  declared.switched_off.insert(project.off.begin(), project.off.end());
  declared.only = with_needs(declared.spec, services, project, needs);
  declared.policies = std::move(mapped.settings.policies);
  declared.origin_kind = Origin::project;
  declared.origin = place.file == "-" ? "standard input" : place.file;
  declared.place = place;
  declared.watched = std::move(mapped.watched);
  for (const auto& [name, definition] : declared.spec.volumes) declared.named_volumes.insert(name);
  declared.scheme = NamingScheme::compose;
  for (const auto& service : declared.spec.services) {
    const auto policy = mapped.pull.find(service.group_name());
    const Pull usual = mapped.updates.contains(service.group_name()) ? Pull::by_policy : Pull::missing;
    declared.pulls[service.group_name()] = policy == mapped.pull.end() ? usual : pull_of(policy->second);
    if (policy != mapped.pull.end() && policy->second.kind == PullPolicy::Kind::every)
      declared.pull_periods[service.group_name()] = policy->second.period;
  }
  declared.updates = std::move(mapped.updates);
  declared.schedules = std::move(mapped.schedules);
  for (const auto& [service, build] : mapped.builds) declared.builds[service] = image_build(build);
  for (const Notice& notice : project.notices)
    result.notices.push_back(format("{}: {}", notice.where.text(), notice.text));
  for (const Remark& remark : mapped.remarks)
    result.notices.push_back(format("{}: {}: {}", remark.where.text(), remark.key, remark.text));
  return result;
}

}  // namespace belay::formats::compose
