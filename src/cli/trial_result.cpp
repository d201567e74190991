#include "cli/trial_result.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/json_output.h"

namespace belay::cli {

safekeeping::TrialOptions trial_options(const Invocation& in) {
  safekeeping::TrialOptions options;
  options.dry_run = in.has("dry-run");
  options.networks = in.list("network");
  options.settle = in.duration("settle");
  options.wait_timeout = in.duration("wait-timeout");
  return options;
}

int print_failed_trial(Console& console, const std::string& what, const safekeeping::Trial& trial,
                       const std::string& hint) {
  if (!trial.log_tail.empty()) {
    console.diagnostic(format("last lines of {}:", trial.service));
    for (const auto& line : split(trim(trial.log_tail), '\n')) console.diagnostic("  " + line);
  }
  console.error(Error(ErrorCode::trial_failed,
                      format("{} did not prove itself: {}: {}", what, trial.service, trial.reason), hint));
  return 1;
}

}  // namespace belay::cli
