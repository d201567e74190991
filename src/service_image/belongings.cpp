#include "service_image/belongings.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "model/naming.h"
#include "service_image/convention.h"

namespace belay::service_image {

namespace {

using document::Node;

bool names(std::string_view name, const std::string& service) {
  const std::string stem = name_stem(service);
  return name.starts_with(stem) || name == std::string_view(stem).substr(0, stem.size() - 1);
}

// A name that a longer service's name claims as well is that one's: dr-web-db-config is of web-db, not of web.
bool is_named_for(std::string_view name, const Owner& owner) {
  if (!names(name, owner.service)) return false;
  if (name == config_volume(owner.service)) return true;
  return std::none_of(owner.others.begin(), owner.others.end(), [&](const std::string& other) {
    return (other.size() > owner.service.size() && names(name, other)) || name == config_volume(other);
  });
}

// nullopt: the labels do not say.
std::optional<bool> by_label(const labels::Labels& labels, const Owner& owner) {
  if (const auto label = labels.find(service_label); label != labels.end()) return label->second == owner.service;
  if (labels.contains(labels::app) || labels.contains(labels::temporary)) return false;
  return {};
}

bool is_called_like(const std::string& name, const std::string& service) {
  return name == service || name.starts_with(service + "-") || name.starts_with(service + "_");
}

// What the container's labels say by themselves: an image that somebody made of a service's container hands its label
// on, and says nothing of the next one.
labels::Labels without_those_of_its_image(const Container& container, engine::Engine& engine, std::stop_token stop) {
  labels::Labels own = container.labels;
  if (!own.contains(service_label)) return own;
  if (const auto image = engine.image(container.image_id, std::move(stop));
      image && image->config.labels.contains(service_label))
    own.erase(service_label);
  return own;
}

bool is_container_of(const Container& container, const labels::Labels& own_labels, const Owner& owner) {
  if (owner.of_apps.contains(container.name)) return false;
  if (const auto said = by_label(own_labels, owner)) return *said;
  if (is_named_for(container.name, owner)) return true;
  // Names that differ in case only have the same tags.
  const bool has_own_tags = std::none_of(owner.others.begin(), owner.others.end(), [&](const std::string& other) {
    return lower(other) == lower(owner.service);
  });
  if (has_own_tags && container.image.starts_with(format("belay-dr/{}:", lower(owner.service)))) return true;
  if (std::any_of(container.mounts.begin(), container.mounts.end(), [&](const Mount& mount) {
        return mount.kind == Mount::Kind::volume && is_named_for(mount.source, owner);
      }))
    return true;
  const bool is_of_another = std::any_of(owner.others.begin(), owner.others.end(), [&](const std::string& other) {
    return other.size() > owner.service.size() && is_called_like(container.name, other);
  });
  return owner.images.contains(container.image_id) && is_called_like(container.name, owner.service) && !is_of_another;
}

Node to_node(const KeptContainer& kept) {
  Spec spec;
  spec.services.push_back(kept.service);
  Node labels = Node::map();
  for (const auto& [key, value] : kept.labels) labels.set(key, Node::text(value));
  Node node = Node::map();
  node.set("created", Node::text(kept.created));
  node.set("image", Node::text(kept.image));
  node.set("labels", std::move(labels));
  node.set("restart", Node::text(kept.restart.name));
  node.set("maximum_retries", Node::number(kept.restart.maximum_retries));
  node.set("spec", document::read_json(spec_to_json(spec), "the spec"));
  return node;
}

const Node& needed(const Node& map, std::string_view key) {
  if (const Node* node = map.find(key)) return *node;
  throw ConfigError(map.where(), format("'{}' is missing", key));
}

KeptContainer kept_from(const Node& node) {
  KeptContainer kept;
  kept.created = needed(node, "created").as_text("created");
  kept.image = needed(node, "image").as_text("image");
  for (const auto& member : needed(node, "labels").as_map("labels"))
    kept.labels[member.key] = member.value.as_text("a label");
  kept.restart.name = needed(node, "restart").as_text("restart");
  kept.restart.maximum_retries = static_cast<int>(needed(node, "maximum_retries").as_int("maximum_retries"));
  kept.service = spec_from_json(document::write_json(needed(node, "spec"))).services.at(0);
  return kept;
}

Node texts(const std::vector<std::string>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(Node::text(value));
  return list;
}

std::vector<std::string> texts_from(const Node& root, std::string_view key) {
  std::vector<std::string> values;
  if (const Node* list = root.find(key))
    for (const auto& node : list->as_list(key)) values.push_back(node.as_text(key));
  return values;
}

std::vector<std::string> missing_in(const std::vector<std::string>& before, const std::vector<std::string>& now) {
  std::vector<std::string> added;
  for (const auto& name : now)
    if (std::find(before.begin(), before.end(), name) == before.end()) added.push_back(name);
  return added;
}

}  // namespace

std::vector<std::string> Belongings::text() const {
  std::vector<std::string> lines;
  for (const auto& name : containers) lines.push_back("container " + printable(name));
  for (const auto& name : volumes) lines.push_back("volume " + printable(name));
  for (const auto& name : networks) lines.push_back("network " + printable(name));
  return lines;
}

std::string to_json(const Belongings& belongings) {
  Node root = Node::map();
  root.set("containers", texts(belongings.containers));
  root.set("running", texts({belongings.running.begin(), belongings.running.end()}));
  root.set("volumes", texts(belongings.volumes));
  root.set("anonymous", texts({belongings.anonymous.begin(), belongings.anonymous.end()}));
  root.set("networks", texts(belongings.networks));
  root.set("stopped", texts({belongings.stopped.begin(), belongings.stopped.end()}));
  root.set("untouched", Node::boolean(belongings.untouched));
  root.set("before_install", Node::boolean(belongings.is_before_install));
  Node kept = Node::map();
  for (const auto& [name, container] : belongings.kept) kept.set(name, to_node(container));
  root.set("kept", std::move(kept));
  return document::write_json(root);
}

Belongings belongings_from_json(const std::string& json) {
  const Node root = document::read_json(json, "the state");
  Belongings belongings;
  belongings.containers = texts_from(root, "containers");
  belongings.volumes = texts_from(root, "volumes");
  belongings.networks = texts_from(root, "networks");
  if (const Node* kept = root.find("kept"))
    for (const auto& member : kept->as_map("kept")) belongings.kept[member.key] = kept_from(member.value);
  for (auto& name : texts_from(root, "stopped")) belongings.stopped.insert(std::move(name));
  const auto is_set = [&](std::string_view key) {
    const Node* said = root.find(key);
    return said != nullptr && said->as_bool(key);
  };
  belongings.untouched = is_set("untouched");
  belongings.is_before_install = is_set("before_install");
  for (auto& name : texts_from(root, "anonymous")) belongings.anonymous.insert(std::move(name));
  for (auto& name : texts_from(root, "running")) belongings.running.insert(std::move(name));
  return belongings;
}

Owner owner_of(const InstalledService& service, const std::vector<InstalledService>& all) {
  Owner owner{service.name, {service.version.image}, {}};
  if (service.before) owner.images.insert(service.before->image);
  for (const auto& other : all)
    if (other.name != service.name) owner.others.push_back(other.name);
  return owner;
}

Belongings belongings_of(engine::Engine& engine, const Owner& owner, std::stop_token stop) {
  Belongings found;
  std::set<std::string> anonymous;
  for (const auto& container : engine.containers({}, stop)) {
    if (!is_container_of(container, without_those_of_its_image(container, engine, stop), owner)) continue;
    found.containers.push_back(container.name);
    if (container.is_up()) found.running.insert(container.name);
    for (const auto& mount : container.mounts)
      if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source)) anonymous.insert(mount.source);
  }
  for (const auto& volume : engine.volumes({}, stop)) {
    const bool is_nameless = anonymous.contains(volume.name);
    if (is_nameless) found.anonymous.insert(volume.name);
    if (by_label(volume.labels, owner).value_or(is_nameless || is_named_for(volume.name, owner)))
      found.volumes.push_back(volume.name);
  }
  for (const auto& network : engine.networks(stop))
    if (by_label(network.labels, owner).value_or(is_named_for(network.name, owner)))
      found.networks.push_back(network.name);
  return found;
}

