#include "cli/run_job_now.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "declared/job_run.h"

namespace belay::cli {

std::optional<int> run_job_now(Invocation& in, HostRun& run, const Target& what) {
  change::Context& context = run.context();
  const auto service = declared::job_meant(context, what);
  if (!service) return {};
  change::Change result;
  result.plan = declared::plan_of_job(context, what.app, *service, in.stop());
  ChangeWords words;
  words.json = in.has("json");
  if (in.has("dry-run")) {
    result.kind = change::Change::Kind::planned;
    run.report().close();
    return print_change(in.console, what.app, result, words);
  }
  const declared::JobRun job = declared::run_job_by_hand(context, what.app, *service, in.stop());
  run.report().close();
  result.kind = change::Change::Kind::done;
  result.release = result.running = job.release;
  words.took.time = job.duration();
  if (!job.is_good()) {
    for (const auto& line : split(trim(job.log_tail), '\n'))
      if (!line.empty()) in.console.diagnostic("  " + line);
    throw Error(ErrorCode::release_failed,
                format("{} failed: {}, after {}", what.text(), job.reason, duration_text(job.duration())),
                format("belay logs {} shows all it wrote.", what.text()));
  }
  if (words.json) return print_change(in.console, what.app, result, words);
  in.console.success(format("{} ended well, after {}", what.text(), duration_text(job.duration())));
  return 0;
}

}  // namespace belay::cli
