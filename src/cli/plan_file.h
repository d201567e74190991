#pragma once
// A plan kept in a file, to be carried out later if it is still the plan then.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/declared_run.h"

namespace belay::cli {

struct PlannedApp {
  std::string name, kind;
  std::vector<std::string> lines;  // differences and steps
  // What they rest on beside the names in them: definitions, bound files and images, each with its digest.
  std::map<std::string, std::string> rests_on;
  // Those of the lines that make what several apps may share: which of them does it shows only when it is done.
  std::vector<std::string> creates{};
  bool operator==(const PlannedApp&) const = default;
};

struct PlanFile {
  fs::path folder;         // absolute
  fs::path settings_file;  // absolute; empty: the usual one, if there was one
  bool aws = false, pull = true, thorough = false, allow_empty = false;
  std::vector<std::string> take_over;
  std::vector<PlannedApp> apps;
};

// The plan for each app of the outcome of a dry run.
std::vector<PlannedApp> planned_apps(const DeclaredOutcome& outcome);

// Why this app, as it is about to be dealt with, is not what was planned; empty: it is.
std::string objection(const std::vector<PlannedApp>& plan, const declared::DeclaredApp& now);

void write_plan_file(const fs::path& path, const PlanFile& plan);
// Throws ConfigError where the file is no plan.
PlanFile read_plan_file(const fs::path& path);

// The first app whose plan is another now, and how, in a few words; nullopt: the plans are the same.
std::optional<std::string> first_difference(const std::vector<PlannedApp>& then, const std::vector<PlannedApp>& now);

}  // namespace belay::cli
