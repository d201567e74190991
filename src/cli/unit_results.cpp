#include "cli/unit_results.h"

namespace belay::cli {

void print_results(Console& console, const std::vector<OrderRow>& rows) {
  Table table({{"CONTAINER"}, {"ORDER"}, {"RESULT"}, {"TIME", Align::right}});
  for (const OrderRow& row : rows) {
    const bool has_run = row.result != OrderResult::not_run;
    const Style style = row.result == OrderResult::done     ? Style::good
                        : row.result == OrderResult::failed ? Style::bad
                                                            : Style::dim;
    table.add({row.order.container,
               row.order.command,
               {has_run ? to_text(row.result) : "not run", style},
               has_run ? duration_text(row.time) : "–"});
  }
  console.print(table);
}

}  // namespace belay::cli
