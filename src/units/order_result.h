#pragma once
// What came of an order of a unit's command.

#include <string_view>

#include "base/clock.h"
#include "formats/dockerstra/unit.h"

namespace belay::units {

enum class OrderResult { done, unchanged, planned, failed, not_run };

constexpr std::string_view to_text(OrderResult result) {
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

struct OrderRow {
  formats::dockerstra::Order order;
  OrderResult result = OrderResult::not_run;
  Milliseconds time{0};  // of orders that were carried out together, that of all of them
};

}  // namespace belay::units
