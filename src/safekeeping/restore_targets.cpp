#include "safekeeping/restore_targets.h"

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "change/file_marks.h"
#include "change/places.h"
#include "data/place.h"
#include "engine/direct.h"

namespace belay::safekeeping {

namespace {

constexpr const char* another_way =
    "Restore it into a plain volume (--as NAME), only unpack it (--into FOLDER), or leave it out (--only).";

bool is_asked_for(const backup::Item& item, const std::string& word) {
  return word == item.id || word == item.source ||
         std::find(item.targets.begin(), item.targets.end(), word) != item.targets.end();
}

// What the other app's places are called: never those of the app that the backup is of.
std::string renamed(const backup::Item& item, const AppName& from, const AppName& to) {
  if (item.kind != backup::Item::Kind::volume) return item.source + "." + to.text();
  const auto at = item.source.find(from.text());
  if (at == std::string::npos) return to.text() + "_" + item.source;
  std::string name = item.source;
  return name.replace(at, from.text().size(), to.text());
}

// The same for several: each place has a name of its own, which is nobody's in the backup either.
class NewNames {
 public:
  NewNames(const std::vector<backup::Item>& items, const AppName& from, const AppName& to) : from_(from), to_(to) {
    for (const auto& item : items) taken_.insert(item.source);
  }

  std::string of(const backup::Item& item) {
    std::string name = renamed(item, from_, to_);
    if (taken_.insert(name).second) return name;
    const std::string whole = item.kind == backup::Item::Kind::volume ? format("{}_{}", to_.text(), item.source) : name;
    name = whole;
    for (int number = 2; !taken_.insert(name).second; ++number) name = format("{}_{}", whole, number);
    return name;
  }

