#pragma once
// The tests of a unit: it comes up under another name, beside what is in use, answers for itself, and goes again.

#include <functional>
#include <map>

#include "change/context.h"
#include "formats/dockerstra/tests.h"
#include "units/test_case.h"

namespace belay::units {

struct TestOptions {
  std::optional<Milliseconds> timeout{};  // of each case
  fs::path
      output{};  // where kept files go beside the volume `test_data`, or alone if that is another's; empty: nowhere
  fs::path folder{};  // the current one
  // In the place of the composition's images, by their references as the engine lists them: ids.
  std::map<std::string, std::string> images{};
  // An update: images that its orders build, commit and tag stay, under tags of Belay's; orders to the host are carried
  // out.
  bool is_update = false;
  // Told of each case.
  std::function<void(const TestCase&)> on_begin{}, on_end{};
};

// An image that an update has made.
struct Candidate {
  std::string reference;  // that it is to have, as the engine lists it
  std::string tag;        // that it has
};

// The cases in their order, none of them run; an image that is missing here is built or pulled at the beginning.
std::vector<TestCase> test_cases(change::Context& context, const formats::dockerstra::UnitTests& tests,
                                 const TestOptions& options);

// Before anything is run: throws Conflict where a test of its own keeps something, the volume `test_data` is another's,
// and there is no output folder either.
void check_place_of_kept(change::Context& context, const formats::dockerstra::UnitTests& tests,
                         const TestOptions& options, const std::stop_token& stop);

// Runs them into the report, which is right however this ends. A case that fails is no exception; what brings the unit
// up ends the rest with it. Nothing of it stays but what `test_data` and the output folder keep, and the candidates of
// an update, also of one that throws. Throws where the test could not be made, Cancelled on stop.
void run_tests(change::Context& context, const formats::dockerstra::UnitTests& tests, const TestOptions& options,
               TestReport& report, std::vector<Candidate>& candidates, std::stop_token stop);

}  // namespace belay::units