Belongings everything(engine::Engine& engine, std::stop_token stop) {
  Belongings all;
  for (const auto& container : engine.containers({}, stop)) all.containers.push_back(container.name);
  for (const auto& volume : engine.volumes({}, stop)) all.volumes.push_back(volume.name);
  for (const auto& network : engine.networks(stop)) all.networks.push_back(network.name);
  return all;
}

Belongings without(const Belongings& before, Belongings found) {
  found.containers = missing_in(before.containers, found.containers);
  found.volumes = missing_in(before.volumes, found.volumes);
  found.networks = missing_in(before.networks, found.networks);
  for (const auto& name : before.containers) found.running.erase(name);
  for (const auto& name : before.volumes) found.anonymous.erase(name);
  return found;
}

void remove_with_nameless(engine::Engine& engine, const std::string& container, std::stop_token stop) {
  std::vector<std::string> volumes;
  if (const auto made = engine.container(container, stop))
    for (const auto& mount : made->container.mounts)
      if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source)) volumes.push_back(mount.source);
  engine.remove_container(container, stop);
  for (const auto& volume : volumes) {
    try {
      engine.remove_volume(volume, stop);
    } catch (const Conflict&) {
      // Another container has it as well.
    } catch (const NotFound&) {
      // The engine was faster.
    }
  }
}

