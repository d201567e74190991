#include "change/own_container.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"

namespace belay::change {

namespace {

constexpr size_t id_size = 64;

bool is_id(std::string_view text) {
  return text.size() == id_size &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The id that begins or ends this part of a path: "ID", "docker-ID.scope".
std::string id_in(std::string_view part) {
  if (part.ends_with(".scope")) {
    part.remove_suffix(std::string_view(".scope").size());
    const size_t dash = part.rfind('-');
    if (dash != std::string_view::npos) part.remove_prefix(dash + 1);
  }
  return is_id(part) ? std::string(part) : std::string();
}

// The engine binds these files of its own into each container. Other mounts of containers are seen from the host too.
std::string id_of_bound_files(std::string_view mounts) {
  static constexpr std::string_view mark = "/containers/";
  for (const auto& line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 5) continue;
    const std::string &root = fields[3], &target = fields[4];
    if (target != "/etc/hostname" && target != "/etc/resolv.conf" && target != "/etc/hosts") continue;
    const size_t at = root.rfind(mark);
    if (at == std::string::npos) continue;
    if (std::string id = id_in(std::string_view(root).substr(at + mark.size(), id_size)); !id.empty()) return id;
  }
  return {};
}

// Version 1 of control groups names the container, unless it has a namespace of its own for them. A group inside it
// may hold the process.
std::string id_of_control_group(std::string_view cgroups) {
  for (const auto& line : split(cgroups, '\n')) {
    const auto parts = split(line, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (std::string id = id_in(*part); !id.empty()) return id;
  }
  return {};
}

}  // namespace

std::set<std::string> own_container_ids(std::string_view mounts, std::string_view cgroups) {
  std::set<std::string> ids{id_of_bound_files(mounts), id_of_control_group(cgroups)};
  ids.erase("");
  return ids;
}

bool is_on_the_root(std::string_view mounts, const std::string& folder) {
  for (const auto& line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 5 || fields[4] == "/") continue;
    if (folder == fields[4] || folder.starts_with(fields[4] + "/")) return false;
  }
  return true;
}

bool is_lost_with_container(const std::string& folder) {
  const std::string mounts = read_file_if_present("/proc/self/mountinfo").value_or("");
  std::error_code unknown;
  const bool is_in_container =
      fs::exists("/.dockerenv", unknown) || fs::exists("/run/.containerenv", unknown) ||
      !own_container_ids(mounts, read_file_if_present("/proc/self/cgroup").value_or("")).empty();
  return is_in_container && is_on_the_root(mounts, folder);
}

std::set<std::string> own_containers(engine::Engine& engine, std::stop_token stop) {
  std::set<std::string> names;
  for (const auto& id : own_container_ids(read_file_if_present("/proc/self/mountinfo").value_or(""),
                                          read_file_if_present("/proc/self/cgroup").value_or("")))
    if (const auto own = engine.container(id, stop)) names.insert(own->container.name);
  return names;
}

std::string own_app(engine::Engine& engine, std::stop_token stop) {
  std::set<std::string> apps;
  try {
    for (const auto& container : own_containers(engine, stop))
      if (const auto detail = engine.container(container, stop))
        if (const auto owner = detail->container.owner()) apps.insert(owner->app);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    // An engine that is away is no engine that this process runs on.
  }
  return apps.size() == 1 ? *apps.begin() : std::string();
}

}  // namespace belay::change
