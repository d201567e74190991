#include "engine/docker_mounts.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace {

constexpr std::array<std::string_view, 6> propagations{"private", "rprivate", "shared", "rshared", "slave", "rslave"};

std::string from_octal(const std::string& text) {
  std::int64_t number = 0;
  for (const char c : text) number = number * 8 + (c - '0');
  return std::to_string(number);
}

// One word of a mode such as "ro,size=64m", under the name that the long form has for it.
void add_word(FlatMount& mount, const std::string& word) {
  const bool is_temporary = mount.settings["Type"] == "tmpfs";
  if (word.empty() || word == "rw") return;
  if (word == "ro") {
    mount.settings["ReadOnly"] = "true";
  } else if (word == "nocopy") {
    mount.settings["VolumeOptions.NoCopy"] = "true";
  } else if (std::find(propagations.begin(), propagations.end(), word) != propagations.end()) {
    mount.settings["BindOptions.Propagation"] = word;
  } else if (const auto size = parse_bytes(word.substr(std::min<size_t>(5, word.size())));
             is_temporary && word.starts_with("size=") && size) {
    mount.settings["TmpfsOptions.SizeBytes"] = std::to_string(size->value);
  } else if (is_temporary && word.starts_with("mode=")) {
    mount.settings["TmpfsOptions.Mode"] = from_octal(word.substr(5));
  } else {
    mount.settings["mode." + word] = "true";
  }
}

void add_short(std::map<std::string, FlatMount>& mounts, const std::string& name, const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() < 2) return;
  FlatMount mount{name, {{"Type", parts[0].starts_with('/') ? "bind" : "volume"}, {"Source", parts[0]}}};
  for (size_t i = 2; i < parts.size(); ++i)
    for (const auto& word : split(parts[i], ',')) add_word(mount, word);
  mounts[parts[1]] = std::move(mount);
}

void add_leaves(FlatMount& mount, const std::string& under, JsonView value) {
  value.each_member([&](std::string_view key, JsonView part) {
    const std::string name = under.empty() ? std::string(key) : format("{}.{}", under, key);
    // The target is the key of the whole; consistency means nothing outside of a Mac; whether the engine makes a
    // missing folder belongs to the creation.
    if (name == "Target" || name == "Consistency" || name == "BindOptions.CreateMountpoint") return;
    if (part.is_object()) return add_leaves(mount, name, part);
    if (!part.says_nothing()) mount.settings[name] = part.written();
  });
}

}  // namespace

bool FlatMount::is_anonymous() const {
  const auto type = settings.find("Type");
  return settings.size() == 1 && type != settings.end() && type->second == "volume";
}

std::map<std::string, FlatMount> mounts_by_target(JsonView config, JsonView host) {
  std::map<std::string, FlatMount> mounts;
  for (const auto& target : config["Volumes"].keys())
    mounts[target] = {format("Volumes.{}", target), {{"Type", "volume"}}};
  size_t index = 0;
  for (const auto& text : host["Binds"].texts()) add_short(mounts, format("Binds[{}]", index++), text);
  index = 0;
  host["Mounts"].each_item([&](JsonView entry) {
    FlatMount mount{format("Mounts[{}]", index++), {}};
    add_leaves(mount, {}, entry);
    mounts[entry["Target"].text()] = std::move(mount);
  });
  host["Tmpfs"].each_member([&](std::string_view target, JsonView mode) {
    FlatMount mount{format("Tmpfs.{}", target), {{"Type", "tmpfs"}}};
    for (const auto& word : split(mode.text(), ',')) add_word(mount, word);
    mounts[std::string(target)] = std::move(mount);
  });
  return mounts;
}

}  // namespace belay::engine
