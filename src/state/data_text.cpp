#include "state/data_text.h"

#include "base/format.h"
#include "document/json.h"

namespace belay::state {

namespace {

using document::Node;

// {"volume": "web_data"}
Node to_node(const DataPlace& place) {
  Node node = Node::map();
  node.set(std::string(to_text(place.kind)), Node::text(place.source));
  return node;
}
DataPlace place_from(const Node& node) {
  const auto& members = node.as_map("a place");
  if (members.size() != 1) throw Error(ErrorCode::state_damaged, "the state contains an invalid place of data");
  return {data_kind(members.front().key), members.front().value.as_text("a place")};
}

const Node& needed(const Node& map, std::string_view key) {
  if (const Node* node = map.find(key)) return *node;
  throw Error(ErrorCode::state_damaged, format("the state's data lacks '{}'", key));
}

}  // namespace

std::string to_column(const std::vector<DataExchange>& exchanges) {
  if (exchanges.empty()) return {};
  Node list = Node::list();
  for (const auto& exchange : exchanges) {
    Node node = Node::map();
    node.set("place", to_node(exchange.place));
    node.set("reserve", to_node(exchange.reserve));
    node.set("content", Node::text(exchange.content));
    list.add(std::move(node));
  }
  return document::write_json(list);
}

std::vector<DataExchange> exchanges_from(const std::string& column) {
  std::vector<DataExchange> exchanges;
  if (column.empty()) return exchanges;
  const Node list = document::read_json(column, "saved data");
  for (const auto& node : list.as_list("data"))
    exchanges.push_back({place_from(needed(node, "place")), place_from(needed(node, "reserve")),
                         needed(node, "content").as_text("content")});
  return exchanges;
}

std::string to_column(const std::vector<Snapshot>& snapshots) {
  if (snapshots.empty()) return {};
  Node list = Node::list();
  for (const auto& snapshot : snapshots) {
    Node items = Node::list();
    for (const auto& item : snapshot.items) {
      Node node = Node::map();
      node.set("place", to_node(item.place));
      node.set("kept", to_node(item.kept));
      items.add(std::move(node));
    }
    Node node = Node::map();
    node.set("number", Node::number(snapshot.number));
    if (snapshot.release) node.set("release", Node::number(snapshot.release->value));
    node.set("taken", Node::text(iso_time(snapshot.taken)));
    node.set("why", Node::text(snapshot.why));
    node.set("items", std::move(items));
    node.set("complete", Node::boolean(snapshot.complete));
    list.add(std::move(node));
  }
  return document::write_json(list);
}

std::vector<Snapshot> snapshots_from(const std::string& column) {
  std::vector<Snapshot> snapshots;
  if (column.empty()) return snapshots;
  const Node list = document::read_json(column, "saved snapshots");
  for (const auto& node : list.as_list("snapshots")) {
    Snapshot& snapshot = snapshots.emplace_back();
    snapshot.number = static_cast<int>(needed(node, "number").as_int("number"));
    if (const Node* release = node.find("release"))
      snapshot.release = ReleaseNumber{static_cast<int>(release->as_int("release"))};
    snapshot.taken = parse_time(needed(node, "taken").as_text("taken")).value_or(Time{});
    snapshot.why = needed(node, "why").as_text("why");
    for (const auto& item : needed(node, "items").as_list("items"))
      snapshot.items.push_back({place_from(needed(item, "place")), place_from(needed(item, "kept"))});
    snapshot.complete = needed(node, "complete").as_bool("complete");
  }
  return snapshots;
}

}  // namespace belay::state
