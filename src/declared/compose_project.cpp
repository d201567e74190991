#include "declared/compose_project.h"

#include <algorithm>

#include "archive/tar_reader.h"
#include "archive/text_source.h"
#include "base/format.h"
#include "base/presence.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/file_marks.h"
#include "declared/same_service.h"
#include "model/compose_labels.h"
#include "plan/planner.h"

namespace belay::declared {

namespace {

std::string label_of(const Container& container, const char* name) {
  const auto found = container.labels.find(name);
  return found == container.labels.end() ? std::string() : found->second;
}

bool is_of_the_project(const Container& container, const AppName& name) {
  if (label_of(container, labels::compose_project) != name.text()) return false;
  if (label_of(container, labels::compose_oneoff) == "True") return false;
  return !container.owner() && !container.labels.contains(labels::app) &&
         !container.labels.contains(labels::temporary) && !label_of(container, labels::compose_service).empty();
}

// Of two for one service the one that is up, else the one that was made later.
bool is_before(const Container& a, const Container& b) {
  return std::tuple(a.is_up(), a.created.size(), a.created) > std::tuple(b.is_up(), b.created.size(), b.created);
}

// Which replica it is stands in its label; the numbers of docker compose may have gaps.
const Service* service_for(const Declaration& declared, const Container& container,
                           const std::map<std::string, Container>& taken) {
  const std::string name = label_of(container, labels::compose_service);
  const auto number = parse_number(label_of(container, labels::compose_number)).value_or(1);
  const Service* free = nullptr;
  for (const auto& service : declared.spec.services) {
    if (service.group_name() != name || taken.contains(service.name)) continue;
    if (service.number == number) return &service;
    if (free == nullptr) free = &service;
  }
  return free;
}

fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : found;
}

// "service:NAME" in place of a container of the project. docker compose names containers by their ids.
class SharedParts {
 public:
  SharedParts(change::Context& context, const Release& release, std::stop_token stop)
      : context_(context), release_(release), stop_(std::move(stop)) {}

  void name_services(Service& service) {
    constexpr std::string_view of_container = "container:";
    for (auto* mode : {&service.network_mode, &service.pid_mode, &service.ipc_mode, &service.uts_mode})
      if (mode->starts_with(of_container))
        if (const std::string other = service_of(mode->substr(of_container.size())); !other.empty())
          *mode = "service:" + other;
    for (auto& reference : service.volumes_from) {
      const size_t colon = reference.find(':');
      if (const std::string other = service_of(reference.substr(0, colon)); !other.empty())
        reference = "service:" + other + (colon == std::string::npos ? std::string() : reference.substr(colon));
    }
    // Names in the networks of both are aliases there.
    std::erase_if(service.links,
                  [&](const std::string& link) { return !service_of(link.substr(0, link.find(':'))).empty(); });
  }

 private:
  std::string service_of(const std::string& reference) const {
    const auto named = [&](const std::string& name) -> std::string {
      for (const auto& [service, container] : release_.containers)
        if (container == name) return service;
      return {};
    };
    if (std::string service = named(reference); !service.empty()) return service;
    const auto detail = context_.engine.container(reference, stop_);
    return detail ? named(detail->container.name) : std::string();
  }

