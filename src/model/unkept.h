#pragma once
// Settings of a container that a Service has no place for: the one list of what is refused by name, in a `docker run`
// line as well as in a container that exists already.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace belay {

struct UnkeptOption {
  std::string_view setting;  // where an inspection has it: "DeviceRequests", "Mounts.VolumeOptions.Subpath"
  std::string_view option;   // of `docker run`, without its dashes
  std::string_view part;     // of the option's value: "volume-subpath"; empty: the whole option
};
std::span<const UnkeptOption> unkept_options();
// Whether `docker run --OPTION …,PART=…` is refused.
bool is_unkept(std::string_view option, std::string_view part);

// One that a container really has.
struct UnkeptSetting {
  std::string name;    // "Mounts[0].VolumeOptions.Subpath"
  std::string option;  // "--mount …,volume-subpath=…"; empty: `docker run` has none for it
  bool operator==(const UnkeptSetting&) const = default;
  std::string text() const;
};
// `setting`: as in UnkeptOption, and perhaps more behind it.
UnkeptSetting unkept_setting(std::string name, std::string_view setting);
// "DeviceRequests (--gpus), Annotations (--annotation)"
std::string list_of(const std::vector<UnkeptSetting>& settings);

}  // namespace belay
