#include "host/own_container.h"

#include <algorithm>

#include "base/files.h"
#include "base/text.h"

namespace belay::host {

namespace {

constexpr size_t id_size = 64;

bool is_id(std::string_view text) {
  return text.size() == id_size &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// The id behind the last `mark` in `text`, as far as one stands there.
std::string id_behind(std::string_view text, std::string_view mark) {
  const size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view id = text.substr(at + mark.size(), id_size);
  return is_id(id) ? std::string(id) : std::string();
}

}  // namespace

std::string own_container_id(std::string_view mounts, std::string_view cgroups) {
  // The engine binds these files of its own into each container. Other mounts of containers are seen from the host too.
  for (const auto& line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 5) continue;
    const std::string &root = fields[3], &target = fields[4];
    if (target != "/etc/hostname" && target != "/etc/resolv.conf" && target != "/etc/hosts") continue;
    if (std::string id = id_behind(root, "/containers/"); !id.empty()) return id;
  }
  // With another network's namespace there are no such files; version 1 of cgroups still names the container.
  for (const auto& line : split(cgroups, '\n'))
    for (const std::string_view mark : {"/docker/", "/docker-"})
      if (std::string id = id_behind(line, mark); !id.empty()) return id;
  return {};
}

std::optional<std::string> own_container(engine::Engine& engine, std::stop_token stop) {
  const std::string id = own_container_id(read_file_if_present("/proc/self/mountinfo").value_or(""),
                                          read_file_if_present("/proc/self/cgroup").value_or(""));
  if (id.empty()) return {};
  const auto own = engine.container(id, stop);
  return own ? std::optional(own->container.name) : std::nullopt;
}

}  // namespace belay::host
