#include "change/claims.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/places.h"
#include "data/mounts.h"
#include "data/place.h"
#include "engine/direct.h"
#include "model/compose_labels.h"
#include "state/store.h"

namespace belay::change {

namespace {

constexpr const char* ways_out =
    "Restore it as another app (--as NAME), only unpack it (--into FOLDER), or choose what comes back (--only).";

bool is_volume(const DataPlace& place) {
  return place.kind == DataPlace::Kind::volume;
}

// "/srv/shop": nothing but that is ever written into a backup.
bool is_plain_path(const std::string& source) {
  const fs::path path = source;
  return source.starts_with('/') && !source.starts_with("//") && source.find('\0') == std::string::npos &&
         path.has_filename() && path.lexically_normal().string() == source;
}

bool is_volume_name(const std::string& name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 255 && is_letter_or_digit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
}

// "web_data.belay-s3", ".site.belay-s3".
bool is_called_as_a_reserve(const std::string& name) {
  constexpr std::string_view tag = ".belay-s";
  const auto at = name.rfind(tag);
  return at != std::string::npos && parse_number(std::string_view(name).substr(at + tag.size())).has_value();
}

fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : found;
}

bool is_at_or_below(const fs::path& path, const fs::path& folder) {
  const auto end = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end.first == folder.end();
}

// Where paths are on their file systems, so that two ways to one folder are known to be that.
class Whereabouts {
 public:
  Whereabouts() {
    try {
      mounts_ = data::Mounts::now();
    } catch (const Error&) {
      // Then only the paths are compared.
    }
  }
  bool holds(const fs::path& folder, const fs::path& path) const {
    const Spot &outer = spot(folder), &inner = spot(path);
    if (is_at_or_below(inner.real, outer.real)) return true;
    return outer.location && inner.location && outer.location->holds(*inner.location);
  }
  bool overlap(const fs::path& a, const fs::path& b) const { return holds(a, b) || holds(b, a); }

 private:
  struct Spot {
    fs::path real;
    std::optional<data::Location> location;
  };
  // Each path is asked for once: a backup may have many places, and so may the other apps.
  const Spot& spot(const fs::path& path) const {
    const auto [found, is_new] = known_.try_emplace(path.string());
    if (is_new) {
      found->second.real = real(path);
      if (mounts_) found->second.location = mounts_->location(found->second.real);
    }
    return found->second;
  }

  std::optional<data::Mounts> mounts_;
  mutable std::map<std::string, Spot> known_;
};

// What is put here changes the host, not an app. A file of an app's own in these folders was bound by its settings.
bool is_in_the_hosts_folders(const fs::path& path) {
  constexpr std::array whole{"/bin",    "/boot", "/lib", "/lib32",         "/lib64",
                             "/libx32", "/sbin", "/usr", "/var/spool/cron"};
  if (is_at_or_below(path, "/usr/local")) return false;
  if (std::any_of(whole.begin(), whole.end(), [&](const char* folder) { return is_at_or_below(path, folder); }))
    return true;
  if (std::find(path.begin(), path.end(), ".ssh") != path.end()) return true;
  // A folder for the app's own settings is made there; what is among the host's is the host's.
  std::error_code error;
  return (is_at_or_below(path, "/etc") || is_at_or_below(path, "/root")) && fs::exists(path.parent_path(), error);
}

bool holds_nothing(const fs::path& path) {
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return true;
  if (status.type() == fs::file_type::regular) return fs::file_size(path, error) == 0 && !error;
  if (status.type() != fs::file_type::directory) return false;
  return fs::directory_iterator(path, error) == fs::directory_iterator() && !error;
}

// Somebody's hold on a place.
struct Claim {
  std::string whose;  // "the app shop's (r3)"
  DataPlace place;
  bool writes = true;
};

class Claims {
 public:
  Claims(Context& context, const AppName& name, const World& world, const std::vector<DataPlace>& own,
         std::stop_token stop)
      : name_(name.text()), world_(world), state_folder_(context.store.folder()) {
    engine_folder_ = context.engine.data_folder(stop);
    for (const auto& place : own) own_.insert(place.source);
    for (const auto& app : context.store.apps()) take(app);
    for (const auto& container : world.containers) take(container);
    for (const auto& volume : world.volumes) take(volume);
  }

  // nullopt: the app may have it.
  std::optional<std::string> against(const DataPlace& place) const {
    return is_volume(place) ? against_volume(place) : against_path(place);
  }

 private:
  bool is_own(const DataPlace& place) const { return own_.contains(place.source); }

  static DataPlace place_of(const Mount& mount) {
    if (mount.kind == Mount::Kind::volume) return {DataPlace::Kind::volume, mount.source};
    std::string path = fs::path(mount.source).lexically_normal().string();
    if (path.size() > 1 && path.back() == '/') path.pop_back();
    return {DataPlace::Kind::folder, path};
  }

