#pragma once
// UNIT/update: images are made anew and tested, and only then get their names. UNIT/upgrade: what runs gets them.

#include <set>

#include "model/declaration.h"
#include "units/test_run.h"

namespace belay::units {

struct UpdateReport {
  TestReport orders;
  std::vector<TestReport> tests;   // one a line of the order `tests`, as far as they were run
  std::vector<std::string> moved;  // the references that have a new image now
  bool has_failed() const;
};

// Carries out the orders, then the tests (`tests`: those of the update, read) with what they have made, and where all
// is well gives the images their names. Otherwise every name stays where it is. Throws as run_tests does.
void run_update(change::Context& context, const formats::dockerstra::UnitUpdate& update,
                const std::vector<formats::dockerstra::UnitTests>& tests, const TestOptions& options,
                UpdateReport& report, std::stop_token stop);

// The references that its orders give new images to, as the engine lists them.
std::set<std::string> references_of(const formats::dockerstra::UnitUpdate& update);

// Those services of the unit whose containers run.
std::set<std::string> running_services(change::Context& context, const Declaration& unit, std::stop_token stop);
// A service of another app that runs with an earlier image of one of these references.
struct Behind {
  std::string name;     // "shop/web"
  std::string command;  // that brings it up to date: "belay up /srv/shop"
};
std::vector<Behind> others_with_earlier(change::Context& context, const AppName& unit,
                                        const std::set<std::string>& references, std::stop_token stop);

}  // namespace belay::units
