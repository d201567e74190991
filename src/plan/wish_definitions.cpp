#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "model/compose_labels.h"
#include "plan/wish_planner.h"

namespace belay::plan {

namespace {

std::string text_of_changes(const std::vector<FieldChange>& changes) {
  std::vector<std::string> texts;
  for (const auto& change : changes) texts.push_back(change.text());
  return join(texts, "; ");
}

template <class Definition>
const Definition* definition_in(const std::map<std::string, Definition>& definitions, const std::string& name) {
  const auto found = definitions.find(name);
  return found == definitions.end() ? nullptr : &found->second;
}

bool is_in(const Container& container, const std::string& network) {
  return std::find(container.networks.begin(), container.networks.end(), network) != container.networks.end();
}

std::vector<std::string> networks_of(const Release& release) {
  std::vector<std::string> names;
  for (const auto& service : release.spec.services)
    for (const auto& link : service.networks)
      if (link.network != "bridge" && std::find(names.begin(), names.end(), link.network) == names.end())
        names.push_back(link.network);
  return names;
}

}  // namespace

// What must be there and is not, or is there with another definition, is found before anything is touched.
void WishPlanner::find_definitions(const Release& release) {
  for (const auto& name : networks_of(release)) check_network(release, name);
  for (const auto& service : release.spec.services)
    for (const auto& mount : service.mounts)
      if (mount.kind == Mount::Kind::volume && !mount.source.empty()) check_volume(release, mount.source);
}

// Made for the app: by Belay, or by Compose for the project that the definition names.
bool WishPlanner::is_own(const labels::Labels& present, const labels::Labels& wanted) const {
  const auto app = present.find(labels::app);
  if (app != present.end()) return app->second == s_.app.name.text();
  const auto theirs = present.find(labels::compose_project), ours = wanted.find(labels::compose_project);
  return theirs != present.end() && ours != wanted.end() && theirs->second == ours->second;
}

void WishPlanner::check_network(const Release& release, const std::string& name) {
  const NetworkDefinition* wanted = definition_in(release.spec.networks, name);
  const Network* present = s_.world.find_network(name);
  if (wanted == nullptr) return;
  if (wanted->external) {
    if (present == nullptr)
      throw NotFound(ErrorCode::network_not_found,
                     format("{} is to join the network {}, which is not there", s_.app.name.text(), name),
                     format("Make it: docker network create {}", shell_quoted(name)));
    return;
  }
  if (present == nullptr) return;
  auto changes = differences(*present, *wanted);
  // Of a Swarm's networks alone it means something; docker-compose 1.29 sets it for all.
  if (wanted->driver != "overlay")
    std::erase_if(changes, [](const FieldChange& change) { return change.field == "attachable"; });
  if (changes.empty()) return;
  if (!is_own(present->labels, wanted->labels))
    throw Conflict(ErrorCode::other_definition,
                   format("the network {} is there and not {}'s, with another definition: {}", name, s_.app.name.text(),
                          text_of_changes(changes)),
                   "Declare it external to take it as it is, or give the network of the app another name.");
  refuse_foreign_members(name);
  remade_[name] = format("its definition has changed: {}", text_of_changes(changes));
}

void WishPlanner::refuse_foreign_members(const std::string& network) const {
  for (const auto& other : s_.world.containers) {
    if (!is_in(other, network) || instance_of(&other) != nullptr) continue;
    const auto owner = other.owner();
    throw Conflict(
        ErrorCode::network_in_use,
        format("the network {} has another definition now, and cannot be made anew: the container {}{} is "
               "in it",
               network, other.name, owner ? format(" of the app {}", owner->app) : std::string(" (not Belay's)")),
        format("Take it out of it (docker network disconnect {} {}), or give the network another name.",
               shell_quoted(network), shell_quoted(other.name)));
  }
}

// Data is never made anew.
void WishPlanner::check_volume(const Release& release, const std::string& name) const {
  const VolumeDefinition* wanted = definition_in(release.spec.volumes, name);
  if (wanted == nullptr) return;
  const Volume* present = s_.world.find_volume(name);
  if (present == nullptr && wanted->external)
    throw NotFound(ErrorCode::volume_not_found,
                   format("{} is to have the volume {}, which is not there", s_.app.name.text(), name),
                   format("Make it: docker volume create {}", shell_quoted(name)));
  if (present == nullptr || wanted->external) return;
  const auto changes = differences(*present, *wanted);
  if (changes.empty()) return;
  throw Conflict(ErrorCode::other_definition,
                 format("the volume {} is there with another definition: {}", name, text_of_changes(changes)),
                 format("Making it anew would lose its data. Give the volume another name and bring the data over "
                        "(belay backup {0}, then belay restore), or define it as it is: docker volume inspect {1}",
                        s_.app.name.text(), shell_quoted(name)));
}

CreateNetwork WishPlanner::creation_of(const Release& release, const std::string& network) const {
  const NetworkDefinition* wanted = definition_in(release.spec.networks, network);
  const NetworkDefinition definition = wanted == nullptr ? NetworkDefinition{} : *wanted;
  return {network, labels::for_network(s_.app.name, definition), definition};
}

Indices WishPlanner::create_networks(const Release& release) {
  const auto has_addresses = [&](const std::string& name) {
    const NetworkDefinition* wanted = definition_in(release.spec.networks, name);
    return wanted != nullptr && !wanted->pools.empty();
  };
  Indices fixed, created;
  for (const auto& name : networks_of(release))
    if (s_.world.find_network(name) == nullptr && has_addresses(name))
      fixed.push_back(plan_.add(creation_of(release, name), "it is missing"));
  // The engine chooses the addresses of these, and might choose those that another one asks for.
  for (const auto& name : networks_of(release))
    if (s_.world.find_network(name) == nullptr && !has_addresses(name))
      created.push_back(plan_.add(creation_of(release, name), "it is missing", fixed));
  return joined(fixed, created);
}

Indices WishPlanner::create_volumes(const Release& release) {
  Indices created;
  for (const auto& service : release.spec.services)
    for (const auto& mount : service.mounts) {
      if (mount.kind != Mount::Kind::volume || mount.source.empty()) continue;
      if (s_.world.find_volume(mount.source) != nullptr || is_planned<CreateVolume>(mount.source)) continue;
      const VolumeDefinition* wanted = definition_in(release.spec.volumes, mount.source);
      created.push_back(plan_.add(CreateVolume{mount.source, labels::for_volume(s_.app.name, mount.target),
                                               wanted == nullptr ? VolumeDefinition{} : *wanted},
                                  "for " + mount.target));
    }
  return created;
}

bool WishPlanner::is_in_a_remade_network(const Container& container) const {
  return std::any_of(remade_.begin(), remade_.end(),
                     [&](const auto& network) { return is_in(container, network.first); });
}

// Nothing is in them any more when they go: a container that is stopped could not start in a network of the same name
// later. Those of the release join anew, those of other releases when they run again.
Indices WishPlanner::remake_networks(const Release& release, const Members& members, const Indices& before) {
  Indices done = before;
  for (const auto& [network, reason] : remade_) {
    Indices left = done;
    for (const auto& instance : instances_)
      if (is_in(*instance.container, network))
        left = joined(left, {plan_.add(DisconnectNetwork{name_of(*instance.container), network}, reason, done)});
    for (const Member* member : members)
      if (member->container == nullptr && created_.contains(member->service->name) &&
          std::any_of(member->service->networks.begin(), member->service->networks.end(),
                      [&, &name = network](const NetworkLink& link) { return link.network == name; }))
        left = joined(left, {plan_.add(DisconnectNetwork{name_of(*member), network}, reason, done)});
    const size_t removed = plan_.add(RemoveNetwork{network}, reason, left);
    done = {plan_.add(creation_of(release, network), reason, {removed})};
    const Indices made = done;
    for (const Member* member : members)
      for (const NetworkLink& link : member->service->networks)
        if (link.network == network && (member->container == nullptr || is_in(*member->container, network)))
          done = joined(done, {plan_.add(ConnectNetwork{name_of(*member), link}, "the network is new", made)});
  }
  return done;
}

}  // namespace belay::plan
