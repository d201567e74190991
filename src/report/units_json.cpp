#include "report/units_json.h"

#include "report/json.h"

namespace belay::report {

namespace {

Node order_json(const units::OrderRow& row) {
  const bool has_run = row.result != units::OrderResult::not_run;
  Node order = Node::map();
  order.set("container", Node::text(row.order.container));
  order.set("order", Node::text(row.order.command));
  order.set("file", Node::text(row.order.where.file));
  order.set("line", Node::number(row.order.where.line));
  order.set("result", word(units::to_text(row.result)));
  order.set("duration_ms", has_run ? Node::number(static_cast<std::int64_t>(row.time.count())) : Node());
  return order;
}

Node case_json(const units::TestCase& each, bool dry_run) {
  const bool has_run = each.result != units::TestCase::Result::not_run;
  Node node = Node::map();
  node.set("container", Node::text(each.container));
  node.set("case", Node::text(each.name));
  node.set("file", Node::text(each.where.file));
  node.set("line", Node::number(each.where.line));
  node.set("result", word(dry_run ? "planned" : units::to_text(each.result)));
  node.set("reason", text_or_null(each.reason));
  node.set("log_tail", text_or_null(each.log_tail));
  node.set("duration_ms", has_run ? Node::number(static_cast<std::int64_t>(each.time.count())) : Node());
  return node;
}

}  // namespace

Node orders_json(const formats::dockerstra::Unit& unit, const std::vector<units::OrderRow>& rows) {
  Node result = Node::map();
  result.set("unit", Node::text(unit.address.unit));
  result.set("command", Node::text(unit.address.command));
  result.set("variants", texts(unit.address.variants));
  result.set("orders", list_of(rows, order_json));
  return result;
}

Node tests_json(const formats::dockerstra::Address& address, const units::TestReport& report, bool dry_run) {
  Node node = Node::map();
  node.set("unit", Node::text(address.unit));
  node.set("command", Node::text(address.command));
  node.set("variants", texts(address.variants));
  node.set("passed", Node::boolean(!dry_run && !report.has_failed()));
  node.set("duration_ms", Node::number(static_cast<std::int64_t>(report.time.count())));
  node.set("cases", list_of(report.cases, [&](const units::TestCase& each) { return case_json(each, dry_run); }));
  return node;
}

}  // namespace belay::report