  void take(const Spec& spec, bool is_ours, const std::string& whose) {
    for (const auto& service : spec.services)
      for (const auto& mount : service.mounts) {
        if (!mount.keeps_data() || mount.source.empty()) continue;
        if (is_ours)
          own_.insert(place_of(mount).source);
        else
          others_.push_back({whose, place_of(mount), !mount.read_only});
      }
  }

  // Every release could run again.
  void take(const App& app) {
    const bool is_ours = app.name.text() == name_;
    known_.insert(app.name.text());
    for (const auto& release : app.releases)
      take(release.spec, is_ours, format("the app {}'s ({})", app.name.text(), release.number.text()));
    // Those that were taken over have no labels, and their volumes may have no names.
    if (is_ours)
      for (const auto& instance : plan::instances(app, world_))
        for (const auto& mount : instance.container->mounts)
          if (mount.keeps_data() && !mount.source.empty()) own_.insert(place_of(mount).source);
    for (const auto& build : app.builds)
      if (is_ours)
        for (const auto& [name, configuration] : build.configurations) take(configuration.spec, true, {});
    for (const auto& snapshot : app.snapshots)
      for (const auto& item : snapshot.items) {
        if (is_ours) own_.insert(item.place.source);
        others_.push_back({format("the snapshot {} of the app {}", snapshot.text(), app.name.text()), item.kept, true});
      }
  }

  void take(const Container& container) {
    const auto owner = container.owner();
    if (owner) known_.insert(owner->app);
    for (const auto& mount : container.mounts) {
      if (!mount.keeps_data() || mount.source.empty()) continue;
      const DataPlace place = place_of(mount);
      if (owner && owner->app == name_)
        own_.insert(place.source);
      else if (owner)
        others_.push_back(
            {format("the app {}'s (its container {})", owner->app, container.name), place, !mount.read_only});
      else
        strangers_.push_back({format("the container {}'s", container.name), place, !mount.read_only});
    }
  }

  // A volume that is a folder of this machine claims that folder.
  void take(const Volume& volume) {
    const auto label = volume.labels.find(labels::app);
    if (label != volume.labels.end() && label->second == name_) own_.insert(volume.name);
    const auto folder = engine::bound_folder(volume);
    if (!folder) return;
    const DataPlace place{DataPlace::Kind::folder, folder->string()};
    std::vector<Claim> claims;
    for (const auto& claim : others_)
      if (is_volume(claim.place) && claim.place.source == volume.name)
        claims.push_back({claim.whose, place, claim.writes});
    others_.insert(others_.end(), claims.begin(), claims.end());
    if (own_.contains(volume.name))
      own_.insert(place.source);
    else
      others_.push_back({format("the folder of the volume {}", volume.name), place, true});
  }

  std::optional<std::string> against_volume(const DataPlace& place) const {
    if (!is_volume_name(place.source)) return "that is not the name of a volume";
    if (is_called_as_a_reserve(place.source)) return "Belay keeps snapshots under such names";
    for (const auto& claim : others_)
      if (claim.place == place && (claim.writes || !is_own(place))) return format("it is {}", claim.whose);
    const Volume* volume = world_.find_volume(place.source);
    if (volume == nullptr) return {};
    if (volume->labels.contains(labels::reserve) || volume->labels.contains(labels::temporary))
      return "Belay made it for something else";
    const auto label = volume->labels.find(labels::app);
    if (label != volume->labels.end() && label->second != name_ && (known_.contains(label->second) || !is_own(place)))
      return format("by its label it is the app {}'s", label->second);
    const auto project = volume->labels.find(labels::compose_project);
    const bool is_of_the_project = project != volume->labels.end() && project->second == name_;
    if (!is_own(place) && !is_of_the_project)
      return format("it is there already, and there is no sign that it is {}'s", name_);
    return {};
  }

  std::optional<std::string> against_path(const DataPlace& place) const {
    if (!is_plain_path(place.source)) return "that is not a plain absolute path";
    const fs::path path = place.source, found = real(path);
    if (is_called_as_a_reserve(path.filename().string())) return "Belay keeps snapshots under such names";
    if (ground_.overlap(state_folder_, found)) return format("Belay's own state is in {}", state_folder_.string());
    if (!engine_folder_.empty() && ground_.overlap(engine_folder_, found))
      return format("the engine keeps its own in {}", engine_folder_);
    for (const auto& each : {path, found})
      if (is_the_hosts(each.string())) return "it is the host's own";
    const bool own = is_own(place);
    if (const auto why = against_others(place, own)) return why;
    if (own) return {};
    if (is_in_the_hosts_folders(found)) return "it is in a folder of the host's own";
    if (!holds_nothing(path)) return format("it is there already, and there is no sign that it is {}'s", name_);
    for (const auto& claim : strangers_)
      if (claim.place.source == place.source) return format("it is {}", claim.whose);
    return {};
  }

