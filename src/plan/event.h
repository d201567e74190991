#pragma once
// What happens while Belay works, one value each, and the one door through which it is told. The words for people and
// the JSON are in the module report; what came of the work is a result, not an event.

#include <string>
#include <variant>

#include "base/clock.h"
#include "model/progress.h"
#include "plan/action.h"

namespace belay::plan {

// A plan is about to run. It outlives the events that tell of it.
struct PlanBegun {
  const Plan* plan = nullptr;
};

// A step of a plan that runs.
struct StepOf {
  const Plan* plan = nullptr;
  size_t action = 0;

  const Step& step() const { return plan->actions.at(action).step; }
};
struct StepBegun {
  StepOf which;
  Time at{};
};
// A pull, a build, a copy of data goes on.
struct StepProgressed {
  StepOf which;
  Progress progress;
};
struct StepDone {
  StepOf which;
  Time at{};
  Milliseconds took{0};
};
struct StepFailed {
  StepOf which;
  Time at{};
  Milliseconds took{0};
  ErrorCode code = ErrorCode::internal;
  std::string reason;
};

// A container has proved itself, or has not; before the wait for it is done or failed.
struct Judged {
  std::string container;
  bool passed = false;
  std::string reason, log_tail;  // of one that has not
};

// What is done about an app that is not as it should be, before it is known how: "it is down: it is started again".
struct Decided {
  std::string what;
};

// One sentence for the user: "waiting for belay deploy web (pid 4711)".
struct Remark {
  enum class Level { note, warning };
  Level level = Level::note;
  std::string text;
};

struct Event {
  std::string app;  // empty: the one that the command is about, or none
  std::variant<PlanBegun, StepBegun, StepProgressed, StepDone, StepFailed, Judged, Decided, Remark> what;
};

// Hears what is done while it is done. Called from the threads that do it, one call at a time.
class Report {
 public:
  virtual ~Report() = default;
  virtual void tell(const Event& /*event*/) {}

  void note(std::string text) { tell({{}, Remark{Remark::Level::note, std::move(text)}}); }
  void warning(std::string text) { tell({{}, Remark{Remark::Level::warning, std::move(text)}}); }
};

// The container that the step is about, as it is called at that step; empty: it is about none.
std::string container_of(const Step& step);
// Which of the app's services that is; nullptr where the plan does not say.
const Subject* subject_of(const StepOf& which);

}  // namespace belay::plan
