#include <algorithm>

#include "base/format.h"
#include "model/naming.h"
#include "plan/adopted.h"
#include "plan/names.h"
#include "plan/wish_planner.h"

namespace belay::plan {

void WishPlanner::rename_as_wanted(std::optional<ReleaseNumber> wanted) {
  Indices last;
  for (const auto& rename : renames(s_, wanted)) {
    last = {plan_.add(RenameContainer{rename.from, rename.to}, rename.reason, last)};
    prepared_ = last;
  }
}

// In the schemes that keep names: the services' own names go to this release's containers, whichever of the app's has
// them now.
Indices WishPlanner::assign_names(const Release& release, const Members& members, const Indices& before) {
  if (!keeps_names(s_.app.scheme)) return before;
  Indices last = before;
  for (const Member* member : members) {
    const std::string& service = member->service->name;
    const Container* container = member->container;
    const std::string own = container_name(s_.app, *member->service, release.number, s_.now, {});
    const std::string now = name_of(*member);
    if (now == own || keeps_name(release, *member, own)) continue;
    for (const auto& instance : instances_) {
      if (instance.container == container || name_of(*instance.container) != own) continue;

      last = {plan_.add(RenameContainer{own, displaced_name(s_.app, *member->service, instance.release, s_.now,
                                                            [&](const std::string& name) { return is_taken(name); })},
                        "makes room for its successor", last)};
    }
    last = {plan_.add(RenameContainer{now, own}, "the current one bears the declared name", last)};
    if (container == nullptr) created_[service] = own;
  }
  return last;
}

// docker compose 1.29 calls a container shop_web_1. What was taken over as it is keeps that name as well, unless it
// once made room for another one.
bool WishPlanner::keeps_name(const Release& release, const Member& member, const std::string& own) const {
  const std::string& service = member.service->name;
  if (s_.app.scheme != NamingScheme::compose || member.container == nullptr || member.container->owner() ||
      !may_be_adopted(release, service))
    return false;
  const auto recorded = release.containers.find(service);
  return recorded != release.containers.end() && recorded->second == name_of(*member.container) &&
         !recorded->second.starts_with(own + "-r");
}

// Now, or by what is planned so far.
bool WishPlanner::is_taken(const std::string& name) const {
  bool taken = s_.world.find(name) != nullptr;
  for (const auto& action : plan_.actions) {
    if (const auto* rename = std::get_if<RenameContainer>(&action.step)) {
      if (rename->from == name) taken = false;
      if (rename->to == name) taken = true;
    } else if (const auto* create = std::get_if<CreateContainer>(&action.step)) {
      if (create->name == name) taken = true;
    }
  }
  return taken;
}

// The name a container has once the planned renames are done.
std::string WishPlanner::name_of(const Container& container) const {
  std::string name = container.name;
  for (const auto& action : plan_.actions)
    if (const auto* rename = std::get_if<RenameContainer>(&action.step); rename != nullptr && rename->from == name)
      name = rename->to;
  return name;
}

std::string WishPlanner::name_of(const Member& member) const {
  return member.container != nullptr ? name_of(*member.container) : created_.at(member.service->name);
}

// The name chosen when the release was made; in the scheme that renames, the one its container should have now.
std::string WishPlanner::name_to_create(const Release& release, const Service& service) const {
  if (s_.app.scheme == NamingScheme::dcv) {
    const Release* stable = s_.app.stable ? s_.app.find(*s_.app.stable) : nullptr;
    if (stable != nullptr && stable->container_release(service.name) == release.container_release(service.name))
      return stable_name(s_.app, service.name);
    return container_name(s_.app, service, release.number, s_.now, [](const std::string&) { return false; });
  }
  if (keeps_names(s_.app.scheme)) {
    const std::string own = container_name(s_.app, service, release.number, s_.now, {});
    const auto ours = instances_;
    const bool held_by_us =
        std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return name_of(*i.container) == own; });
    if (!held_by_us) return own;
    return displaced_name(s_.app, service, release.container_release(service.name), s_.now,
                          [&](const std::string& name) { return is_taken(name); });
  }
  const auto name = release.containers.find(service.name);
  if (name == release.containers.end())
    throw Error(ErrorCode::bad_value,
                format("{} {} has no name for its container", s_.app.name.text(), release.number.text()));
  return name->second;
}

void WishPlanner::refuse_taken_name(const std::string& name, const Release& release) const {
  const Container* holder = s_.world.find(name);
  if (holder == nullptr || name_of(*holder) != name) return;
  // What is another app's cannot be taken over: one of the two has to be called otherwise.
  if (const auto owner = holder->owner(); owner && owner->app != s_.app.name.text())
    throw Conflict(ErrorCode::name_taken,
                   format("the container name {} for {} {} is that of {} of the app {}", name, s_.app.name.text(),
                          release.number.text(), owner->release.text(), owner->app),
                   format("Give {} another name; or, if {} is not needed any more: belay cleanup {}",
                          s_.app.name.text(), owner->release.text(), owner->app));
  const std::string take_over = s_.app.origin.empty() ? format("belay adopt {} {}", s_.app.name.text(), name)
                                                      : format("belay apply --take-over {}", s_.app.name.text());
  throw Conflict(ErrorCode::name_taken,
                 format("the container name {} for {} {} is taken by a container that is not {}'s", name,
                        s_.app.name.text(), release.number.text(), s_.app.name.text()),
                 s_.app.scheme == NamingScheme::compose
                     ? format("Where Docker Compose made it: docker compose -p {} down, then belay up; volumes stay.",
                              s_.app.name.text())
                     : format("Rename or remove that container, or take it over with: {}", take_over));
}

}  // namespace belay::plan
