#pragma once
// UNIT/test with the containers in use: its orders are those of the unit's commands, each a case.

#include "cli/unit_orders.h"
#include "units/production.h"

namespace belay::cli {

class ProductionRun {
 public:
  // `tests`, `options` and `call` outlive it. Throws UsageError where data would be lost unasked.
  ProductionRun(Session& session, const UnitCall& call, const formats::dockerstra::UnitTests& tests,
                const units::TestOptions& options);

  std::vector<units::TestCase> cases() const;
  // Into the report, which is right however this ends.
  void run(units::TestReport& report, const std::stop_token& stop);

 private:
  // A command of the unit, by its groups; or what is asked in between.
  struct Stage {
    formats::dockerstra::Unit unit;
    std::vector<OrderGroup> groups;
    bool opens = false;
  };

  void add_stage(const std::string& command);
  bool run_stage(const Stage& stage, units::TestReport& report, size_t& next, const std::stop_token& stop);
  void run_group(const Stage& stage, const OrderGroup& group, units::TestCase& result, const std::stop_token& stop);
  void run_asked(units::TestReport& report, size_t& next, const std::stop_token& stop);

  Session& session_;
  const UnitCall& call_;
  const units::TestOptions& options_;
  std::vector<Stage> stages_;
  std::vector<units::ProductionCase> asked_;
};

}  // namespace belay::cli
