#include "cli/unit_run.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "cli/json_output.h"
#include "cli/unit_orders.h"
#include "cli/unit_results.h"
#include "cli/unit_tests.h"
#include "formats/dockerstra/order_values.h"
#include "report/units_json.h"

namespace belay::cli {

namespace {

using formats::dockerstra::Order;
using formats::dockerstra::Unit;

void check_call(const Session& session, const UnitCall& call, const Unit& unit, const std::vector<OrderGroup>& groups) {
  const std::string& command = unit.address.command;
  if (call.keep_going && command != "stop" && command != "cleanup" && command != "purge")
    throw UsageError(format("--keep-going goes with stop, cleanup and purge, not with {}", command),
                     "What follows a failed order may build on it.");
  check_losses(session, call, unit, groups);
}

}  // namespace

void check_losses(const Session& session, const UnitCall& call, const Unit& unit,
                  const std::vector<OrderGroup>& groups) {
  const bool loses = std::any_of(groups.begin(), groups.end(), loses_data);
  if (loses && !call.dry_run && !call.agrees_to_lose && (call.json || !session.console.is_in_terminal()))
    throw UsageError(ErrorCode::not_confirmed,
                     format("{} removes volumes with their data: this must be confirmed", unit.address.text()),
                     format("belay unit run --yes-lose-data {0} {1} agrees; belay backup {0} keeps a copy.",
                            unit.address.unit, unit.address.text()));
}

namespace {

// One run of a command: its groups one after the other, with what came of each.
class UnitRun {
 public:
  UnitRun(Session& session, const UnitCall& call, const Unit& unit)
      : session_(session), call_(call), unit_(unit), groups_(groups_of(unit)), orders_(session, call, unit) {
    check_call(session, call, unit, groups_);
    for (const OrderGroup& group : groups_)
      for (const Order& order : group.orders) rows_.push_back({order});
  }

  int run() {
    try {
      orders_.clear_killed();
      for (const OrderGroup& group : groups_) {
        carry_out(group);
        if (has_failed_ && !call_.keep_going) break;
        wait_after(group);
      }
    } catch (...) {
      print();
      throw;
    }
    print();
    if (has_failed_) return 1;
    return call_.exit_unchanged && !has_changed_ && !call_.dry_run ? 3 : 0;
  }

 private:
  void carry_out(const OrderGroup& group) {
    const Ticks began = session_.clock.ticks();
    OrderOutcome outcome;
    try {
      outcome = in_time(group);
    } catch (const Cancelled&) {
      note(group, OrderResult::failed, began);
      throw;
    } catch (const Error& error) {
      note(group, OrderResult::failed, began);
      if (!call_.keep_going) throw;
      session_.console.error(error);
      has_failed_ = true;
      return;
    }
    has_failed_ = has_failed_ || outcome.has_failed;
    has_changed_ = has_changed_ || outcome.has_changed;
    note(group,
         outcome.has_failed    ? OrderResult::failed
         : call_.dry_run       ? OrderResult::planned
         : outcome.has_changed ? OrderResult::done
                               : OrderResult::unchanged,
         began);
    if (outcome.has_failed) session_.console.note(orders_text(group, outcome.failed_in) + " failed");
  }

  // What fails says which order of which file it is.
  OrderOutcome in_time(const OrderGroup& group) {
    return doing(orders_text(group), [&] {
      if (!call_.timeout) return orders_.run(group, session_.stop());
      const TimeLimit limit(*call_.timeout, session_.stop());
      OrderOutcome outcome;
      try {
        outcome = orders_.run(group, limit.token());
      } catch (const Cancelled&) {
        if (session_.stop().stop_requested()) throw;
        outcome.has_failed = true;
      }
      if (outcome.has_failed && limit.token().stop_requested() && !session_.stop().stop_requested())
        throw Error(ErrorCode::timed_out, format("it has not ended within {}", duration_text(*call_.timeout)),
                    "--timeout gives it longer.");
      return outcome;
    });
  }

  void wait_after(const OrderGroup& group) {
    const Milliseconds time = formats::dockerstra::wait_of(group.orders.back());
    if (time.count() == 0 || call_.dry_run) return;
    session_.console.note(format("waiting for {}", duration_text(time)));
    if (!session_.clock.sleep(time, session_.stop())) throw Cancelled();
  }

  void note(const OrderGroup& group, OrderResult result, Ticks began) {
    const auto time = std::chrono::duration_cast<Milliseconds>(session_.clock.ticks() - began);
    for (size_t i = 0; i < group.orders.size(); ++i, ++next_row_) {
      rows_.at(next_row_).result = result;
      rows_.at(next_row_).time = time;
    }
  }

  void print() {
    if (call_.json)
      print_record(session_.console, orders_json(unit_, rows_));
    else if (!call_.dry_run)
      print_results(session_.console, rows_);
  }

  Session& session_;
  const UnitCall& call_;
  const Unit& unit_;
  const std::vector<OrderGroup> groups_;
  Orders orders_;
  std::vector<OrderRow> rows_;
  size_t next_row_ = 0;
  bool has_failed_ = false, has_changed_ = false;
};

}  // namespace

void agree_to_lose(UnitCall& call, const std::string& unit) {
  const std::string& name = call.request.address.unit;
  if (unit != name) throw UsageError(format("--yes-lose-data names '{}', but the unit is {}", printable(unit), name));
  call.agrees_to_lose = true;
}

int run_unit(Session& session, const UnitCall& call) {
  const Unit unit = formats::dockerstra::read_unit(call.request, unit_outside());
  if (call.json) session.console.be_quiet();
  if (call.production && !is_test(unit))
    throw UsageError(format("--production goes with test, not with {}", unit.address.command));
  if (is_test(unit) || is_update(unit)) {
    if (call.keep_going)
      throw UsageError(format("--keep-going goes with stop, cleanup and purge, not with {}", unit.address.command));
    return is_test(unit) ? run_unit_tests(session, call, unit) : run_unit_update(session, call, unit);
  }
  if (call.junit || !call.output.empty())
    throw UsageError(
        format("--{} goes with test and update, not with {}", call.junit ? "junit" : "output", unit.address.command));
  return UnitRun(session, call, unit).run();
}

}  // namespace belay::cli
