#include "host/places.h"

#include <algorithm>
#include <array>

#include "base/format.h"

namespace belay::host {

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

// nullopt: not data; `why` says why not.
std::optional<DataPlace> bound_place(const std::string& source, std::string& why) {
  std::string path = fs::path(source).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  why = why_left_out(path);
  if (!why.empty()) return {};
  std::error_code error;
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

Places places_of(const Spec& spec) {
  Places places;
  const auto leave_out = [&](const std::string& why) {
    if (std::find(places.left_out.begin(), places.left_out.end(), why) == places.left_out.end())
      places.left_out.push_back(why);
  };
  for (const auto& service : spec.services)
    for (const auto& mount : service.mounts) {
      if (mount.kind == Mount::Kind::tmpfs) continue;
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
      if (use == places.uses.end()) use = places.uses.insert(use, PlaceUse{*place, {}, false});
      if (std::find(use->targets.begin(), use->targets.end(), mount.target) == use->targets.end())
        use->targets.push_back(mount.target);
      use->written = use->written || !mount.read_only;
    }
  return places;
}

}  // namespace belay::host
