#pragma once
// A plan kept in a file: what was decided about each app, the steps that follow, and what they rest on. It is carried
// out later as it is, if that has not moved.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "declared/declared.h"
#include "formats/compose/project.h"

namespace belay::declared {

struct PlannedApp {
  std::string name;  // or the place of a definition that has none
  DeclaredApp::Kind kind = DeclaredApp::Kind::unchanged;
  std::vector<std::string> differences{};
  PlannedSteps steps{};
  bool operator==(const PlannedApp&) const = default;
};

struct PlanFile {
  fs::path folder;         // absolute
  fs::path settings_file;  // absolute; empty: the usual one, if there was one
  bool aws = false, pull = true, thorough = false, allow_empty = false;
  std::vector<std::string> take_over;
  // Of a Compose project instead of a folder of definitions: which one. Its paths are absolute, and `folder` is its
  // own.
  std::optional<formats::compose::Request> project{};
  std::vector<PlannedApp> apps;
};

// The plan for each app of a dry run.
std::vector<PlannedApp> planned_apps(const DeclaredHost& host);

// For DeclaredOptions::plans.
std::map<std::string, PlannedSteps> steps_by_app(const std::vector<PlannedApp>& apps);

// The file holds values of secrets: only its owner may read it.
void write_plan_file(const fs::path& path, const PlanFile& plan);
// Throws ConfigError, with the place, where the file is no plan, was cut or was edited.
PlanFile read_plan_file(const fs::path& path);

// The first app whose plan is another now, and how, in a few words; nullopt: the plans are the same.
std::optional<std::string> first_difference(const std::vector<PlannedApp>& then, const std::vector<PlannedApp>& now);

}  // namespace belay::declared
