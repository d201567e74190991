#include "cli/unit_results.h"

#include "cli/json_output.h"

namespace belay::cli {

namespace {

std::string_view word_of(OrderResult result) {
  switch (result) {
    case OrderResult::done:
      return "done";
    case OrderResult::unchanged:
      return "unchanged";
    case OrderResult::planned:
      return "planned";
    case OrderResult::failed:
      return "failed";
    case OrderResult::not_run:
      return "not_run";
  }
  return "";
}

}  // namespace

void print_results(Console& console, const std::vector<OrderRow>& rows) {
  Table table({{"CONTAINER"}, {"ORDER"}, {"RESULT"}, {"TIME", Align::right}});
  for (const OrderRow& row : rows) {
    const bool has_run = row.result != OrderResult::not_run;
    const Style style = row.result == OrderResult::done     ? Style::good
                        : row.result == OrderResult::failed ? Style::bad
                                                            : Style::dim;
    table.add({row.order.container,
               row.order.command,
               {has_run ? word_of(row.result) : "not run", style},
               has_run ? duration_text(row.time) : "–"});
  }
  console.print(table);
}

void print_results_as_json(Console& console, const formats::dockerstra::Unit& unit, const std::vector<OrderRow>& rows) {
  Node orders = Node::list();
  for (const OrderRow& row : rows) {
    Node order = Node::map();
    order.set("container", Node::text(row.order.container));
    order.set("order", Node::text(row.order.command));
    order.set("file", Node::text(row.order.where.file));
    order.set("line", Node::number(row.order.where.line));
    order.set("result", word(word_of(row.result)));
    order.set("duration_ms",
              row.result == OrderResult::not_run ? Node() : Node::number(static_cast<std::int64_t>(row.time.count())));
    orders.add(std::move(order));
  }
  Node result = Node::map();
  result.set("unit", Node::text(unit.address.unit));
  result.set("command", Node::text(unit.address.command));
  result.set("variants", texts(unit.address.variants));
  result.set("orders", std::move(orders));
  print_record(console, result);
}

}  // namespace belay::cli
