#pragma once
// The tests of a unit: what its containers must answer, how its jobs must end, and commands of its own.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "formats/dockerstra/unit.h"
#include "model/checks.h"
#include "model/spec.h"

namespace belay::formats::dockerstra {

// The container that the checks are asked from. Its links say which containers the hosts of their addresses are;
// without an image of its own no order makes it.
inline constexpr const char* looking_container = "e2e-check";
bool only_looks(const Container& container);

// One question of the key `daemon`.
struct DaemonCheck {
  SourcePosition where;
  std::string container;  // that has the key
  std::string asked;      // that is asked: by its name in the composition
  std::string host;       // the name by which e2e-check reaches it; empty: by its address
  Check check;
};

// The key `job`: how a container ends that runs to its end.
struct JobCheck {
  SourcePosition where;
  std::string container;
  int exit_code = 0;
  std::vector<std::string> patterns;      // each is in its log
  std::optional<Milliseconds> timeout{};  // nullopt: Belay's own patience
};

// A command of the key `tests`.
struct OwnTest {
  SourcePosition where;
  std::string name;  // the variant
  std::string container;
  std::vector<std::string> command;
  // The container that is made for it, by its name in UnitTests::unit. Where `may_run_inside`, it is only made when the
  // unit's own does not run.
  std::string place;
  bool may_run_inside = true;
  std::vector<Mount> given;        // host paths that the test asks for: it alone has them as they are
  std::vector<std::string> files;  // kept afterwards, by patterns; relative to the working folder
  bool captures_logs = false;
};

struct UnitTests {
  Unit unit;  // its orders make all containers that the tests need; the unit's own orders are those of the test
  std::vector<Order> opening, closing;  // that bring it up, and that end it
  std::vector<JobCheck> jobs;           // of all containers that are brought up
  bool checks = false;                  // the variant `check`: the daemons and the logs of jobs count
  std::vector<DaemonCheck> daemons;
  std::string looking;       // the container that they are asked from, by its name in `unit`; empty: from here
  std::vector<OwnTest> own;  // of the variants that were asked for
};

// Of UNIT/test, with everything read that its variants need. `folder` is what ${PWD} stands for. Throws ConfigError at
// the mistake.
UnitTests tests_of(const Unit& unit, const fs::path& folder);

// A line of the order `tests`: the tests of this unit or another.
struct TestLine {
  SourcePosition where;
  Address address;
  std::vector<std::string> words;  // for the unit's own arguments
};

// Of the order `tests`. Throws ConfigError.
std::vector<TestLine> test_lines_of(const Unit& unit, const Order& order);

// Of UNIT/update: its orders, carried out like those of a test, and the tests that they end with.
struct UnitUpdate {
  UnitTests work;
  std::vector<TestLine> tests;
};
// Throws ConfigError at the mistake, and at an order that an update cannot have.
UnitUpdate update_of(const Unit& unit);

// The names of the unit's variants of `test`: default, full, check where something can be checked, and its own.
std::vector<std::string> test_variants(const std::vector<Container>& containers);

}  // namespace belay::formats::dockerstra
