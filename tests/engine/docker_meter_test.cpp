#include "engine/docker_meter.h"

#include <gtest/gtest.h>

namespace belay::engine {
namespace {

std::optional<Usage> usage_of(const std::string& json) {
  const auto document = JsonDocument::parse(json);
  return decode_usage(document.root());
}

TEST(DockerMeter, CountsProcessorsBetweenTwoLooksAndMemoryWithoutTheCache) {
  const auto usage = usage_of(R"({
    "cpu_stats": {"cpu_usage": {"total_usage": 700}, "system_cpu_usage": 3000, "online_cpus": 4},
    "precpu_stats": {"cpu_usage": {"total_usage": 200}, "system_cpu_usage": 2000},
    "memory_stats": {"usage": 5000, "limit": 9000, "stats": {"inactive_file": 1500}},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 20}, "eth1": {"rx_bytes": 1, "tx_bytes": 2}},
    "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 3}, {"op": "write", "value": 4}]},
    "pids_stats": {"current": 6}})");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->cpu_permille, 2000);
  EXPECT_EQ(usage->memory, ByteCount{3500});
  EXPECT_EQ(usage->memory_limit, ByteCount{9000});
  EXPECT_EQ(usage->received, ByteCount{11});
  EXPECT_EQ(usage->sent, ByteCount{22});
  EXPECT_EQ(usage->read, ByteCount{3});
  EXPECT_EQ(usage->written, ByteCount{4});
  EXPECT_EQ(usage->processes, 6);
}

TEST(DockerMeter, KnowsTheCacheOfTheOlderControlGroups) {
  const auto usage = usage_of(
      R"({"memory_stats": {"usage": 50, "stats": {"total_inactive_file": 20, "inactive_file": 1}}, "pids_stats": {"current": 1}})");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->memory, ByteCount{30});
  EXPECT_EQ(usage->cpu_permille, 0);
  EXPECT_FALSE(usage->memory_limit);
}

TEST(DockerMeter, HasNoUsageOfWhatDoesNotRun) {
  EXPECT_FALSE(usage_of(
      R"({"pids_stats": {}, "memory_stats": {}, "networks": null, "blkio_stats": {"io_service_bytes_recursive": null}})"));
}

TEST(DockerMeter, AddsUpTheDiskAndLeavesSharedCacheOut) {
  const auto document = JsonDocument::parse(R"({
    "LayersSize": 100,
    "Containers": [{"Names": ["/web/db", "/db"], "SizeRw": 7}, {"Names": null}, {"Names": ["/web"]}],
    "BuildCache": [{"Size": 5, "Shared": false}, {"Size": 50, "Shared": true}, {"Size": 6}]})");
  const auto use = decode_disk_use(document.root());
  EXPECT_EQ(use.images, ByteCount{100});
  EXPECT_EQ(use.build_cache, ByteCount{11});
  EXPECT_EQ(use.containers, (std::map<std::string, ByteCount>{{"db", {7}}, {"web", {0}}}));
}

}  // namespace
}  // namespace belay::engine
