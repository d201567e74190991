#include "declared/job_run.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/lock.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "exec/verdict.h"
#include "plan/planner.h"
#include "state/store.h"

namespace belay::declared {

namespace {

constexpr Milliseconds first_look{100}, longest_look{5'000};
constexpr int lines_of_the_tail = 20;
constexpr const char* why_started = "it runs to its end";

const Release& wished_release(const App& app) {
  const auto number = app.wish.release();
  const Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr)
    throw Conflict(ErrorCode::not_running, format("{} is stopped", app.name.text()),
                   format("belay start {} ends that.", app.name.text()));
  return *release;
}

ContainerDetail detail_of_job(change::Context& context, const std::string& container, const std::stop_token& stop) {
  auto detail = context.engine.container(container, stop);
  if (!detail)
    throw NotFound(ErrorCode::container_not_found, format("the container {} of the job is gone", container),
                   "belay apply makes it again.");
  return *std::move(detail);
}

const Container& container_of_job(const App& app, const World& world, const Release& release,
                                  const std::string& service) {
  const Container* container = plan::find_instance(app, world, release.number, service);
  if (container == nullptr)
    throw NotFound(ErrorCode::container_not_found, format("{} of {} has no container", service, app.name.text()),
                   "belay apply makes it.");
  return *container;
}

plan::Plan plan_of_start(const Service& service, const Container& container, const std::string& reason) {
  plan::Plan plan;
  if (container.is_up()) return plan;
  std::vector<size_t> last;
  if (!service.files.empty() && container.state == ContainerState::created)
    last = {plan.add(plan::PutFiles{container.name, service.files}, "its configs and secrets")};
  plan.add(plan::StartContainer{container.name}, reason, last);
  return plan;
}

ContainerDetail end_of(change::Context& context, const std::string& container, const std::stop_token& stop) {
  std::optional<std::string> made;
  for (Milliseconds pause = first_look;; pause = std::min(pause * 2, longest_look)) {
    ContainerDetail detail = detail_of_job(context, container, stop);
    // Another one may have got its name.
    if (std::exchange(made, detail.container.created).value_or(detail.container.created) != detail.container.created)
      throw Conflict(ErrorCode::conflict, format("the container {} was replaced while the job ran in it", container));
    if (!detail.container.is_up()) return detail;
    if (!context.clock.sleep(pause, stop)) throw Cancelled();
  }
}

std::string why_it_failed(const ContainerDetail& detail) {
  if (detail.oom_killed) return "it ran out of memory";
  if (detail.exit_code != 0) return format("it exited with code {}", detail.exit_code);
  return {};
}

}  // namespace

std::vector<std::string> scheduled_services(const App& app, const std::string& service) {
  std::vector<std::string> names;
  const auto number = app.wish.release() ? app.wish.release() : app.last;
  const Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr) return names;
  for (const Service& each : release->spec.services)
    if (each.scheduled && (service.empty() || each.name == service)) names.push_back(each.name);
  return names;
}

void expect_no_job_at_work(change::Context& context, const App& app, const std::string& waiting, std::stop_token stop) {
  const auto jobs = scheduled_services(app);
  if (jobs.empty() || !app.wish.release()) return;
  const World world = change::observe(context.engine, app, std::move(stop));
  for (const auto& service : jobs)
    if (const Container* container = plan::find_instance(app, world, *app.wish.release(), service);
        container != nullptr && container->is_up())
      throw LockHeld(format("its job {} is at work: {} waits for its end", service, waiting),
                     format("belay stop {}/{} ends it.", app.name.text(), service));
}

bool may_run(const App& app, const std::string& service) {
  return app.wish.is<goal::Run>() && !app.wish.is_held_down(service);
}

plan::Plan plan_of_job(change::Context& context, const AppName& name, const std::string& service,
                       std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const Release& release = wished_release(app);
  const World world = change::observe(context.engine, app, stop);
  return plan_of_start(release.spec.service(service), container_of_job(app, world, release, service), why_started);
}

JobRun run_job(change::Context& context, const AppName& name, const std::string& service,
               const std::optional<Time>& begun, std::stop_token stop) {
  JobRun run;
  const App app = [&] {
    const FileLock lock = lock_app(context, name, stop);
    App known = known_app(context, name, stop);
    const Release& release = wished_release(known);
    const World world = change::observe(context.engine, known, stop);
    const Container& container = container_of_job(known, world, release, service);
    run.release = release.number;
    run.container = container.name;
    run.ran_already = container.is_up();
    run.started = context.clock.now();
    const auto known_detail = world.details.find(container.name);
    const bool was_started = begun && known_detail != world.details.end() && known_detail->second.started &&
                             *known_detail->second.started >= *begun;
    if (!run.ran_already && !was_started) {
      change::write_journal(context, known, "job", "started", service, run.release);
      try {
        const auto plan = plan_of_start(release.spec.service(service), container, why_started);
        change::carry_out_whole(context, plan, {}, stop);
      } catch (const Cancelled&) {
        throw;
      } catch (const Error& error) {
        change::write_journal(context, known, "job", "failed", error.what(), run.release);
        throw;
      }
    }
    return known;
  }();
  const ContainerDetail detail = end_of(context, run.container, stop);
  // The engine notes the time of a start when that is done: what is quick has written by then.
  const Time asked = run.started;
  run.started = detail.started.value_or(asked);
  run.ended = std::max(detail.finished.value_or(context.clock.now()), run.started);
  run.exit_code = detail.exit_code;
  run.reason = why_it_failed(detail);
  // Of earlier runs the engine keeps the output as well.
  run.log_tail = exec::log_tail(context.engine, run.container, lines_of_the_tail, stop, std::min(asked, run.started));
  change::write_journal(context, app, "job", run.is_good() ? JournalOutcome("done") : JournalOutcome("failed"),
                        run.is_good() ? format("{}: {}", service, duration_text(run.duration()))
                                      : format("{}: {}, after {}", service, run.reason, duration_text(run.duration())),
                        run.release);
  return run;
}

std::optional<std::string> job_meant(change::Context& context, const Target& what) {
  const auto app = context.store.app(what.app);
  if (!app || !app->wish.is<goal::Run>() || app->wish.is_unfinished()) return {};
  const auto jobs = scheduled_services(*app, what.service);
  if (jobs.size() != 1 || !may_run(*app, jobs[0])) return {};
  const bool is_all_there_is = app->release(*app->wish.release()).spec.services.size() == 1;
  return what.service.empty() && !is_all_there_is ? std::nullopt : std::optional(jobs[0]);
}

JobRun run_job_by_hand(change::Context& context, const AppName& name, const std::string& service,
                       std::stop_token stop) {
  JobRun run = run_job(context, name, service, {}, std::move(stop));
  Errand job;
  job.app = name.text();
  job.kind = Errand::Kind::job;
  job.service = service;
  context.store.update_errand(job, [&](const std::optional<Errand>& known) {
    std::optional<Errand> after = known;
    // The daemon notes what it is at itself.
    if (!after || after->is_under_way()) return after;
    after->began = run.started;
    after->ended = run.ended;
    after->is_good = run.is_good();
    after->reason = run.reason;
    return after;
  });
  return run;
}

}  // namespace belay::declared
