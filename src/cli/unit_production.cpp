#include "cli/unit_production.h"

#include <algorithm>

#include "base/format.h"
#include "base/time_limit.h"
#include "cli/host_run.h"
#include "formats/dockerstra/order_values.h"

namespace belay::cli {

namespace {

using formats::dockerstra::Order;
using formats::dockerstra::Unit;
using units::TestCase;
using units::TestReport;
using Result = TestCase::Result;

bool has(const Unit& unit, const char* variant) {
  const auto& all = unit.address.variants;
  return std::find(all.begin(), all.end(), variant) != all.end();
}

}  // namespace

ProductionRun::ProductionRun(Session& session, const UnitCall& call, const formats::dockerstra::UnitTests& tests,
                             const units::TestOptions& options)
    : session_(session), call_(call), options_(options), asked_(units::production_cases(tests, options)) {
  add_stage("start");
  if (has(tests.unit, "full") || has(tests.unit, "default") || tests.unit.address.variants.empty()) add_stage("stop");
  if (has(tests.unit, "full")) add_stage("purge");
  for (const Stage& stage : stages_) check_losses(session, call, stage.unit, stage.groups);
}

void ProductionRun::add_stage(const std::string& command) {
  formats::dockerstra::Request request = call_.request;
  request.address.command = command;
  request.address.variants.clear();
  Unit unit = formats::dockerstra::read_unit(request, unit_outside());
  auto groups = groups_of(unit);
  stages_.push_back({std::move(unit), std::move(groups), stages_.empty()});
}

std::vector<TestCase> ProductionRun::cases() const {
  std::vector<TestCase> cases;
  for (const Stage& stage : stages_) {
    for (const OrderGroup& group : stage.groups)
      for (const Order& order : group.orders) cases.push_back({order.container, order.command, order.where});
    if (stage.opens)
      for (const auto& each : asked_) cases.push_back(each.shown);
  }
  return cases;
}

void ProductionRun::run(TestReport& report, const std::stop_token& stop) {
  report.cases = cases();
  report.began = session_.clock.now();
  const Ticks began = session_.clock.ticks();
  const auto note_time = [&] {
    report.time = std::chrono::duration_cast<Milliseconds>(session_.clock.ticks() - began);
  };
  try {
    size_t next = 0;
    Orders(session_, call_, stages_.front().unit).clear_killed();
    for (const Stage& stage : stages_) {
      if (!run_stage(stage, report, next, stop)) break;
      if (stage.opens) run_asked(report, next, stop);
    }
  } catch (...) {
    note_time();
    throw;
  }
  note_time();
}

// False: a group failed, and what follows may build on it.
bool ProductionRun::run_stage(const Stage& stage, TestReport& report, size_t& next, const std::stop_token& stop) {
  for (const OrderGroup& group : stage.groups) {
    TestCase result = report.cases.at(next);
    const Ticks began = session_.clock.ticks();
    const auto note = [&] {
      result.time = std::chrono::duration_cast<Milliseconds>(session_.clock.ticks() - began);
      // Orders that are carried out together have come to the same.
      for (size_t i = 0; i < group.orders.size(); ++i, ++next) {
        TestCase& each = report.cases.at(next);
        each.result = result.result;
        each.reason = result.reason;
        each.time = result.time;
        if (options_.on_end) options_.on_end(each);
      }
    };
    try {
      run_group(stage, group, result, stop);
    } catch (const std::exception& trouble) {
      result.result = Result::failed;
      result.reason = stop.stop_requested() ? "it was stopped on request" : trouble.what();
      note();
      throw;
    }
    note();
    if (result.result == Result::failed) return false;
    const Milliseconds wait = formats::dockerstra::wait_of(group.orders.back());
    if (wait.count() > 0 && !session_.clock.sleep(wait, stop)) throw Cancelled();
  }
  return true;
}

void ProductionRun::run_group(const Stage& stage, const OrderGroup& group, TestCase& result,
                              const std::stop_token& stop) {
  Orders orders(session_, call_, stage.unit);
  std::optional<TimeLimit> limit;
  if (options_.timeout) limit.emplace(*options_.timeout, stop);
  OrderOutcome outcome;
  try {
    outcome = orders.run(group, limit ? limit->token() : stop);
    result.reason = !outcome.has_failed        ? ""
                    : group.orders.size() == 1 ? "it failed"
                                               : "it failed, or one of the orders that are carried out with it";
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    outcome.has_failed = true;
  } catch (const Error& error) {
    outcome.has_failed = true;
    result.reason = error.what();
  }
  if (outcome.has_failed && limit && limit->token().stop_requested() && !stop.stop_requested())
    result.reason = format("it has not ended within {}", duration_text(*options_.timeout));
  result.result = outcome.has_failed ? Result::failed : Result::passed;
}

// One that fails says nothing against the others.
void ProductionRun::run_asked(TestReport& report, size_t& next, const std::stop_token& stop) {
  if (asked_.empty()) return;
  HostRun run(session_, call_.command);
  for (const auto& each : asked_) {
    TestCase& result = report.cases.at(next++);
    const Ticks began = session_.clock.ticks();
    const auto note = [&] {
      result.time = std::chrono::duration_cast<Milliseconds>(session_.clock.ticks() - began);
      if (options_.on_end) options_.on_end(result);
    };
    try {
      units::run_production_case(run.context(), each, options_, result, stop);
    } catch (const std::exception& trouble) {
      result.result = Result::failed;
      result.reason = stop.stop_requested() ? "it was stopped on request" : trouble.what();
      note();
      throw;
    }
    note();
  }
  run.report().close();
}

}  // namespace belay::cli
