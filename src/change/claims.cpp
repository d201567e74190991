#include "change/claims.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "change/own_container.h"
#include "change/places.h"
#include "change/reserve_names.h"
#include "data/place.h"
#include "engine/direct.h"
#include "model/compose_labels.h"
#include "state/store.h"

namespace belay::change {

namespace {

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

bool is_at_or_below(const fs::path& path, const fs::path& folder) {
  const auto end = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end.first == folder.end();
}

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

DataPlace place_of(const Mount& mount) {
  if (mount.kind == Mount::Kind::volume) return {DataPlace::Kind::volume, mount.source};
  std::string path = fs::path(mount.source).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  return {DataPlace::Kind::folder, path};
}

bool is_a_place(const Mount& mount) {
  return mount.keeps_data() && !mount.source.empty();
}

}  // namespace

BackupFolders::BackupFolders(state::Store& store) {
  for (const auto& backup : store.backups("")) {
    if (!backup.place.starts_with('/') || apps_.contains(backup.place)) continue;
    std::error_code error;
    if (fs::exists(fs::path(backup.place) / backup.name, error)) apps_.emplace(backup.place, backup.app);
  }
}

std::optional<std::string> BackupFolders::within(const fs::path& folder, const Whereabouts& ground) const {
  for (const auto& [path, app] : apps_)
    if (ground.holds(folder, path)) return format("a backup of {} is in {}", app, path);
  return {};
}

Claims::Claims(engine::Engine& engine, state::Store& store, const std::vector<App>& apps, const World& world,
               std::stop_token stop)
    : apps_(apps), world_(world), state_folder_(store.folder()), backups_(store) {
  engine_folder_ = engine.data_folder(stop);
  // What Belay's own container has bound is there for Belay to work on.
  const auto own_container = own_containers(engine, stop);
  const std::string own_name = own_container.empty() ? std::string() : own_app(engine, std::move(stop));
  for (const auto& app : apps)
    if (app.name.text() != own_name) take(app);
  for (const auto& container : world.containers)
    if (!own_container.contains(container.name)) take(container);
  for (const auto& volume : world.volumes) take(volume);
}

void Claims::add(Claim claim) {
  // Releases of an app mostly have the same places.
  if (!seen_
           .emplace(claim.app.empty() ? claim.whose : claim.app, claim.place, claim.writes, claim.volume,
                    claim.is_strangers)
           .second)
    return;
  const std::size_t index = claims_.size();
  if (is_volume(claim.place))
    by_volume_.emplace(claim.place.source, index);
  else if (!is_the_hosts(claim.place.source))
    for (const auto& name : ground_.names(claim.place.source)) by_where_.emplace(name, index);
  if (!claim.app.empty()) by_app_.emplace(claim.app, index);
  claims_.push_back(std::move(claim));
}

// Every release could run again.
void Claims::take(const App& app) {
  const std::string& name = app.name.text();
  known_.insert(name);
  for (const auto& release : app.releases)
    for (const auto& service : release.spec.services)
      for (const auto& mount : service.mounts)
        if (is_a_place(mount))
          add({format("the app {}'s ({})", name, release.number.text()), place_of(mount), !mount.read_only, name});
  for (const auto& snapshot : app.snapshots)
    for (const auto& item : snapshot.items)
      add({format("the snapshot {} of the app {}", snapshot.text(), name), item.kept});
}

void Claims::take(const Container& container) {
  const auto owner = container.owner();
  if (owner) known_.insert(owner->app);
  for (const auto& mount : container.mounts) {
    if (!is_a_place(mount)) continue;
    if (owner)
      add({format("the app {}'s (its container {})", owner->app, container.name), place_of(mount), !mount.read_only,
           owner->app});
    else
      add({format("the container {}'s", container.name), place_of(mount), !mount.read_only, {}, {}, true});
  }
}

// A volume that is a folder of this machine claims that folder.
void Claims::take(const Volume& volume) {
  const auto folder = engine::bound_folder(volume);
  if (!folder) return;
  const DataPlace place{DataPlace::Kind::folder, folder->string()};
  std::vector<Claim> claims;
  const auto [begin, end] = by_volume_.equal_range(volume.name);
  for (auto found = begin; found != end; ++found)
    if (const Claim& claim = claims_[found->second]; !claim.is_strangers)
      claims.push_back({claim.whose, place, claim.writes, claim.app});
  for (auto& claim : claims) add(std::move(claim));
  add({format("the folder of the volume {}", volume.name), place, true, {}, volume.name});
}

Claims::Own Claims::own_of(const std::string& name) const {
  const auto [known, is_new] = own_.try_emplace(name);
  Own& own = known->second;
  if (!is_new) return own;
  const auto [begin, end] = by_app_.equal_range(name);
  for (auto found = begin; found != end; ++found) own.insert(claims_[found->second].place.source);
  const auto app = std::find_if(apps_.begin(), apps_.end(), [&](const App& each) { return each.name.text() == name; });
  if (app != apps_.end()) {
    // Those that were taken over have no labels, and their volumes may have no names.
    for (const auto& instance : plan::instances(*app, world_))
      for (const auto& mount : instance.container->mounts)
        if (is_a_place(mount)) own.insert(place_of(mount).source);
    for (const auto& build : app->builds)
      for (const auto& [configuration, settings] : build.configurations)
        for (const auto& service : settings.spec.services)
          for (const auto& mount : service.mounts)
            if (is_a_place(mount)) own.insert(place_of(mount).source);
    for (const auto& snapshot : app->snapshots)
      for (const auto& item : snapshot.items) own.insert(item.place.source);
  }
  for (const auto& volume : world_.volumes) {
    const auto label = volume.labels.find(labels::app);
    if (label != volume.labels.end() && label->second == name) own.insert(volume.name);
    if (own.contains(volume.name))
      own.insert(data::place_of_exchange({DataPlace::Kind::volume, volume.name}, {volume}).source);
  }
  return own;
}

bool Claims::counts_against(const Claim& claim, const std::string& name, const Own& own) const {
  if (!claim.app.empty()) return claim.app != name;
  return claim.volume.empty() || !own.contains(claim.volume);
}

// Claims on the place itself, on what is in it, and on what it is in.
std::vector<std::pair<Claims::Where, const Claims::Claim*>> Claims::about(const DataPlace& place) const {
  std::vector<std::pair<Where, const Claim*>> found;
  for (const auto& name : ground_.names(place.source)) {
    const auto take_all = [&](const std::string& where, Where relation) {
      const auto [begin, end] = by_where_.equal_range(where);
      for (auto claim = begin; claim != end; ++claim) found.emplace_back(relation, &claims_[claim->second]);
    };
    take_all(name, Where::same);
    const std::string below = name + "/";
    for (auto claim = by_where_.lower_bound(below); claim != by_where_.end() && claim->first.starts_with(below);
         ++claim)
      found.emplace_back(Where::in_it, &claims_[claim->second]);
    for (auto slash = name.rfind('/'); slash != std::string::npos && slash > 0; slash = name.rfind('/', slash - 1))
      take_all(name.substr(0, slash), Where::around_it);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return found;
}

std::optional<std::string> Claims::against(const AppName& name, const DataPlace& place,
                                           const std::vector<DataPlace>& also_own) const {
  Own own = own_of(name.text());
  for (const auto& each : also_own) {
    own.insert(each.source);
    own.insert(data::place_of_exchange(each, world_.volumes).source);
  }
  return is_volume(place) ? against_volume(name.text(), place, own) : against_path(name.text(), place, own);
}

std::optional<std::string> Claims::against_exchange(const AppName& name, const DataPlace& place,
                                                    const std::vector<DataPlace>& own) const {
  if (auto why = against(name, place, own)) return why;
  const auto folder = data::path_of(place, world_.volumes);
  if (!folder) return {};
  if (ground_.holds(*folder, state_folder_)) return format("Belay's own state is in {}", state_folder_.string());
  return backups_.within(*folder, ground_);
}

std::optional<std::string> Claims::against_volume(const std::string& name, const DataPlace& place,
                                                  const Own& own) const {
  if (!is_volume_name(place.source)) return "that is not the name of a volume";
  if (is_called_as_a_reserve(place.source)) return "Belay keeps snapshots under such names";
  const bool is_own = own.contains(place.source);
  const auto [begin, end] = by_volume_.equal_range(place.source);
  for (auto found = begin; found != end; ++found)
    if (const Claim& claim = claims_[found->second];
        !claim.is_strangers && counts_against(claim, name, own) && (claim.writes || !is_own))
      return format("it is {}", claim.whose);
  const Volume* volume = world_.find_volume(place.source);
  if (volume == nullptr) return {};
  if (volume->labels.contains(labels::reserve) || volume->labels.contains(labels::temporary))
    return "Belay made it for something else";
  const auto label = volume->labels.find(labels::app);
  if (label != volume->labels.end() && label->second != name && (known_.contains(label->second) || !is_own))
    return format("by its label it is the app {}'s", label->second);
  const auto project = volume->labels.find(labels::compose_project);
  const bool is_of_the_project = project != volume->labels.end() && project->second == name;
  if (!is_own && !is_of_the_project) return format("it is there already, and there is no sign that it is {}'s", name);
  return {};
}

std::optional<std::string> Claims::against_path(const std::string& name, const DataPlace& place, const Own& own) const {
  if (!is_plain_path(place.source)) return "that is not a plain absolute path";
  const fs::path path = place.source, found = without_links(path);
  if (is_called_as_a_reserve(path.filename().string())) return "Belay keeps snapshots under such names";
  if (ground_.overlap(state_folder_, found)) return format("Belay's own state is in {}", state_folder_.string());
  if (!engine_folder_.empty() && ground_.overlap(engine_folder_, found))
    return format("the engine keeps its own in {}", engine_folder_);
  for (const auto& each : {path, found})
    if (is_the_hosts(each.string())) return "it is the host's own";
  if (auto why = against_others(name, place, own, false)) return why;
  if (own.contains(place.source)) return {};
  if (is_in_the_hosts_folders(found)) return "it is in a folder of the host's own";
  if (!holds_nothing(path)) return format("it is there already, and there is no sign that it is {}'s", name);
  return against_others(name, place, own, true);
}

// In a folder that others have as well, a place of the app's own may get other data; what would take theirs along may
// not.
std::optional<std::string> Claims::against_others(const std::string& name, const DataPlace& place, const Own& own,
                                                  bool strangers) const {
  const bool is_own = own.contains(place.source);
  for (const auto& [where, claim] : about(place)) {
    if (claim->is_strangers != strangers || !counts_against(*claim, name, own)) continue;
    if (is_own && (!claim->writes || where == Where::around_it)) continue;
    if (strangers && where == Where::around_it && !claim->writes) continue;
    switch (where) {
      case Where::same:
        return format("it is {}", claim->whose);
      case Where::in_it:
        return format("{} in it is {}", claim->place.source, claim->whose);
      case Where::around_it:
        return format("it is in {}, which is {}", claim->place.source, claim->whose);
    }
  }
  return {};
}

}  // namespace belay::change