 private:
  const AppName &from_, &to_;
  std::set<std::string> taken_;
};

// As the backup has it: what the engine would make of it.
Volume volume_of(const backup::Item& item) {
  return {item.source, item.driver.empty() ? "local" : item.driver, "/", {}, {}, item.options};
}

const Volume* find_volume(const std::vector<Volume>& volumes, const std::string& name) {
  const auto found =
      std::find_if(volumes.begin(), volumes.end(), [&](const Volume& each) { return each.name == name; });
  return found == volumes.end() ? nullptr : &*found;
}

bool is_special(const backup::Item& item) {
  return item.kind == backup::Item::Kind::volume && (!item.options.empty() || volume_of(item).driver != "local");
}

}  // namespace

std::vector<backup::Item> wanted_items(const backup::Manifest& manifest, const std::vector<std::string>& only) {
  if (only.empty()) return manifest.items;
  std::vector<std::string> known;
  for (const auto& item : manifest.items) known.push_back(item.source);
  for (const auto& word : only)
    if (std::none_of(manifest.items.begin(), manifest.items.end(),
                     [&](const auto& item) { return is_asked_for(item, word); })) {
      const std::string near = did_you_mean(word, known);
      throw NotFound(format("the backup has no data of {}", printable(word)),
                     near.empty() ? format("It has: {}", printable(join(known, ", "))) : near);
    }
  std::vector<backup::Item> wanted;
  for (const auto& item : manifest.items)
    if (std::any_of(only.begin(), only.end(), [&](const auto& word) { return is_asked_for(item, word); }))
      wanted.push_back(item);
  return wanted;
}

std::vector<Target> targets_of(const std::vector<backup::Item>& items, const AppName& from, const AppName& to) {
  std::vector<Target> targets;
  NewNames names(items, from, to);
  for (const auto& item : items)
    targets.push_back({item, {static_cast<DataPlace::Kind>(item.kind), from == to ? item.source : names.of(item)}});
  return targets;
}

backup::Manifest in_folder(backup::Manifest manifest, const fs::path& folder) {
  auto& project = manifest.spec.project;
  if (!project)
    throw UsageError(format("this is a backup of {}, which is no Compose project", manifest.app),
                     "Leave out --project-directory: bound folders and files go to where they were.");
  const fs::path from = project->folder;
  const auto move = [&](std::string& path) {
    const fs::path within = fs::path(path).lexically_relative(from);
    if (!fs::path(path).is_absolute() || within.empty() || *within.begin() == "..") return;
    path = within == "." ? folder.string() : (folder / within).string();
  };
  const auto move_device = [&](std::map<std::string, std::string>& options) {
    if (const auto device = options.find("device"); device != options.end()) move(device->second);
  };
  for (auto& item : manifest.items) {
    if (item.kind != backup::Item::Kind::volume) move(item.source);
    move_device(item.options);
  }
  for (auto& service : manifest.spec.services)
    for (auto& mount : service.mounts)
      if (mount.kind == Mount::Kind::bind) move(mount.source);
  for (auto& [name, volume] : manifest.spec.volumes) move_device(volume.options);
  std::map<std::string, FileMark> files;
  for (auto& [path, mark] : manifest.files) {
    std::string moved = path;
    move(moved);
    files.emplace(std::move(moved), std::move(mark));
  }
  manifest.files = std::move(files);
  for (auto* paths : {&project->files, &project->env_files, &project->parts})
    std::for_each(paths->begin(), paths->end(), move);
  project->folder = folder.string();
  move(manifest.origin);
  return manifest;
}

bool is_there_already(const Target& target) {
  if (!target.item.of_project) return false;
  const auto marks = change::file_marks({target.place.source});
  return !marks.empty() && marks.begin()->second.digest == target.item.digest;
}

std::vector<fs::path> absent_paths(const std::vector<Target>& targets) {
  std::set<fs::path> absent;
  std::error_code error;
  for (const auto& [item, place] : targets) {
    if (place.kind == DataPlace::Kind::volume) continue;
    const fs::path path = place.source;
    if (item.of_project && !fs::exists(fs::symlink_status(path, error))) absent.insert(path);
    for (fs::path above = path.parent_path(); !fs::exists(above, error); above = above.parent_path())
      absent.insert(above);
  }
  return {absent.begin(), absent.end()};
}

void remove_empty_ones(const std::vector<fs::path>& paths) {
  std::error_code error;
  for (auto path = paths.rbegin(); path != paths.rend(); ++path)
    if (fs::is_empty(*path, error) && !error) fs::remove(*path, error);
}

std::vector<Target> take_engine_only(std::vector<Target>& targets, const AppName& name,
                                     const std::vector<Volume>& volumes) {
  const auto is_engine_only = [&](const Target& target) {
    if (target.place.kind != DataPlace::Kind::volume) return false;
    const Volume as_it_was = volume_of(target.item);
    const auto type = as_it_was.options.find("type");
    if (!change::no_way_back(as_it_was) || (type != as_it_was.options.end() && type->second == "tmpfs")) return false;
    const Volume* there = find_volume(volumes, target.place.source);
    if (there == nullptr) return true;
    const auto label = there->labels.find(labels::app);
    return there->driver == as_it_was.driver && there->options == as_it_was.options && label != there->labels.end() &&
           label->second == name.text();
  };
  const auto rest = std::stable_partition(targets.begin(), targets.end(),
                                          [&](const Target& target) { return !is_engine_only(target); });
  std::vector<Target> taken(std::make_move_iterator(rest), std::make_move_iterator(targets.end()));
  targets.erase(rest, targets.end());
  return taken;
}

void find_folders(std::vector<Target>& targets, bool as_other, const std::vector<Volume>& volumes) {
  for (auto& [item, place] : targets) {
    if (place.kind != DataPlace::Kind::volume) continue;
    const Volume* there = find_volume(volumes, place.source);
    if (there == nullptr && (as_other || !is_special(item))) continue;
    Volume as_it_will_be = there != nullptr ? *there : volume_of(item);
    if (const auto why = change::no_way_back(as_it_will_be))
      throw Error(ErrorCode::data_not_exchanged, *why, another_way);
    const auto folder = engine::bound_folder(as_it_will_be);
    if (!folder) continue;
    std::error_code error;
    if (!fs::is_directory(*folder, error))
      throw Error(ErrorCode::file_not_found,
                  format("the volume {} is the folder {}, which is not there", printable(place.source),
                         printable(folder->string())),
                  format("Mount its disk, or make it (mkdir {}); or: {}", shell_quoted(folder->string()), another_way));
    place = {DataPlace::Kind::folder, folder->string()};
  }
}

std::vector<plan::CreateVolume> special_volumes(const std::vector<backup::Item>& items, const AppName& name,
                                                bool as_other, const std::vector<Volume>& volumes,
                                                std::vector<std::string>& notes) {
  std::vector<plan::CreateVolume> special;
  for (const auto& item : items) {
    if (!is_special(item) || (!as_other && find_volume(volumes, item.source) != nullptr)) continue;
    if (as_other) {
      notes.push_back(
          format("in the place of the volume {} there is a plain one, without its driver and options", item.source));
      continue;
    }
    const std::string target = item.targets.empty() ? std::string() : item.targets.front();
    VolumeDefinition definition;
    definition.driver = volume_of(item).driver;
    definition.options = item.options;
    special.push_back({item.source, labels::for_volume(name, target), definition});
  }
  return special;
}

std::vector<change::DataSource> sources_of_data(const std::vector<Target>& targets) {
  std::vector<change::DataSource> fillings;
  for (const auto& target : targets)
    fillings.push_back({target.place, target.item.targets.empty() ? std::string() : target.item.targets.front(),
                        [id = target.item.id, place = target.place](const DataPlace& reserve) -> plan::Step {
                          return plan::UnpackData{id, place, reserve};
                        },
                        "beside what is there"});
  return fillings;
}

Spec spec_as(Spec spec, const std::vector<Target>& places, const AppName& from, const AppName& to,
             std::vector<std::string>& notes) {
  for (auto& service : spec.services) {
    if (service.name == from.text()) service.name = to.text();
    // Each once: a new name may be what another place was called.
    for (auto& mount : service.mounts) {
      const auto place = std::find_if(places.begin(), places.end(),
                                      [&](const Target& target) { return mount.source == target.item.source; });
      if (place != places.end()) mount.source = place->place.source;
    }
    for (auto& port : service.ports)
      if (port.host_port) {
        notes.push_back(format("host port {} is left to the engine to choose", *port.host_port));
        port.host_port.reset();
      }
    for (auto& link : service.networks) {
      link.aliases.clear();
      link.ipv4.clear();
      link.ipv6.clear();
    }
    service.mac_address.clear();
    service.hostname.clear();
  }
  spec.signals.clear();
  return spec;
}

}  // namespace belay::safekeeping
