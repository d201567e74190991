#include "model/unkept.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

// A setting that two options make stands under the one that is the more likely to have been written.
constexpr UnkeptOption table[] = {
    {"Annotations", "annotation", ""},
    {"AutoRemove", "rm", ""},
    {"BlkioDeviceReadBps", "device-read-bps", ""},
    {"BlkioDeviceReadIOps", "device-read-iops", ""},
    {"BlkioDeviceWriteBps", "device-write-bps", ""},
    {"BlkioDeviceWriteIOps", "device-write-iops", ""},
    {"BlkioWeightDevice", "blkio-weight-device", ""},
    {"ContainerIDFile", "cidfile", ""},
    {"CpuCount", "cpu-count", ""},
    {"CpuPercent", "cpu-percent", ""},
    {"CpuRealtimePeriod", "cpu-rt-period", ""},
    {"CpuRealtimeRuntime", "cpu-rt-runtime", ""},
    {"DeviceRequests", "gpus", ""},
    {"Healthcheck.StartInterval", "health-start-interval", ""},
    {"IOMaximumBandwidth", "io-maxbandwidth", ""},
    {"IOMaximumIOps", "io-maxiops", ""},
    {"Mounts.BindOptions.NonRecursive", "mount", "bind-recursive"},
    {"Mounts.BindOptions.NonRecursive", "mount", "bind-nonrecursive"},
    {"Mounts.BindOptions.ReadOnlyForceRecursive", "mount", "bind-recursive"},
    {"Mounts.BindOptions.ReadOnlyNonRecursive", "mount", "bind-recursive"},
    {"Mounts.ImageOptions.Subpath", "mount", "image-subpath"},
    {"Mounts.Type", "mount", "type"},
    {"Mounts.VolumeOptions.DriverConfig.Options", "mount", "volume-opt"},
    {"Mounts.VolumeOptions.DriverConfig", "mount", "volume-driver"},
    {"Mounts.VolumeOptions.Labels", "mount", "volume-label"},
    {"Mounts.VolumeOptions.Subpath", "mount", "volume-subpath"},
    {"Networks.DriverOpts", "network", "driver-opt"},
    {"Networks.GwPriority", "network", "gw-priority"},
    {"Networks.IPAMConfig.LinkLocalIPs", "link-local-ip", ""},
    {"Networks.IPAMConfig.LinkLocalIPs", "network", "link-local-ip"},
};

bool is_within(std::string_view setting, std::string_view outer) {
  return setting.starts_with(outer) && (setting.size() == outer.size() || setting[outer.size()] == '.');
}

}  // namespace

std::span<const UnkeptOption> unkept_options() {
  return table;
}

bool is_unkept(std::string_view option, std::string_view part) {
  return std::any_of(std::begin(table), std::end(table),
                     [&](const UnkeptOption& row) { return row.option == option && row.part == part; });
}

std::string UnkeptSetting::text() const {
  return option.empty() ? name : format("{} ({})", name, option);
}

UnkeptSetting unkept_setting(std::string name, std::string_view setting) {
  for (const UnkeptOption& row : table)
    if (is_within(setting, row.setting))
      return {std::move(name),
              row.part.empty() ? format("--{}", row.option) : format("--{} …,{}=…", row.option, row.part)};
  return {std::move(name), {}};
}

std::string list_of(const std::vector<UnkeptSetting>& settings) {
  std::vector<std::string> texts;
  for (const UnkeptSetting& setting : settings) texts.push_back(setting.text());
  return join(texts, ", ");
}

}  // namespace belay