  change::Context& context_;
  const Release& release_;
  const std::stop_token stop_;
};

// The only file of a tar; nullopt: it holds something else.
std::optional<ServiceFile> file_in(std::string_view tar, const std::string& target) {
  archive::TarReader reader(archive::text_source(tar));
  archive::TarEntry entry;
  if (!reader.next(entry) || entry.kind != archive::TarEntry::Kind::file || entry.sparse) return {};
  ServiceFile file{
      target, {}, static_cast<int>(entry.user), static_cast<int>(entry.group), static_cast<int>(entry.permissions)};
  for (auto part = reader.content(); !part.empty(); part = reader.content()) file.content += part;
  if (reader.next(entry)) return {};
  return file;
}

// What the container holds at the file's place; nullopt: nothing, or something that is certainly not this file.
std::optional<ServiceFile> written_file(change::Context& context, const std::string& container, const ServiceFile& file,
                                        std::stop_token stop) {
  const size_t largest = file.content.size() + (size_t{64} << 10);
  std::string tar;
  try {
    context.engine.read_archive(
        container, file.target,
        [&](std::string_view bytes) {
          if (tar.size() + bytes.size() > largest)
            throw NotFound(format("{} in {} is larger than the declared one", file.target, container));
          tar += bytes;
        },
        std::move(stop));
    return file_in(tar, file.target);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

// Files of secrets and configs are copied by Belay; docker compose binds those that are files on the host, and writes
// the others into the container. One that holds the same is the same.
void take_files(change::Context& context, const std::string& container, Service& shown, const Service& declared,
                const std::stop_token& stop) {
  for (const auto& file : declared.files) {
    const auto bound = std::find_if(shown.mounts.begin(), shown.mounts.end(), [&](const Mount& mount) {
      return mount.kind == Mount::Kind::bind && mount.target == file.target;
    });
    if (bound == shown.mounts.end()) {
      if (auto written = written_file(context, container, file, stop)) shown.files.push_back(std::move(*written));
      continue;
    }
    const auto content = read_file_if_present(bound->source, ByteCount{16 << 20});
    if (!content || *content != file.content) continue;
    shown.mounts.erase(bound);
    shown.files.push_back(file);
  }
}

// The release that is wished up, where its container of the service is there.
void go_on_with(const App& app, const Release& present, const Service& service, const World& world, Release& release) {
  const auto known = std::find_if(present.spec.services.begin(), present.spec.services.end(),
                                  [&](const Service& each) { return each.name == service.name; });
  if (known == present.spec.services.end() || plan::find_instance(app, world, present.number, service.name) == nullptr)
    return;
  release.spec.services.push_back(*known);
  release.bodies[service.name] = {present.container_release(service.name), present.container_identity(service.name)};
  for (auto map : {&Release::images, &Release::digests, &Release::containers, &Release::container_created})
    if (const auto entry = (present.*map).find(service.name); entry != (present.*map).end())
      (release.*map)[service.name] = entry->second;
}

void take(change::Context& context, const Service& service, const Container& container, const World& world,
          Release& release, std::stop_token stop) {
  const auto detail = context.engine.container(container.name, stop);
  if (!detail)
    throw Conflict(ErrorCode::foreign_container, format("the container {} went away a moment ago", container.name),
                   "docker compose may be at work; try again when it is done.");
  Service shown = detail->service;
  shown.name = service.name;
  change::learn_volumes(shown, detail->container, world);
  release.images[service.name] = detail->container.image_id;
  release.containers[service.name] = container.name;
  release.container_created[service.name] = container.created;
  release.spec.services.push_back(std::move(shown));
}

}  // namespace

ComposeContainers made_by_compose(const Declaration& declared, const App* app, const std::vector<Container>& all) {
  ComposeContainers found;
  std::vector<Container> candidates;
  for (const auto& container : all)
    if (is_of_the_project(container, declared.name)) candidates.push_back(container);
  if (candidates.empty()) return found;
  World world;
  world.containers = all;
  const auto own = app == nullptr ? std::vector<plan::Instance>{} : plan::instances(*app, world);
  const auto is_own = [&](const Container& container) {
    return std::any_of(own.begin(), own.end(),
                       [&](const auto& each) { return each.container->name == container.name; });
  };
  const Release* present = app != nullptr && app->wish.release() ? app->find(*app->wish.release()) : nullptr;
  std::stable_sort(candidates.begin(), candidates.end(), is_before);
  for (const auto& container : candidates) {
    if (is_own(container)) continue;
    if (declared.switched_off.contains(label_of(container, labels::compose_service))) continue;
    const Service* service = service_for(declared, container, found.by_service);
    const bool has_one = service != nullptr && present != nullptr &&
                         plan::find_instance(*app, world, present->number, service->name) != nullptr;
    if (service == nullptr || has_one)
      found.orphans.push_back(container);
    else
      found.by_service.emplace(service->name, container);
  }
  return found;
}

bool is_of_another_folder(const Declaration& declared, const Container& container, const IsGone& is_gone_there) {
  const std::string folder = label_of(container, "com.docker.compose.project.working_dir");
  return declared.spec.project && !folder.empty() && real(folder) != real(declared.spec.project->folder) &&
         !is_gone_there(folder);
}

void refuse_other_project(const Declaration& declared, const ComposeContainers& found, const IsGone& is_gone_there) {
  if (!declared.spec.project) return;
  const Project& ours = *declared.spec.project;
  const auto refuse = [&](const Container& container, const std::string& theirs, const std::string& mine) {
    throw Conflict(
        ErrorCode::foreign_container,
        format("the project {} runs already, from {}, and this is {}: the container {} is of the other one",
               declared.name.text(), theirs, mine, container.name),
        format("Give this one another name (-p NAME). Or stop the other one, its volumes stay: docker compose -p {0} "
               "down. If it is this one, moved to this folder: belay up --take-over {0}.",
               declared.name.text()));
  };
  for (const auto& [service, container] : found.by_service) {
    const std::string folder = label_of(container, "com.docker.compose.project.working_dir");
    if (folder.empty()) continue;
    if (real(folder) != real(ours.folder)) {
      if (is_gone_there(folder)) continue;
      refuse(container, folder, ours.folder);
    }
    for (const auto& text : split(label_of(container, "com.docker.compose.project.config_files"), ',')) {
      const fs::path file = fs::path(folder) / text;
      const bool is_ours = std::any_of(ours.files.begin(), ours.files.end(),
                                       [&](const std::string& own) { return real(own) == real(file); });
      if (!text.empty() && text != "-" && !is_ours && !is_gone_there(file))
        refuse(container, file.string(), join(ours.files, ", "));
    }
  }
}

App with_containers_of_compose(change::Context& context, const Declaration& declared, App app,
                               const ComposeContainers& found, const World& world, std::stop_token stop) {
  const Release* wished = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  const auto present = wished == nullptr ? std::nullopt : std::optional(*wished);
  Release release;
  release.number = change::new_number(context, app, declared.spec, stop);
  release.spec = declared.spec;
  release.spec.services.clear();
  for (const auto& service : declared.spec.services) {
    const auto container = found.by_service.find(service.name);
    if (container != found.by_service.end())
      take(context, service, container->second, world, release, stop);
    else if (present)
      go_on_with(app, *present, service, world, release);
  }
  for (auto& service : release.spec.services) SharedParts(context, release, stop).name_services(service);
  release.files = change::file_marks(declared.watched);
  release.adopted = true;
  release.created = context.clock.now();
  release.verdict = Verdict::unproven;
  release.who = context.who;
  release.why = context.command;
  if (app.releases.empty()) app.scheme = declared.scheme;
  app.origin = declared.origin;
  app.origin_kind = declared.origin_kind;
  app.highest_release = release.number.value;
  app.last = release.number;
  goal::Run run{release.number};
  run.held_down = app.wish.held_down();
  std::erase_if(run.held_down, [&](const std::string& service) { return found.by_service.contains(service); });
  app.wish = Wish{};
  app.wish.goal = std::move(run);
  app.wish.who = context.who;
  app.wish.why = context.command;
  app.wish.since = context.clock.now();
  app.releases.push_back(std::move(release));
  return app;
}

std::vector<std::string> compared(change::Context& context, App& app, const Spec& wanted,
                                  const ComposeContainers& found, std::stop_token stop) {
  Release& release = app.releases.back();
  std::map<std::string, std::optional<Image>> images;
  std::vector<std::string> equal;
  for (auto& service : release.spec.services) {
    const auto container = found.by_service.find(service.name);
    if (container == found.by_service.end()) continue;
    const Service& declared = wanted.service(service.name);
    const std::string& id = release.images.at(service.name);
    if (!images.contains(id)) images[id] = context.engine.image(id, stop);
    const ImageConfig image = images.at(id) ? images.at(id)->config : ImageConfig{};
    take_files(context, container->second.name, service, declared, stop);
    service = in_words_of(declared, std::move(service), image, container->second.name);
    if (service == declared) equal.push_back(container->second.name);
    // As releases have it: without a tag it is "latest".
    if (!service.image.empty()) service.image = ImageRef::parse(service.image).text();
  }
  return equal;
}

}  // namespace belay::declared
