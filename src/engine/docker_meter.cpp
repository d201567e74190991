#include "engine/docker_meter.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "engine/docker_connection.h"
#include "engine/docker_context.h"

namespace belay::engine {

namespace {

std::int64_t cpu_permille(JsonView now, JsonView before) {
  const std::int64_t used = now["cpu_usage"]["total_usage"].number() - before["cpu_usage"]["total_usage"].number();
  const std::int64_t all = now["system_cpu_usage"].number() - before["system_cpu_usage"].number();
  if (used <= 0 || all <= 0) return 0;
  const std::int64_t processors = std::max<std::int64_t>(1, now["online_cpus"].number(1));
  return static_cast<std::int64_t>(static_cast<double>(used) * 1000.0 * static_cast<double>(processors) /
                                   static_cast<double>(all));
}

// As `docker stats` counts: what the kernel can drop is no use of memory. inactive_file of cgroup v2, total_… of v1.
ByteCount memory_of(JsonView memory) {
  const JsonView details = memory["stats"];
  const std::int64_t used = memory["usage"].number();
  const std::int64_t cache = details["total_inactive_file"].number(details["inactive_file"].number());
  return {cache < used ? used - cache : used};
}

class DockerMeter final : public Meter {
 public:
  explicit DockerMeter(const DockerOptions& options) : connection_(find_endpoint(options)) {}

  Usage usage(const std::string& container, std::stop_token stop) override {
    Target target("/containers/" + escaped(container) + "/stats");
    target.with("stream", "false");
    const auto answer = accepted_object(connection_.get(target, stop));
    const auto usage = decode_usage(answer.root());
    if (!usage) throw Conflict(ErrorCode::not_running, format("the container {} does not run", container));
    return *usage;
  }
  DiskUse disk_use(std::stop_token stop) override {
    return decode_disk_use(accepted_object(connection_.get(Target("/system/df"), stop)).root());
  }

 private:
  DockerConnection connection_;
};

}  // namespace

std::optional<Usage> decode_usage(JsonView answer) {
  // Of what does not run there is an answer too, but no process in it.
  if (answer["pids_stats"]["current"].number() == 0 && answer["memory_stats"]["usage"].number() == 0) return {};
  Usage usage;
  usage.cpu_permille = cpu_permille(answer["cpu_stats"], answer["precpu_stats"]);
  usage.memory = memory_of(answer["memory_stats"]);
  if (const std::int64_t limit = answer["memory_stats"]["limit"].number(); limit > 0) usage.memory_limit = {limit};
  answer["networks"].each_member([&](std::string_view, JsonView network) {
    usage.received.value += network["rx_bytes"].number();
    usage.sent.value += network["tx_bytes"].number();
  });
  answer["blkio_stats"]["io_service_bytes_recursive"].each_item([&](JsonView entry) {
    const std::string what = entry["op"].text();
    if (what == "Read" || what == "read") usage.read.value += entry["value"].number();
    if (what == "Write" || what == "write") usage.written.value += entry["value"].number();
  });
  usage.processes = answer["pids_stats"]["current"].number();
  return usage;
}

DiskUse decode_disk_use(JsonView answer) {
  DiskUse use;
  use.images = {answer["LayersSize"].number()};
  answer["BuildCache"].each_item([&](JsonView entry) {
    if (!entry["Shared"].truth()) use.build_cache.value += entry["Size"].number();
  });
  answer["Containers"].each_item([&](JsonView container) {
    std::string name;
    container["Names"].each_item([&](JsonView each) {
      // "/web/db" is a link of another container.
      if (const std::string text = each.text(); text.rfind('/') == 0) name = text.substr(1);
    });
    if (!name.empty()) use.containers[name] = {container["SizeRw"].number()};
  });
  return use;
}

std::unique_ptr<Meter> docker_meter(const DockerOptions& options) {
  return std::make_unique<DockerMeter>(options);
}

}  // namespace belay::engine
