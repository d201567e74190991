#include <algorithm>

#include "base/format.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "model/origin.h"
#include "plan/wish_planner.h"

namespace belay::plan {

// Everything that can be done while the old one still runs.
void WishPlanner::prepare(const Release& release) {
  rename_as_wanted(release.number);
  Indices before_create = joined(prepared_, create_networks(release));
  before_create = joined(before_create, create_volumes(release));
  for (const auto& item : copies_)
    if (item.kept.kind == DataPlace::Kind::volume && s_.world.find_volume(item.kept.source) == nullptr)
      before_create.push_back(
          plan_.add(CreateVolume{item.kept.source, labels::for_reserve(s_.app.name, item.place)}, "for the snapshot"));
  Indices ready = before_create;
  for (const size_t index : in_order_of_needs(release.spec))
    if (const auto& name = release.spec.services[index].name;
        wish_.is_held_down(name) == wish_.run()->makes.contains(name))
      ready = joined(ready, prepare_service(release, release.spec.services[index], before_create));
  prepared_ = ready;
}

std::string WishPlanner::image_of(const Release& release, const Service& service) {
  const auto pinned = release.images.find(service.name);
  return pinned != release.images.end() ? pinned->second : service.image;
}

// ": image nginx:1.27.0-alpine (was 1.25.3-alpine)" where the last release had another reference.
std::string WishPlanner::image_news(const Service& service) const {
  const Release* last = s_.app.last ? s_.app.find(*s_.app.last) : nullptr;
  if (last == nullptr || service.image.empty() || service.image.starts_with("sha256:")) return {};
  for (const Service& before : last->spec.services) {
    if (before.name != service.name || before.image.empty() || before.image.starts_with("sha256:")) continue;
    const ImageRef from = ImageRef::parse(before.image), to = ImageRef::parse(service.image);
    if (from.text() == to.text()) return {};
    const bool only_the_tag = from.repository == to.repository && from.digest.empty();
    return format(": image {} (was {})", service.image, only_the_tag ? from.tag : before.image);
  }
  return {};
}

// Whether a container has yet to be created from the image, be it another service's.
bool WishPlanner::is_needed(const Release& release, const std::string& image) const {
  return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
    return image_of(release, service) == image &&
           find_instance(s_.app, s_.world, release.number, service.name) == nullptr;
  });
}

Indices WishPlanner::prepare_service(const Release& release, const Service& service, const Indices& before) {
  Indices ready;
  const std::string image = image_of(release, service);
  Indices before_create = before;
  const auto present = s_.world.images.find(image);
  const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
  const bool needed = is_needed(release, image);
  if (present == s_.world.images.end() && needed) {
    const auto digest = release.digests.find(service.name);
    if (digest == release.digests.end())
      throw NotFound(
          ErrorCode::image_gone,
          format("the image {} of {} {} is gone", short_digest(image), s_.app.name.text(), release.number.text()),
          format("{} makes a new release from today's files; other releases: belay releases {}",
                 command_of_origin(s_.app), s_.app.name.text()));
    before_create = joined(before_create, {pulled(digest->second)});
  }
  if (container == nullptr) {
    const std::string name = name_to_create(release, service);
    refuse_taken_name(name, release);
    created_[service.name] = name;
    const Service as_created = resolved(service, before_create);
    const size_t created =
        plan_.add(CreateContainer{name, image, as_created, labels_of(release, service, image), never_restart},
                  release.verdict == Verdict::pending ? "the new release" + image_news(service)
                                                      : format("the container of {} is gone", release.number.text()),
                  before_create);
    creation_[service.name] = created;
    ready.push_back(created);
  }
  const std::string pin = pin_tag(s_.app.name, service.name, release.number);
  const bool is_pinned =
      present != s_.world.images.end() &&
      std::find(present->second.tags.begin(), present->second.tags.end(), pin) != present->second.tags.end();
  if (!is_pinned && (present != s_.world.images.end() || needed))
    ready.push_back(add_in_time(TagImage{image, pin}, why_pinned, before_create, Seconds(0), true));
  return ready;
}

labels::Labels WishPlanner::labels_of(const Release& release, const Service& service, const std::string& image) const {
  labels::Labels all = labels::for_container({s_.app.name.text(), service.name, release.container_release(service.name),
                                              s_.app.scheme, release.container_identity(service.name), release.state});
  if (s_.app.scheme == NamingScheme::compose) all.merge(labels::for_compose(s_.app.name, release.spec, service, image));
  return all;
}

// With the containers of those services whose namespaces or volumes it shares in their places; `before` gets the
// creation of those that have yet to be made.
Service WishPlanner::resolved(const Service& service, Indices& before) const {
  Service made = service;
  const auto container_of = [&](const std::string& other) {
    if (const auto created = creation_.find(other); created != creation_.end()) {
      before = joined(before, {created->second});
      return created_.at(other);
    }
    const Container* container = find_instance(s_.app, s_.world, *wish_.release(), other);
    if (container == nullptr)
      throw Error(ErrorCode::service_not_found,
                  format("{} shares what {} has, which is not there", service.name, other));
    return name_of(*container);
  };
  // A link to a container by its name, which the same plan makes.
  for (const auto& link : made.links)
    for (const auto& [other, created] : creation_)
      if (created_.at(other) == link.substr(0, link.find(':'))) before = joined(before, {created});
  constexpr std::string_view of_service = "service:";
  for (auto* mode : {&made.network_mode, &made.pid_mode, &made.ipc_mode, &made.uts_mode})
    if (mode->starts_with(of_service)) *mode = "container:" + container_of(mode->substr(of_service.size()));
  for (auto& reference : made.volumes_from) {
    if (!reference.starts_with(of_service)) continue;
    const std::string named = reference.substr(of_service.size());
    const size_t end = named.find(':');
    reference = container_of(named.substr(0, end)) + (end == std::string::npos ? std::string() : named.substr(end));
  }
  return made;
}

// The pull of this image, once for all services that need it.
size_t WishPlanner::pulled(const std::string& reference) {
  for (size_t i = 0; i < plan_.actions.size(); ++i)
    if (const auto* pull = std::get_if<PullImage>(&plan_.actions[i].step); pull && pull->reference == reference)
      return i;
  return plan_.add(PullImage{reference}, "the release's image is not on this host");
}

}  // namespace belay::plan
