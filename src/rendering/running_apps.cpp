#include "rendering/running_apps.h"

#include <algorithm>

#include "look/look.h"

namespace belay::rendering {

namespace {

using document::Node;

Node port_of(const PortBinding& port) {
  Node node = Node::map();
  node.set("port", Node::number(static_cast<std::int64_t>(port.container_port)));
  node.set("protocol", Node::text(port.protocol));
  node.set("host_port", port.host_port ? Node::number(static_cast<std::int64_t>(*port.host_port)) : Node());
  node.set("host_address", Node::text(port.host_ip));
  return node;
}

Node container_of(const look::InstanceRow& row, const ContainerDetail& detail) {
  Node node = Node::map();
  node.set("name", Node::text(row.container));
  node.set("service", Node::text(row.service));
  node.set("health", Node::text(std::string(to_text(detail.container.health))));
  Node networks = Node::map(), labels = Node::map(), ports = Node::list();
  std::string address;
  for (const auto& [network, own] : detail.network_addresses) {
    networks.set(network, Node::text(own));
    if (address.empty()) address = own;
  }
  for (const auto& [name, value] : detail.container.labels) labels.set(name, Node::text(value));
  std::vector<PortBinding> published = detail.container.ports;
  std::sort(published.begin(), published.end());
  for (const auto& port : published) ports.add(port_of(port));
  node.set("address", Node::text(address));
  node.set("networks", std::move(networks));
  node.set("ports", std::move(ports));
  node.set("labels", std::move(labels));
  return node;
}

}  // namespace

Node running_apps(change::Context& context, std::stop_token stop) {
  std::vector<look::AppSummary> rows = look::list(context, stop);
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Node apps = Node::list();
  for (const auto& row : rows) {
    Node containers = Node::list();
    for (const auto& instance : row.instances) {
      if (!instance.is_up) continue;
      // It may have ended since the list.
      const auto detail = context.engine.container(instance.container, stop);
      if (detail && detail->container.state == ContainerState::running) containers.add(container_of(instance, *detail));
    }
    if (containers.items().empty()) continue;
    Node app = Node::map();
    app.set("name", Node::text(row.name));
    app.set("release", Node::text(row.release));
    app.set("containers", std::move(containers));
    apps.add(std::move(app));
  }
  Node values = Node::map();
  values.set("apps", std::move(apps));
  return values;
}

}  // namespace belay::rendering
