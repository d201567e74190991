#pragma once
// Units on the command line: belay unit and the face docker_start.

#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "formats/dockerstra/unit.h"

namespace belay::cli {

// What of the machine the configuration directory is read from.
formats::dockerstra::Outside unit_outside();

struct UnitCall {
  formats::dockerstra::Request request;
  bool dry_run = false;
  bool exit_unchanged = false;
  bool json = false;
  bool keep_going = false;                // of stop, cleanup and purge: one that fails does not end the rest
  bool production = false;                // of tests: with the containers in use
  bool agrees_to_lose = false;            // --yes-lose-data UNIT
  std::optional<Milliseconds> timeout{};  // for each order
  std::optional<fs::path> junit{};        // of tests: where their report goes
  fs::path output{};                      // and where kept files go; empty: nowhere
  std::string command;                    // as it was typed, for the journal
};

// Agrees to the loss of the data of the unit of this name. Throws UsageError where the call is about another.
void agree_to_lose(UnitCall& call, const std::string& unit);

// Carries out the orders of a unit's command; the exit code. Whatever cannot be done is refused before anything is.
int run_unit(Session& session, const UnitCall& call);

// Throws UsageError where the orders lose data and nobody can be asked whether they may.
struct OrderGroup;
void check_losses(const Session& session, const UnitCall& call, const formats::dockerstra::Unit& unit,
                  const std::vector<OrderGroup>& groups);

// Prints the resolved unit, or the variables that its templates see.
enum class Printed { unit, variables };
void print_unit(Session& session, const formats::dockerstra::Request& request, Printed what);

// Lists UNIT/COMMAND, one a line, and the image folders; `units`, `services`: which of the two.
void list_units(Session& session, const formats::dockerstra::Request& request, bool units, bool services);

// The readme, the commands and the arguments of a unit, or the readme of an image folder; without a name, what there
// is.
void help_unit(Session& session, const formats::dockerstra::Request& request, const std::optional<std::string>& name,
               bool is_service);

// Makes a configuration directory with an example. Throws Conflict where there is something in it already.
void init_units(Session& session, const fs::path& folder);

}  // namespace belay::cli