void remember(Belongings& belongings, engine::Engine& engine, std::stop_token stop) {
  for (const auto& name : belongings.containers) {
    const auto detail = engine.container(name, stop);
    if (!detail) continue;
    KeptContainer& kept = belongings.kept[name];
    // The service's own tag of an image means the same as long as it is there.
    const bool is_pinned = detail->container.image.starts_with("belay-dr/");
    kept = {detail->container.created, is_pinned ? detail->container.image : detail->container.image_id,
            detail->service, detail->container.labels, detail->restart};
    // Its name says which it is; the JSON of a spec wants one.
    kept.service.name = name;
    // What the image alone asks for is in no setting; made again, it would be another volume, without the data.
    for (const auto& mount : detail->container.mounts) {
      if (mount.kind != Mount::Kind::volume || !is_unnamed_volume(mount.source)) continue;
      auto& mounts = kept.service.mounts;
      const auto same =
          std::find_if(mounts.begin(), mounts.end(), [&](const Mount& each) { return each.target == mount.target; });
      if (same != mounts.end())
        same->source = mount.source;
      else
        mounts.push_back({Mount::Kind::volume, mount.source, mount.target, mount.read_only, {}});
    }
  }
}

Belongings added_since(const Belongings& before, const Belongings& now) {
  Belongings added;
  added.containers = missing_in(before.containers, now.containers);
  added.volumes = missing_in(before.volumes, now.volumes);
  added.networks = missing_in(before.networks, now.networks);
  for (const auto& [name, container] : now.kept) {
    const auto was = before.kept.find(name);
    if (was != before.kept.end() && was->second.created != container.created) added.containers.push_back(name);
  }
  for (const auto& name : added.containers)
    if (now.running.contains(name)) added.running.insert(name);
  return added;
}

std::vector<size_t> add_removal(plan::Plan& plan, const Belongings& belongings, const std::string& reason,
                                std::vector<size_t> last) {
  const auto then = [&](plan::Step step) { last = {plan.add(std::move(step), reason, std::move(last))}; };
  for (const auto& name : belongings.containers) {
    if (belongings.running.contains(name)) then(plan::StopContainer{name, {}});
    then(plan::RemoveContainer{name});
  }
  for (const auto& name : belongings.networks) then(plan::RemoveNetwork{name});
  for (const auto& name : belongings.volumes) then(plan::RemoveVolume{name});
  return last;
}

}  // namespace belay::service_image
