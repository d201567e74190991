#include "base/format.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/run_values.h"

namespace belay::formats::dockerstra {

using document::Node;

void map_limits(const Wanted& wanted, Service& service) {
  Resources& limits = service.resources;
  const auto read = [&](const char* key, const auto& take) {
    if (const Node* node = wanted.find(key)) take(*node, format("\"{}\"", key));
  };
  const auto size = [&](const char* key, std::optional<ByteCount>& into, bool may_be_unlimited = false) {
    read(key, [&](const Node& node, const std::string& what) {
      const ByteCount value = size_of(node, what, may_be_unlimited);
      if (value.value != 0) into = value;
    });
  };
  const auto whole = [&](const char* key, std::optional<std::int64_t>& into) {
    read(key, [&](const Node& node, const std::string& what) { into = whole_of(node, what); });
  };
  const auto number = [&](const char* key, std::optional<int>& into, int lowest, int highest) {
    read(key, [&](const Node& node, const std::string& what) {
      into = static_cast<int>(integer_value(node, what, lowest, highest));
    });
  };
  size("mem_limit", limits.memory);
  size("memswap_limit", limits.memory_swap, true);
  size("mem_reservation", limits.memory_reservation);
  size("kernel_memory", limits.kernel_memory);
  size("shm_size", service.shm_size);
  whole("cpu_shares", limits.cpu_shares);
  whole("cpu_quota", limits.cpu_quota);
  whole("cpu_period", limits.cpu_period);
  whole("pids_limit", limits.pids_limit);
  for (const char* key : {"cpuset", "cpuset_cpus"})
    read(key,
         [&](const Node& node, const std::string& what) { limits.cpuset_cpus = parsed_value(node, what, cpu_set); });
  number("blkio_weight", limits.blkio_weight, 0, 1000);
  number("mem_swappiness", service.memory_swappiness, -1, 100);
  number("oom_score_adj", service.oom_score_adj, -1000, 1000);
  read("oom_kill_disable",
       [&](const Node& node, const std::string& what) { service.oom_kill_disable = node.as_bool(what); });
  read("blkio_weight_device",
       [&](const Node& node, const std::string&) { service.block_limits = block_limits_of(node, "weight"); });
  for (const char* kind : {"read_bps", "write_bps", "read_iops", "write_iops"})
    read(format("device_{}", kind).c_str(), [&](const Node& node, const std::string&) {
      const auto more = block_limits_of(node, kind);
      service.block_limits.insert(service.block_limits.end(), more.begin(), more.end());
    });
  read("ulimits", [&](const Node& node, const std::string& what) {
    for (const Node& one : node.as_list(what)) service.ulimits.push_back(ulimit_of(one));
  });
}

}  // namespace belay::formats::dockerstra
