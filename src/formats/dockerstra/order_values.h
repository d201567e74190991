#pragma once
// What an order says, in Belay's own terms.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "formats/dockerstra/unit.h"
#include "model/requests.h"
#include "model/spec.h"

namespace belay::formats::dockerstra {

// A command that an order runs, and where.
struct Execution {
  enum class Place {
    file_system,  // in a container for this alone, with the volumes of the unit's container
    temporary,    // in one that is made from its image
    in_running,   // in the container itself; where it does not run, as `temporary`
    host,         // on this machine
  };
  Place place = Place::file_system;
  std::vector<std::string> command;
  std::vector<Mount> binds;  // beside what the place has
};

// Each throws ConfigError at the value. `folder` is what ${PWD} stands for.
Execution execution_of(const Unit& unit, const Order& order, const fs::path& folder);
// The reference that tag, commit and push are about: what the order does not say is as the container's image has it.
std::string reference_of(const Unit& unit, const Order& order);
// Without the container, which only the engine knows.
CommitRequest commit_of(const Unit& unit, const Order& order);
// Whether the order `remove` is about the links that lead to the container, which stays itself.
bool removes_links(const Order& order);
struct ImageRemovalOrder {
  bool force = false;    // also where a container uses it that does not run
  bool noprune = false;  // its parents stay
};
ImageRemovalOrder image_removal_of(const Order& order);
// A plain archive of what a container has.
struct ArchiveOrder {
  fs::path folder;     // absolute
  std::string file;    // "repos.tar.gz"; empty: from the container and the time
  std::string source;  // backup: the mount point; empty: all
};
// Of backup and restore.
ArchiveOrder archive_of(const Order& order, const fs::path& folder);

// A file that follows from the running apps, and how the container is told of it.
struct RenderOrder {
  fs::path source, file;  // absolute: relative ones begin at the configuration directory
  std::vector<std::string> check;
  std::string signal;
  bool restart = false;
};
RenderOrder render_of(const Unit& unit, const Order& order);

// How long the next order waits after this one; 0: not at all.
Milliseconds wait_of(const Order& order);
// Before the container is stopped; nullopt: nothing is said.
std::optional<Seconds> patience_of(const Order& order);
// Of the container that the order is for, by its name in the composition.
std::string image_of_order(const Unit& unit, const Order& order);
std::string container_of_order(const Unit& unit, const Order& order);
bool says_true(const Order& order, std::string_view argument);

}  // namespace belay::formats::dockerstra
