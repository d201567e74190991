#include "change/places.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "engine/direct.h"

namespace belay::change {

namespace {

// Nobody's data, whatever is in them or below them.
constexpr std::array<std::string_view, 5> of_the_kernel{"/proc", "/sys", "/dev", "/run", "/var/run"};
// The host's own as a whole, though a folder below may well be an app's.
constexpr std::array<std::string_view, 18> of_the_host{
    "/",      "/bin",     "/boot",           "/etc",           "/home",      "/lib",
    "/lib64", "/opt",     "/root",           "/sbin",          "/srv",       "/usr",
    "/var",   "/var/lib", "/var/lib/docker", "/etc/localtime", "/etc/hosts", "/etc/resolv.conf"};

std::string why_left_out(const std::string& path) {
  for (const auto folder : of_the_kernel)
    if (path == folder || (path.starts_with(folder) && path[folder.size()] == '/'))
      return format("{} is the host's, not the app's data", path);
  if (std::find(of_the_host.begin(), of_the_host.end(), path) != of_the_host.end())
    return format("{} is the host's, not the app's data", path);
  return {};
}

// Their values may be secrets: a share's password.
std::string option_names(const Volume& volume) {
  std::vector<std::string> names;
  for (const auto& [name, value] : volume.options)
    names.push_back(name == "type" || name == "device" ? format("{}={}", name, printable(value)) : printable(name));
  return join(names, ", ");
}

// nullopt: not data; `why` says why not.
std::optional<DataPlace> bound_place(const std::string& source, std::string& why) {
  std::string path = fs::path(source).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  why = why_left_out(path);
  std::error_code error;
  if (const auto real = fs::canonical(path, error); why.empty() && !error) why = why_left_out(real.string());
  if (!why.empty()) return {};
  const auto status = fs::status(path, error);
  switch (status.type()) {
    case fs::file_type::directory:
      return DataPlace{DataPlace::Kind::folder, path};
    case fs::file_type::regular:
      return DataPlace{DataPlace::Kind::file, path};
    case fs::file_type::not_found:
      why = format("{} is not there", path);
      return {};
    default:
      why = format("{} is neither a folder nor a file", path);
      return {};
  }
}

}  // namespace

bool is_the_hosts(const std::string& path) {
  return !why_left_out(path).empty();
}

std::optional<std::string> no_way_back(const Volume& volume) {
  if (engine::direct_folder(volume) || engine::bound_folder(volume)) return {};
  const bool is_plain = volume.options.empty();
  return format(
      "the volume {} has the driver {}{}: only the engine reaches its files, and no data is put in their place",
      volume.name, volume.driver.empty() ? "local" : printable(volume.driver),
      is_plain ? std::string() : format(" with the options {}", option_names(volume)));
}

Places places_of(const Spec& spec) {
  Places places;
  const auto leave_out = [&](const std::string& why) {
    if (std::find(places.left_out.begin(), places.left_out.end(), why) == places.left_out.end())
      places.left_out.push_back(why);
  };
  for (const auto& service : spec.services)
    for (const auto& mount : service.mounts) {
      if (!mount.keeps_data()) continue;
      std::optional<DataPlace> place;
      if (mount.kind == Mount::Kind::volume && !mount.source.empty()) {
        place = DataPlace{DataPlace::Kind::volume, mount.source};
      } else if (mount.kind == Mount::Kind::volume) {
        leave_out(format("{} is a volume without a name, which no other container ever gets", mount.target));
      } else {
        std::string why;
        place = bound_place(mount.source, why);
        if (!place) leave_out(why);
        std::error_code error;
        if (!place && !fs::exists(mount.source, error)) places.missing.push_back(why);
      }
      if (!place) continue;
      auto use = std::find_if(places.uses.begin(), places.uses.end(), [&](const auto& u) { return u.place == *place; });
      if (use == places.uses.end()) use = places.uses.insert(use, DataUse{*place, {}, false});
      if (std::find(use->targets.begin(), use->targets.end(), mount.target) == use->targets.end())
        use->targets.push_back(mount.target);
      use->written = use->written || !mount.read_only;
    }
  return places;
}

std::vector<DataUse> outermost(const std::vector<DataUse>& uses, const std::vector<Volume>& volumes,
                               const data::Mounts& mounts) {
  std::vector<std::optional<data::Location>> where;
  for (const auto& use : uses) {
    try {
      where.push_back(data::location_of(use.place, volumes, mounts));
    } catch (const Error&) {
      where.emplace_back();  // behind a link that is not to be followed: it can be exchanged with nothing anyway
    }
  }
  // Of two names for one place the volume's is the one that the engine knows.
  const auto holds = [&](std::size_t outer, std::size_t inner) {
    if (outer == inner || !where[outer] || !where[inner] || !where[outer]->holds(*where[inner])) return false;
    if (where[outer] != where[inner]) return true;
    const auto rank = [&](std::size_t i) { return std::pair(uses[i].place.kind != DataPlace::Kind::volume, i); };
    return rank(outer) < rank(inner);
  };
  std::vector<DataUse> outer;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    bool is_inner = false;
    DataUse use = uses[i];
    for (std::size_t other = 0; other < uses.size(); ++other) {
      is_inner = is_inner || holds(other, i);
      use.written = use.written || (uses[other].written && holds(i, other));
    }
    if (!is_inner) outer.push_back(std::move(use));
  }
  return outer;
}

std::vector<DataPlace> places_of_exchange(const Spec& spec, const std::vector<Volume>& volumes) {
  std::vector<DataPlace> places;
  for (const auto& use : places_of(spec).uses) places.push_back(data::place_of_exchange(use.place, volumes));
  return places;
}

std::vector<std::string> no_ways_back(const Spec& spec, const std::vector<Volume>& volumes) {
  std::vector<std::string> found;
  for (const auto& use : places_of(spec).uses)
    for (const auto& volume : volumes)
      if (use.place == DataPlace{DataPlace::Kind::volume, volume.name})
        if (auto why = no_way_back(volume)) found.push_back(std::move(*why));
  return found;
}

Exchangeable exchangeable(const data::Reserves& reserves, const DataPlace& place, const data::Mounts& mounts) {
  try {
    const DataPlace real = data::real_place(place);
    if (real.kind != DataPlace::Kind::volume)
      if (const std::string why = why_left_out(real.source); !why.empty())
        return {real, data::Obstacle{data::Obstacle::Kind::of_the_place, why}};
    return {real, reserves.obstacle(real, mounts)};
  } catch (const NotFound&) {
    throw;
  } catch (const Error& error) {
    if (place.kind == DataPlace::Kind::volume) throw;
    return {place, data::Obstacle{data::Obstacle::Kind::of_the_place, error.what()}};
  }
}

std::vector<std::string> obstacles_of(const Spec& spec, const std::vector<Volume>& volumes,
                                      const data::Mounts& mounts) {
  std::vector<std::string> found;
  const data::Reserves reserves(volumes);
  for (const auto& use : outermost(places_of(spec).uses, volumes, mounts)) {
    const DataPlace place = data::place_of_exchange(use.place, volumes);
    // A volume that is missing will be made; one that only the engine reaches is another matter.
    if (place.kind == DataPlace::Kind::volume && !data::path_of(place, volumes)) continue;
    if (const auto way = exchangeable(reserves, place, mounts); way.obstacle)
      found.push_back(format("what {} holds cannot be exchanged: {}", text_of(use.place), way.obstacle->text));
  }
  return found;
}

}  // namespace belay::change
