#include "formats/dockerstra/orders.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/format.h"
#include "base/text.h"

namespace belay::formats::dockerstra {

namespace {

using document::Node;

struct OrderRule {
  std::string_view command;
  std::vector<std::string> arguments;
};

const std::vector<OrderRule>& order_rules() {
  static const std::vector<OrderRule> rules{
      {"build", {}},
      {"create", {}},
      {"start", {"restart", "timeout", "attach"}},
      {"stop", {"timeout"}},
      {"backup", {"backup_dir", "backup_name", "source"}},
      {"restore", {"restore_dir", "restore_name"}},
      {"remove", {"v", "timeout", "link", "force"}},
      {"remove_image", {"force", "noprune"}},
      {"execute", {"run", "shell", "binds", "type"}},
      {"tag", {"repository", "tag", "force"}},
      {"commit", {"repository", "tag", "message", "author", "changes", "conf"}},
      {"push", {"repository", "tag"}},
      {"render", {"template", "file", "check", "signal", "restart"}},
      {"tests", {"tests"}},
  };
  return rules;
}

const OrderRule& rule_of(const Node& command) {
  const std::string& word = command.as_text("\"command\"");
  std::vector<std::string> known;
  for (const OrderRule& rule : order_rules()) {
    if (rule.command == word) return rule;
    known.emplace_back(rule.command);
  }
  std::string hint = did_you_mean(word, known);
  throw ConfigError(command.where(), format("unknown order \"{}\"", printable(word)),
                    hint.empty() ? format("Known orders: {}.", join(known, ", ")) : hint);
}

void check_container(const document::Member& entry, const std::string& command,
                     const std::vector<Container>& containers) {
  const bool is_host = entry.key == "host";
  if (is_host && (command == "execute" || command == "tests")) return;
  if (is_host)
    throw ConfigError(entry.key_where, format("the host takes no order \"{}\"", command),
                      "It takes execute and tests.");
  if (command == "tests") throw ConfigError(entry.key_where, "tests are an order to the container \"host\"");
  std::vector<std::string> known{"host"};
  for (const Container& container : containers) {
    if (container.name == entry.key) return;
    known.push_back(container.name);
  }
  std::string hint = did_you_mean(entry.key, known);
  throw ConfigError(entry.key_where, format("the composition has no container \"{}\"", printable(entry.key)),
                    hint.empty() ? format("It has {}.", join(known, ", ")) : hint);
}

Order order_of(const Node& item, const std::vector<Container>& containers) {
  const auto& members = item.as_map("an order");
  if (members.size() != 1)
    throw ConfigError(item.where(),
                      format("an order is a map with one key, the container's name, not with {}", members.size()),
                      "Begin each order with a '-'.");
  const document::Member& entry = members.front();
  const Node* command = entry.value.is_map() ? entry.value.find("command") : nullptr;
  if (command == nullptr) {
    entry.value.as_map("an order");
    throw ConfigError(entry.value.where(), format("the order to {} has no \"command\"", printable(entry.key)));
  }
  const OrderRule& rule = rule_of(*command);
  check_container(entry, std::string(rule.command), containers);
  std::vector<std::string> known = rule.arguments;
  known.insert(known.end(), {"command", "variants", "wait"});
  document::refuse_unknown_keys(entry.value, known, format("the order \"{}\"", rule.command));
  Order order;
  order.where = entry.key_where;
  order.container = entry.key;
  order.command = rule.command;
  for (const auto& member : entry.value.members()) {
    if (member.key == "variants")
      for (const Node& variant : member.value.as_list("\"variants\""))
        order.variants.push_back(variant.as_scalar("a variant"));
    else if (member.key != "command")
      order.arguments.add_member(member);
  }
  return order;
}

Order to_container(const Order& like, std::string command) {
  Order order;
  order.where = like.where;
  order.container = like.container;
  order.command = std::move(command);
  order.variants = like.variants;
  return order;
}

// The first order to each container that is made or started.
std::vector<Order> one_a_container(const std::vector<Order>& start, bool started_alone) {
  std::vector<Order> found;
  std::set<std::string> seen;
  for (const Order& order : start) {
    const bool counts = order.command == "start" || (!started_alone && order.command == "create");
    if (counts && seen.insert(order.container).second) found.push_back(order);
  }
  return found;
}

}  // namespace

std::vector<Order> orders_of(const Node& list, const std::vector<Container>& containers) {
  std::vector<Order> orders;
  for (const Node& item : list.as_list("the list of orders")) orders.push_back(order_of(item, containers));
  return orders;
}

std::vector<Order> chosen_orders(std::vector<Order> orders, const Address& address) {
  if (address.variants.empty()) return orders;
  std::vector<std::string> known;
  for (const Order& order : orders)
    for (const auto& variant : order.variants)
      if (std::find(known.begin(), known.end(), variant) == known.end()) known.push_back(variant);
  for (const auto& variant : address.variants)
    if (std::find(known.begin(), known.end(), variant) == known.end()) {
      std::string hint = did_you_mean(variant, known);
      if (hint.empty() && !known.empty()) hint = format("It has {}.", join(known, ", "));
      throw UsageError(format("{} has no variant '{}'", address.name(), variant), std::move(hint));
    }
  std::erase_if(orders, [&](const Order& order) {
    return !order.variants.empty() &&
           std::none_of(order.variants.begin(), order.variants.end(), [&](const std::string& variant) {
             return std::find(address.variants.begin(), address.variants.end(), variant) != address.variants.end();
           });
  });
  return orders;
}

std::vector<std::string> derived_commands() {
  return {"backup", "build", "cleanup", "create", "purge", "restart", "restore", "stop", "test"};
}

bool follows_from_start(const std::string& command, bool has_update) {
  const auto known = derived_commands();
  return std::find(known.begin(), known.end(), command) != known.end() || (command == "upgrade" && has_update);
}

std::vector<Order> derived_orders(const std::string& command, const std::vector<Order>& start,
                                  const std::vector<Container>& containers) {
  const std::vector<Order> made = one_a_container(start, false), started = one_a_container(start, true);
  std::vector<Order> orders;
  const auto each = [&](const std::vector<Order>& of, const std::string& order_command, const char* flag = nullptr) {
    for (const Order& like : of) {
      orders.push_back(to_container(like, order_command));
      if (flag != nullptr) orders.back().arguments.set(flag, Node::boolean(true));
    }
  };
  const auto backwards = [](std::vector<Order> list) {
    std::reverse(list.begin(), list.end());
    return list;
  };
  if (command == "build" || command == "create" || command == "backup" || command == "restore") each(made, command);
  // What they say of a container is part of it.
  if (command == "upgrade")
    for (Order order : start) {
      if (order.command != "create" && order.command != "start") continue;
      order.arguments.remove("restart");
      orders.push_back(std::move(order));
    }
  if (command == "stop") each(backwards(started), "stop");
  if (command == "restart") each(started, "start", "restart");
  if (command == "cleanup") each(backwards(made), "remove");
  if (command == "purge") {
    each(backwards(made), "remove", "v");
    std::vector<Order> built = made;
    std::erase_if(built, [&](const Order& order) {
      return std::none_of(containers.begin(), containers.end(), [&](const Container& container) {
        return container.name == order.container && !container.build.is_null();
      });
    });
    each(backwards(built), "remove_image");
  }
  return orders;
}

}  // namespace belay::formats::dockerstra
