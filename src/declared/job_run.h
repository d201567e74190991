#pragma once
// One run of a job that the clock starts: its container, which a change has made, is started and runs to its end.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "change/context.h"
#include "model/release.h"

namespace belay::declared {

struct JobRun {
  ReleaseNumber release;
  std::string container;
  Time started{}, ended{};
  int exit_code = 0;
  std::string reason{};      // why it failed; empty: it ended with 0
  std::string log_tail{};    // what it wrote last, in this run
  bool ran_already = false;  // it was up when this run was to begin: that run counts

  bool is_good() const { return reason.empty(); }
  Milliseconds duration() const { return ended - started; }
};

// The services of the release that should be up which the clock starts; with a service, that one if it is such a one.
std::vector<std::string> scheduled_services(const App& app, const std::string& service = {});
// Throws LockHeld where one of them runs now: what would end it in the middle waits. `waiting`: what that is, "the
// change".
void expect_no_job_at_work(change::Context& context, const App& app, const std::string& waiting, std::stop_token stop);
// Whether the clock may start it: its app should be up, and nobody has stopped it.
bool may_run(const App& app, const std::string& service);

// What that does.
plan::Plan plan_of_job(change::Context& context, const AppName& name, const std::string& service, std::stop_token stop);
// Starts it and waits for its end; where it is up already, it is not started again. `begun`: it was to be started then,
// and whoever did so was cut off: what has been started since is that run. The app's lock is held only for the start.
// Written to the journal. Throws NotFound and Conflict where it cannot be started; Cancelled on stop, and the container
// runs on.
JobRun run_job(change::Context& context, const AppName& name, const std::string& service,
               const std::optional<Time>& begun, std::stop_token stop);

// The job that somebody means who starts `what`; nullopt: none, or its app is stopped. Of an app that has other
// services too, jobs are started by their names only.
std::optional<std::string> job_meant(change::Context& context, const Target& what);
// run_job, as if the clock had started it: the state knows what came of it.
JobRun run_job_by_hand(change::Context& context, const AppName& name, const std::string& service, std::stop_token stop);

}  // namespace belay::declared
