#pragma once
// What plan, apply and the face dockerup have in common: a host from definitions, read, planned or made so, and told
// of.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/settings_file.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "formats/compose/project.h"
#include "formats/dockerup_settings.h"

namespace belay::cli {

// The engine that the settings name, and their login.
EngineChoice engine_choice(const formats::Settings& settings);

// What is declared for this host.
struct DeclaredInput {
  Declarations declared;
  std::vector<std::string> sources;      // those that could be read, for DeclaredOptions
  std::optional<std::string> user_data;  // as it came
  // Why EC2 user-data could not be read; empty: nothing is missing. What it declared earlier is then left alone.
  std::string trouble;
};
// Throws Error where the folder cannot be read.
DeclaredInput read_declared(const formats::Settings& settings, const declared::Warn& warn, std::stop_token stop);

// How a pass over the host is done and told of.
struct DeclaredPass {
  formats::Settings settings;
  // Only this Compose project, and no folder of definitions.
  std::optional<formats::compose::Request> project;
  // Only this app, and no folder of definitions.
  std::optional<Declaration> unit{};
  change::ChangeOptions change;
  bool allow_empty = false, thorough = false, verbose = false;
  int workers = 8;
  std::vector<std::string> take_over;
  std::optional<SwapOrder> order;               // where neither the settings nor a definition say one
  std::optional<Pull> pull{};                   // of a project's images, in place of what its files say
  std::optional<Seconds> stop_timeout{};        // in place of what the containers say
  bool without_builds = false;                  // what a project builds must be there
  bool builds = false;                          // images that a project builds are built, also where they are there
  bool starts_stopped = false;                  // as in DeclaredOptions
  bool removes_orphans = false;                 // as in DeclaredOptions
  bool makes_anew = false;                      // as in DeclaredOptions
  bool keeps_containers = false;                // as in DeclaredOptions
  bool starts_nothing = false;                  // as in DeclaredOptions
  std::set<std::string> makes_needs_of_anew{};  // as in DeclaredOptions
  std::string command;                          // as it was typed, for the journal
  std::stop_token stop{};                       // in place of the session's, where one is given
  // As in DeclaredOptions; nullopt: there is no file.
  std::optional<std::map<std::string, declared::PlannedSteps>> plans{};
};

// What came of it, with what it was made from.
struct DeclaredOutcome {
  DeclaredInput input;
  declared::DeclaredHost host;

  // Something is broken, failed, or could not be read.
  bool has_failures() const { return host.has_failures() || !input.trouble.empty(); }
  bool is_as_declared() const { return host.is_as_declared() && input.trouble.empty(); }
  // Something was done.
  bool has_done() const;
};

// Plans or, where pass.change.dry_run is not set, makes it so: says on standard error what it does and what is wrong,
// and, unless `is_silent`, on standard output each app as it ends.
enum class Results { told, silent };
DeclaredOutcome run_pass(Session& session, const DeclaredPass& pass, Results results);

// The last line of an apply: "2 changed, 1 failed, 12 unchanged".
std::string summary(const DeclaredOutcome& outcome);

// docs/json.md: a whole host.
Node declared_json(const formats::Settings& settings, const DeclaredOutcome& outcome);

// One pass, told of; the exit code is 0 or 1.
int apply_once(Session& session, const DeclaredPass& pass);

}  // namespace belay::cli