  // In a folder that others have as well, a place of the app's own may get other data; what would take theirs along
  // may not.
  std::optional<std::string> against_others(const DataPlace& place, bool own) const {
    for (const auto& claim : others_) {
      if (is_volume(claim.place) || is_the_hosts(claim.place.source)) continue;
      const bool same_or_above = ground_.holds(place.source, claim.place.source);
      const bool within = !same_or_above && ground_.holds(claim.place.source, place.source);
      const bool is_same = same_or_above && ground_.holds(claim.place.source, place.source);
      if (own && !claim.writes) continue;
      if (is_same) return format("it is {}", claim.whose);
      if (same_or_above) return format("{} in it is {}", claim.place.source, claim.whose);
      if (within && !own) return format("it is in {}, which is {}", claim.place.source, claim.whose);
    }
    return {};
  }

  const std::string name_;
  const World& world_;
  const fs::path state_folder_;
  std::string engine_folder_;
  const Whereabouts ground_;
  std::set<std::string> own_;    // names of volumes, paths
  std::set<std::string> known_;  // apps
  std::vector<Claim> others_, strangers_;
};

// Containers that run with a volume have its folder open, though their mounts do not name it.
void refuse_open_folder(const AppName& name, const World& world, const DataPlace& place) {
  if (is_volume(place)) return;
  for (const auto& volume : world.volumes) {
    const auto folder = engine::bound_folder(volume);
    if (!folder || folder->string() != place.source) continue;
    for (const auto& container : world.containers) {
      const auto owner = container.owner();
      if (!container.is_up() || (owner && owner->app == name.text())) continue;
      if (std::any_of(container.mounts.begin(), container.mounts.end(), [&](const Mount& mount) {
            return mount.kind == Mount::Kind::volume && mount.source == volume.name;
          }))
        throw Conflict(
            ErrorCode::data_in_use,
            format("{} is in use by the container {}, as the volume {}", text_of(place), container.name, volume.name),
            owner ? format("Stop it with: belay stop {}", owner->app) : "Stop that container.");
    }
  }
}

}  // namespace

void refuse_what_is_others(Context& context, const AppName& name, const World& world,
                           const std::vector<DataPlace>& places, const std::vector<DataPlace>& own,
                           std::stop_token stop) {
  const Claims claims(context, name, world, own, stop);
  for (const auto& place : places) {
    auto why = claims.against(place);
    if (!why) why = kept_by_belay_in(context, place, world.volumes);
    if (why)
      throw Conflict(ErrorCode::foreign_data,
                     format("{} cannot get {}'s data: {}", printable(text_of(place)), name.text(), printable(*why)),
                     ways_out);
    refuse_open_folder(name, world, place);
  }
}

void refuse_to_mount_what_is_others(Context& context, const AppName& name, const World& world, const Spec& spec,
                                    const std::vector<DataPlace>& filled, std::stop_token stop) {
  const Claims claims(context, name, world, {}, std::move(stop));
  for (const auto& use : places_of(spec).uses) {
    if (!use.written || std::find(filled.begin(), filled.end(), use.place) != filled.end()) continue;
    // Inside what is filled it comes along with that.
    const auto path = data::path_of(use.place, world.volumes);
    if (path && place_around(*path, filled, world.volumes)) continue;
    if (const auto why = claims.against(use.place))
      throw Conflict(ErrorCode::foreign_data,
                     format("{} would write to {}, for which the backup has no data: {}", name.text(),
                            printable(text_of(use.place)), printable(*why)),
                     "Restore it as another app (--as NAME), or only unpack it (--into FOLDER).");
  }
}

std::optional<DataPlace> place_around(const fs::path& path, const std::vector<DataPlace>& places,
                                      const std::vector<Volume>& volumes) {
  const Whereabouts ground;
  for (const auto& place : places)
    if (const auto folder = data::path_of(place, volumes); folder && ground.holds(*folder, path)) return place;
  return {};
}

std::optional<std::string> kept_by_belay_in(Context& context, const DataPlace& place,
                                            const std::vector<Volume>& volumes) {
  const fs::path& state_folder = context.store.folder();
  if (place_around(state_folder, {place}, volumes)) return format("Belay's own state is in {}", state_folder.string());
  std::map<std::string, bool> is_within;  // folders of backups
  for (const auto& backup : context.store.backups("")) {
    const auto [answer, is_new] = is_within.try_emplace(backup.place, false);
    if (is_new) answer->second = backup.place.starts_with('/') && place_around(backup.place, {place}, volumes);
    std::error_code error;
    if (answer->second && fs::exists(fs::path(backup.place) / backup.name, error))
      return format("a backup of {} is in {}", backup.app, backup.place);
  }
  return {};
}

}  // namespace belay::change
