#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "model/naming.h"
#include "plan/adopted.h"
#include "plan/planner.h"

namespace belay::plan {

namespace {

// How far the engine's clock may be behind ours.
constexpr Milliseconds clocks_differ{600'000};

// A name that a rename of ours may have given: not all schemes rename.
bool may_be_renamed_to(const App& app, const Service& service, const std::string& name) {
  if (keeps_names(app.scheme)) {
    const std::string lasting = container_name(app, service, {}, {}, {});
    return name == lasting || name.starts_with(lasting + "-r");
  }
  const std::string own = "dcv_" + app.name.text();
  return app.scheme == NamingScheme::dcv &&
         (name == own || name == own + "_stable" || name.starts_with(own + "_save_"));
}

std::string entry(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

// When a container was created: engines write seconds, or RFC 3339; of one engine either can be compared.
std::pair<size_t, std::string_view> creation(const Container& container) {
  return {container.created.size(), container.created};
}

// Sorts out which containers are which: each of the app's releases has one a service at most.
class Sorting {
 public:
  Sorting(const App& app, const std::vector<const Container*>& containers) : app_(app), containers_(containers) {}

  Containers run() {
    // Of many apps' containers few are this one's: the rest of the labels is read only of those.
    for (const Container* container : containers_)
      if (const auto label = container->labels.find(labels::app);
          label != container->labels.end() && label->second == app_.name.text())
        if (auto owner = container->owner()) take_labelled(*container, *owner);
    const bool any_adopted = std::any_of(app_.releases.begin(), app_.releases.end(),
                                         [](const Release& release) { return may_be_adopted(release); });
    if (any_adopted)
      for (const Container* container : containers_) take_adopted(*container);
    std::erase_if(sorted_.copies, [&](const Container* copy) { return is_instance(*copy); });
    std::erase_if(sorted_.unknown, [&](const Unknown& unknown) { return is_instance(*unknown.container); });
    std::sort(sorted_.instances.begin(), sorted_.instances.end(), [](const Instance& a, const Instance& b) {
      return std::tie(a.release, a.service, a.container->name) < std::tie(b.release, b.service, b.container->name);
    });
    return std::move(sorted_);
  }

 private:
  // The release that the labels name; one that goes on with the containers of a forgotten one stands for that.
  const Release* named(const labels::Owner& owner) const {
    const Release* found = nullptr;
    for (const auto& release : app_.releases) {
      if (release.container_release(owner.service) != owner.release ||
          release.container_identity(owner.service) != owner.identity)
        continue;
      if (found == nullptr || !release.bodies.contains(owner.service)) found = &release;
    }
    return found;
  }

  // Whether it can be what Belay made for this release: the labels alone can be copied.
  static bool fits(const Container& container, const labels::Owner& owner, const Release& release) {
    if (const auto image = release.images.find(owner.service);
        image != release.images.end() && image->second != container.image_id)
      return false;
    if (const std::string created = entry(release.container_created, owner.service); !created.empty())
      return created == container.created;
    if (!owner.identity.empty() || release.bodies.contains(owner.service)) return true;
    const auto created = parse_number(container.created);
    return !created || Time(Seconds(*created)) + clocks_differ >= release.created;
  }

  void take_labelled(const Container& container, const labels::Owner& owner) {
    const Release* release = named(owner);
    if (release == nullptr || (owner.identity.empty() && !fits(container, owner, *release))) {
      sorted_.unknown.push_back({&container, owner});
      return;
    }
    if (!fits(container, owner, *release)) {
      sorted_.copies.push_back(&container);
      return;
    }
    const auto other = std::find_if(sorted_.instances.begin(), sorted_.instances.end(), [&](const Instance& instance) {
      return instance.release == owner.release && instance.service == owner.service;
    });
    if (other == sorted_.instances.end()) {
      sorted_.instances.push_back({&container, owner.release, owner.service});
      return;
    }
    // Two with one identity can only come from outside. What was copied was there first.
    const std::string recorded = entry(release->containers, owner.service);
    const bool is_first = creation(container) < creation(*other->container) ||
                          (creation(container) == creation(*other->container) && container.name == recorded);
    sorted_.copies.push_back(is_first ? other->container : &container);
    if (is_first) other->container = &container;
  }

  // Adopted containers carry no labels of ours that fit: name and creation time identify them. The creation time alone
  // does not, since engines tell it in seconds and a stranger may have been made in the same one; but a rename may have
  // been cut short before it was recorded.
  void take_adopted(const Container& container) {
    for (const auto& release : app_.releases) {
      if (!may_be_adopted(release)) continue;
      for (const auto& [service, created] : release.container_created) {
        if (created != container.created || !may_be_adopted(release, service) || is_instance(container)) continue;
        const std::string recorded = entry(release.containers, service);
        if (recorded.empty()) continue;
        const bool has_name = recorded == container.name;
        const bool name_is_right = std::any_of(containers_.begin(), containers_.end(), [&](const Container* other) {
          return other->name == recorded && other->created == created;
        });
        if (!has_name && (name_is_right || container.owner() ||
                          !may_be_renamed_to(app_, service_of(app_, release.number, service), container.name)))
          continue;
        sorted_.instances.push_back({&container, release.container_release(service), service});
        return;
      }
    }
  }

  bool is_instance(const Container& container) const {
    return std::any_of(sorted_.instances.begin(), sorted_.instances.end(),
                       [&](const Instance& instance) { return instance.container == &container; });
  }

  const App& app_;
  const std::vector<const Container*>& containers_;
  Containers sorted_;
};

std::string whose(const App& app, const labels::Owner& owner) {
  if (owner.state.empty()) return {};
  const bool is_ours = std::any_of(app.releases.begin(), app.releases.end(),
                                   [&](const Release& release) { return release.state == owner.state; });
  return is_ours ? ", made after this copy of the state" : format(", made by the state {}", owner.state.substr(0, 12));
}

}  // namespace

bool may_be_adopted(const Release& release, const std::string& service) {
  const auto body = release.bodies.find(service);
  return body == release.bodies.end() ? release.adopted : body->second.identity.empty();
}

bool may_be_adopted(const Release& release) {
  return release.adopted || std::any_of(release.bodies.begin(), release.bodies.end(),
                                        [](const auto& body) { return body.second.identity.empty(); });
}

Containers sort_out(const App& app, const std::vector<const Container*>& containers) {
  return Sorting(app, containers).run();
}

Containers sort_out(const App& app, const World& world) {
  std::vector<const Container*> containers;
  containers.reserve(world.containers.size());
  for (const auto& container : world.containers) containers.push_back(&container);
  return sort_out(app, containers);
}

std::vector<Instance> instances(const App& app, const World& world) {
  return sort_out(app, world).instances;
}

void refuse_unknown(const App& app, const Containers& containers) {
  if (containers.unknown.empty()) return;
  std::vector<std::string> names;
  for (const auto& [container, owner] : containers.unknown)
    names.push_back(format("{} ({}{})", container->name, owner.release.text(), whose(app, owner)));
  if (names.size() > 4) {
    names.resize(4);
    names.emplace_back("…");
  }
  throw Conflict(
      ErrorCode::foreign_container,
      format("the engine has containers of {} that this state does not know: {}", app.name.text(), join(names, ", ")),
      "belay recover takes them into this state as they are, also after belay forget. Where they are another user's, "
      "or of another state folder "
      "(--state-dir), change them from there.");
}

const Container* find_instance(const App& app, const World& world, ReleaseNumber release, const std::string& service) {
  const Release* known = app.find(release);
  const ReleaseNumber made_for = known != nullptr ? known->container_release(service) : release;
  for (const auto& instance : instances(app, world))
    if (instance.release == made_for && instance.service == service) return instance.container;
  return nullptr;
}

}  // namespace belay::plan
