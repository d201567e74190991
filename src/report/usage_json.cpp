#include "report/usage_json.h"

#include "base/format.h"
#include "report/json.h"

namespace belay::report {

std::string cpu_percent_text(std::int64_t permille) {
  return format("{}.{}", permille / 10, permille % 10);
}

Node usage_json(const look::UsageRow& row) {
  const auto& usage = row.usage;
  Node node = Node::map();
  node.set("app", Node::text(row.app));
  node.set("service", Node::text(row.service));
  node.set("container", Node::text(row.container));
  node.set("cpu_percent", Node::number_text(cpu_percent_text(usage.cpu_permille)));
  node.set("memory_bytes", Node::number(usage.memory.value));
  node.set("memory_limit_bytes", usage.memory_limit ? Node::number(usage.memory_limit->value) : Node());
  node.set("received_bytes", Node::number(usage.received.value));
  node.set("sent_bytes", Node::number(usage.sent.value));
  node.set("read_bytes", Node::number(usage.read.value));
  node.set("written_bytes", Node::number(usage.written.value));
  node.set("processes", Node::number(usage.processes));
  return node;
}

Node space_json(const look::Space& space) {
  Node apps = Node::list();
  for (const auto& row : space.apps) {
    Node node = Node::map();
    node.set("name", Node::text(row.app));
    node.set("images_bytes", Node::number(row.images.value));
    node.set("containers_bytes", Node::number(row.containers.value));
    node.set("volumes_bytes", Node::number(row.volumes.value));
    node.set("backups_bytes", Node::number(row.backups.value));
    node.set("frees_bytes", row.frees ? Node::number(row.frees->value) : Node());
    apps.add(std::move(node));
  }
  Node engine = Node::map();
  engine.set("images_bytes", Node::number(space.engine.images.value));
  engine.set("build_cache_bytes", Node::number(space.engine.build_cache.value));
  Node node = Node::map();
  node.set("apps", std::move(apps));
  node.set("engine", std::move(engine));
  return node;
}

}  // namespace belay::report
