#include "engine/direct.h"

#include <algorithm>
#include <array>
#include <random>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace {

constexpr const char* probe_label = "belay.probe";
constexpr auto abandoned = std::chrono::minutes(1);

std::string unguessable_name() {
  std::random_device source;
  std::string name = "belay-probe-";
  for (int part = 0; part < 4; ++part) name += format("{:08x}", static_cast<unsigned>(source()));
  return name;
}

bool is_readable(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  return !error;
}

}  // namespace

bool is_local(const std::string& endpoint) {
  return !endpoint.starts_with("tcp:") && !endpoint.starts_with("ssh:") && !endpoint.starts_with("http");
}

bool may_share_files(Engine& engine, std::stop_token stop) {
  const std::string data = engine.data_folder(stop);
  return !data.empty() && is_readable(data) && !engine.maps_ids(stop);
}

bool shares_files(Engine& engine, std::stop_token stop) {
  if (!may_share_files(engine, stop)) return false;
  const std::string name = unguessable_name();
  engine.create_volume({name, {{probe_label, name}}}, stop);
  const auto probes = engine.volumes(probe_label, {});
  const auto own = std::find_if(probes.begin(), probes.end(), [&](const Volume& probe) { return probe.name == name; });
  const bool shared = own != probes.end() && is_readable(own->mount_point);
  // Those of others that ask at this moment are theirs to remove. All times are of the engine's clock.
  for (const auto& probe : probes)
    if (probe.name == name || (own->created && probe.created && *probe.created + abandoned < *own->created))
      engine.remove_volume(probe.name, {});
  return shared;
}

bool shares_files(Engine& engine, bool dry_run, std::stop_token stop) {
  return dry_run ? may_share_files(engine, std::move(stop)) : shares_files(engine, std::move(stop));
}

std::optional<std::filesystem::path> direct_folder(const Volume& volume) {
  if (volume.driver != "local" || !volume.options.empty() || volume.mount_point.empty()) return {};
  return volume.mount_point;
}

std::optional<std::filesystem::path> bound_folder(const Volume& volume) {
  if (volume.driver != "local" && !volume.driver.empty()) return {};
  const auto option = [&](const char* name) {
    const auto found = volume.options.find(name);
    return found == volume.options.end() ? std::string() : found->second;
  };
  // Options that this does not know may change what the folder shows.
  if (!option("type").empty() && option("type") != "none") return {};
  constexpr std::array<std::string_view, 9> harmless{"rw",       "private", "rprivate", "noatime", "nodiratime",
                                                     "relatime", "nosuid",  "nodev",    "noexec"};
  bool is_bound = false;
  for (const auto& word : split(option("o"), ',')) {
    if (word == "bind" || word == "rbind")
      is_bound = true;
    else if (std::find(harmless.begin(), harmless.end(), word) == harmless.end())
      return {};
  }
  for (const auto& [name, value] : volume.options)
    if (name != "type" && name != "o" && name != "device") return {};
  std::filesystem::path folder = std::filesystem::path(option("device")).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (!is_bound || !folder.is_absolute() || !folder.has_filename()) return {};
  return folder;
}

}  // namespace belay::engine
