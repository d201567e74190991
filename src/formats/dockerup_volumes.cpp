#include "formats/dockerup_volumes.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/definition_values.h"
#include "formats/mounts.h"
#include "formats/run_values.h"
#include "model/naming.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

// Belay in a container has its definitions bound: one that changes is no reason to replace Belay.
bool holds(const fs::path& path, const fs::path& folder) {
  return !folder.empty() && std::mismatch(path.begin(), path.end(), folder.begin(), folder.end()).first == path.end();
}

void note_watched(const Node& volume, const Mount& mount, WatchedPaths& watched, const fs::path& definitions) {
  const Node* watch = volume.find("watch");
  if (watch == nullptr) {
    if (mount.kind == Mount::Kind::bind && mount.read_only && !belongs_to_the_system(mount.source) &&
        !is_temporary(mount.source) && !holds(mount.source, definitions))
      watched.by_rule.emplace_back(mount.source);
    return;
  }
  const bool wanted = watch->as_bool("\"watch\"");
  if (mount.kind != Mount::Kind::bind)
    refuse(*watch, "only a host path can be watched", "Give the volume a \"hostPath\", or remove \"watch\".");
  for (const char* folder : {"/proc", "/sys", "/dev"})
    if (wanted && (mount.source == folder || mount.source.starts_with(format("{}/", folder))))
      refuse(*watch, format("what is in {} has no content that could be watched", folder));
  if (wanted) watched.asked_for.emplace_back(mount.source);
}

std::string host_folder(const Node& node, const fs::path& folder) {
  const std::string& text = node.as_text("\"hostPath\"");
  if (text.empty()) refuse(node, "\"hostPath\" is empty");
  if (text.starts_with('~')) refuse(node, format("the host path '{}' begins with ~", printable(text)), "Write it out.");
  if (!text.starts_with('/') && folder.empty())
    refuse(node, format("the host path '{}' is relative", printable(text)),
           "Definitions that are not in a file need absolute paths.");
  return at(node.where(), [&] { return *host_path(text.starts_with('/') ? text : "./" + text, folder); });
}

// "mode" as a colon and what follows, for parse_volume.
std::string mode_suffix(const Node& volume) {
  const Node* mode = volume.find("mode");
  return mode == nullptr ? "" : ":" + mode->as_text("\"mode\"");
}

std::string volumes_of_another(const Node& volume) {
  const Node& from = *volume.find("from");
  for (const Member& member : volume.members())
    if (member.key != "from" && member.key != "mode")
      throw ConfigError(member.key_where, format("\"{}\" does not go with \"from\"", member.key),
                        "\"from\" takes all volumes of a container, each at its own path.");
  const std::string text = word_value(from, "\"from\"") + mode_suffix(volume);
  return at(from.where(), [&] { return volumes_from(text); });
}

Mount mount_of(const Node& volume, const AppName& app, const fs::path& folder) {
  const Node& target = required(volume, "containerPath", "the volume");
  const std::string& path = target.as_text("\"containerPath\"");
  if (path.find(':') != std::string::npos)
    refuse(target, format("the mount point '{}' has a ':'", printable(path)),
           "The mode has a key of its own: \"mode\".");
  const std::string point = at(target.where(), [&] { return mount_point(path); });
  const Node* host = volume.find("hostPath");
  const Node* name = volume.find("volume");
  if (host != nullptr && name != nullptr) refuse(*name, "a volume has either \"hostPath\" or \"volume\", not both");

  // Without a source, the volume gets a name: a new container must find the data of the one before.
  std::string source = volume_name(NamingScheme::fixed, app, point);
  if (host != nullptr) source = host_folder(*host, folder);
  if (name != nullptr) {
    source = name->as_text("\"volume\"");
    if (!is_volume_name(source))
      refuse(*name, format("'{}' is not a valid name of a volume", printable(source)), "A path is a \"hostPath\".");
  }
  const Node* mode = volume.find("mode");
  const Node& place = mode != nullptr ? *mode : volume;
  return at(place.where(), [&] { return parse_volume(source, point + mode_suffix(volume), folder); });
}

// "data:/data", "./conf:/etc/conf:ro", "/data": as `docker run -v` takes it.
Mount mount_of_text(const Node& node, const AppName& app, const fs::path& folder) {
  const std::string& text = node.as_text("a volume");
  if (folder.empty() && text.starts_with('.'))
    refuse(node, format("the host path of '{}' is relative", printable(text)),
           "Definitions that are not in a file need absolute paths.");
  Mount mount = at(node.where(), [&] { return parse_volume(text, folder); });
  if (mount.kind == Mount::Kind::volume && mount.source.empty())
    mount.source = volume_name(NamingScheme::fixed, app, mount.target);
  return mount;
}

}  // namespace

void add_volumes(Service& service, WatchedPaths& watched, std::set<std::string>& named, const Node& section,
                 const AppName& app, const fs::path& folder) {
  static const std::vector<std::string> keys{"containerPath", "hostPath", "volume", "mode", "from", "watch"};
  for (const Node& volume : section.as_list("\"volumes\"")) {
    const bool is_text = volume.kind() == Node::Kind::text;
    if (!is_text) document::refuse_unknown_keys(volume, keys, "a volume");
    if (!is_text && volume.find("from") != nullptr) {
      service.volumes_from.push_back(volumes_of_another(volume));
      continue;
    }
    Mount mount = is_text ? mount_of_text(volume, app, folder) : mount_of(volume, app, folder);
    for (const Mount& other : service.mounts)
      if (other.target == mount.target) refuse(volume, format("two volumes go to {}", mount.target));
    note_watched(volume, mount, watched, folder);
    const bool is_derived = mount.source == volume_name(NamingScheme::fixed, app, mount.target);
    if (is_text ? mount.kind == Mount::Kind::volume && !is_derived : volume.find("volume") != nullptr)
      named.insert(mount.source);
    service.mounts.push_back(std::move(mount));
  }
}

}  // namespace belay::formats
