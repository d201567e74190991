#include "report/event_text.h"

#include "base/format.h"

namespace belay::report {

namespace {

struct Words {
  std::string operator()(const plan::PlanBegun& begun) const {
    return format("a plan of {} steps", begun.plan->actions.size());
  }
  std::string operator()(const plan::StepBegun& begun) const { return plan::step_text(begun.which.step()); }
  std::string operator()(const plan::StepProgressed& progressed) const {
    const Progress& progress = progressed.progress;
    return progress.id.empty() ? progress.status : format("{}: {}", progress.id, progress.status);
  }
  std::string operator()(const plan::StepDone& done) const { return plan::step_text(done.which.step()); }
  std::string operator()(const plan::StepFailed& failed) const {
    return format("{}: {}", plan::step_text(failed.which.step()), failed.reason);
  }
  std::string operator()(const plan::Judged& judged) const {
    return judged.passed ? format("{} proved itself", judged.container)
                         : format("{} did not prove itself: {}", judged.container, judged.reason);
  }
  std::string operator()(const plan::Decided& decided) const { return decided.what; }
  std::string operator()(const plan::Remark& remark) const { return remark.text; }
};

}  // namespace

std::string text_of(const plan::Event& event) {
  return std::visit(Words(), event.what);
}

}  // namespace belay::report
