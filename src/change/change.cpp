#include "change/change.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/clear_up.h"
#include "change/kept_files.h"
#include "change/needed_paths.h"
#include "change/outcome.h"
#include "change/reserve_names.h"
#include "change/temporary.h"
#include "change/way_back.h"
#include "state/store.h"

namespace belay::change {

namespace {

// How long nothing of the app ran (from the first stop to the end of the last start after it), and what was touched.
class ChangeWatch final : public Report {
 public:
  ChangeWatch(Report& report, const Clock& clock) : report_(report), clock_(clock) {}

  void tell(const plan::Event& event) override {
    if (const auto* begun = std::get_if<plan::StepBegun>(&event.what)) begins(begun->which.step());
    if (const auto* done = std::get_if<plan::StepDone>(&event.what)) ends(done->which.step());
    if (const auto* failed = std::get_if<plan::StepFailed>(&event.what)) fails(failed->which.step(), failed->code);
    report_.tell(event);
  }

  const Touched& touched() const { return touched_; }
  // nullopt: there was none.
  std::optional<Milliseconds> outage() const {
    if (!stopped_ || !started_) return {};
    return std::chrono::duration_cast<Milliseconds>(*started_ - *stopped_);
  }

 private:
  void begins(const plan::Step& step) {
    if (std::holds_alternative<plan::StopContainer>(step) && !stopped_) stopped_ = clock_.ticks();
    if (const auto* start = std::get_if<plan::StartContainer>(&step)) {
      touched_.begun.insert(start->name);
      touched_.unanswered.insert(start->name);
    }
    if (const auto* rename = std::get_if<plan::RenameContainer>(&step))
      for (auto* names : {&touched_.begun, &touched_.ended, &touched_.unanswered})
        if (names->erase(rename->from) > 0) names->insert(rename->to);
  }
  void ends(const plan::Step& step) {
    if (std::holds_alternative<plan::StartContainer>(step) && stopped_) started_ = clock_.ticks();
    if (const auto* start = std::get_if<plan::StartContainer>(&step)) touched_.unanswered.erase(start->name);
    if (const auto* ended = std::get_if<plan::StopContainer>(&step)) touched_.ended.insert(ended->name);
  }
  // A refusal is an answer. Of a start that is given up on request nothing is told.
  void fails(const plan::Step& step, ErrorCode code) {
    if (code == ErrorCode::engine_unreachable || code == ErrorCode::timed_out) return;
    if (const auto* start = std::get_if<plan::StartContainer>(&step)) touched_.unanswered.erase(start->name);
  }

  Report& report_;
  const Clock& clock_;
  std::optional<Ticks> stopped_, started_;
  Touched touched_;
};

// What was done stands, whether it can be written down or not: on a full disk, or while another program keeps the state
// locked, it cannot.
template <class Work>
void recording(const App& app, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    const bool runs = app.wish.is<goal::Run>();
    const std::string remedy =
        error.code() == ErrorCode::state_unwritable ? error.hint() + " Once that is done, run" : "Run";
    throw Error(error.code(),
                format("{}, but that could not be recorded: {}",
                       runs ? format("{} of {} runs", app.wish.release()->text(), app.name.text())
                            : format("{} is stopped", app.name.text()),
                       error.what()),
                remedy + " the command again: it finds what is already done.");
  }
}

// What a command that was killed while it removed, or still filled, a snapshot has left: no wish speaks of it.
void clear_up_left_ones(Context& context, App& app, const App& saved, std::stop_token stop) {
  App left = saved;
  clear_up_reserves(context, left, std::move(stop));
  app.snapshots = left.snapshots;
}

// Whether the release that is wished runs already, and there is nothing else to go back to. Not so for one whose first
// try was cut off: it has yet to prove itself. Data that is exchanged, or copied, has its own way back.
bool goes_on_itself(const App& app, const std::optional<App>& saved, const World& world) {
  const Wish& wish = app.wish;
  if (!wish.is<goal::Run>() || wish.fallback || !wish.data.empty() || wish.snapshot) return false;
  const bool is_first_try = saved && saved->wish.is_unfinished() && saved->wish.release() == wish.release() &&
                            saved->wish.fallback != wish.release();
  return !is_first_try && was_up(app, world, *wish.release());
}

// Whether what should be up is so though nobody saw it before and this change started none of it: what the engine
// showed then was wrong.
bool ran_unseen(Context& context, const App& app, const Touched& touched) {
  const Wish& wish = app.wish;
  if (!wish.is<goal::Run>() || wish.fallback || !wish.data.empty() || wish.snapshot || !touched.begun.empty())
    return false;
  try {
    World world;
    world.containers = context.engine.containers({}, {});
    return was_up(app, world, *wish.release());
  } catch (const Error&) {
    // The way back looks again, and tells of it.
    return false;
  }
}

// Makes the folders that are missing; why that cannot be done.
std::optional<Error> folders_refused(Context& context, const App& app, const World& world, const plan::Plan& plan,
                                     std::stop_token stop) {
  try {
    make_missing_folders(context, app, world, plan, std::move(stop));
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    return error;
  }
  return {};
}

// What is made is known by what the state has of it; what is there only comes up again.
bool only_starts(const plan::Plan& plan) {
  return std::all_of(plan.actions.begin(), plan.actions.end(), [](const plan::Action& action) {
    return std::holds_alternative<plan::StartContainer>(action.step) ||
           std::holds_alternative<plan::ResumeContainer>(action.step) ||
           std::holds_alternative<plan::SetRestartPolicy>(action.step) ||
           std::holds_alternative<plan::AwaitVerdict>(action.step);
  });
}

// False: another app has taken the number of the snapshot that the change begins with, and nothing is saved.
bool is_saved(Context& context, const App& app, const std::optional<App>& before, const Agreement& agree) {
  const Snapshot* snapshot = app.wish.snapshot ? app.find_snapshot(*app.wish.snapshot) : nullptr;
  if (snapshot != nullptr && before && before->find_snapshot(snapshot->number) != nullptr) snapshot = nullptr;
  if (snapshot == nullptr && !agree) {
    context.store.save(app);
    return true;
  }
  try {
    context.store.save(app, [&](const std::vector<App>& apps) {
      if (agree) agree(apps);
      if (snapshot != nullptr) refuse_taken_number(app.name, *snapshot, apps);
    });
  } catch (const NumberTaken&) {
    return false;
  }
  return true;
}

void renumber_snapshot(Context& context, App& app, const std::vector<Volume>& volumes) {
  Snapshot& snapshot = *app.find_snapshot(*app.wish.snapshot);
  renumber(context, app, snapshot, volumes);
  app.highest_snapshot = snapshot.number;
  app.wish.snapshot = snapshot.number;
}

exec::Outcome never_begun(const Error& why) {
  exec::Outcome outcome;
  outcome.error = why;
  return outcome;
}

}  // namespace

std::string what_runs_now(const Change& change) {
  if (!change.running) return "nothing runs, as before";
  return format("{} runs {}", change.running->text(), change.never_stopped ? "on" : "again");
}

ErrorCode error_code(const Change& change) {
  if (change.kind == Change::Kind::stuck) return ErrorCode::stuck;
  return change.kind == Change::Kind::in_trouble ? ErrorCode::in_trouble : change.code;
}

std::string_view to_text(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::unchanged:
      return "unchanged";
    case Change::Kind::planned:
      return "planned";
    case Change::Kind::done:
      return "done";
    case Change::Kind::rolled_back:
      return "rolled_back";
    case Change::Kind::in_trouble:
      return "in_trouble";
    case Change::Kind::stuck:
      return "stuck";
  }
  return "";
}

Change fulfil(Context& context, App& app, const JournalVerb& verb, bool dry_run, std::stop_token stop,
              const Agreement& agree) {
  if (!dry_run) clear_announced(context, app.name, stop);
  Change change;
  change.release = app.wish.release();
  const auto saved = context.store.app(app.name);
  Planned wanted = planned(context, app, stop, {}, context.room);
  change.plan = wanted.plan;
  const bool same_wish =
      saved && saved->wish.goal.index() == app.wish.goal.index() && saved->wish.release() == app.wish.release() &&
      !saved->wish.is_unfinished() && app.wish.data.empty() && !app.wish.snapshot && saved->wish.trouble.empty() &&
      saved->wish.held_down() == app.wish.held_down() && (!app.wish.run() || app.wish.run()->restart.empty());
  if (change.plan.empty() && same_wish) {
    change.running = what_runs(*saved);
    if (!dry_run) clear_up_left_ones(context, app, *saved, stop);
    return change;
  }
  // The wait for a verdict alone, on what is already tried and wished, is no change.
  const Release* asked = change.release ? app.find(*change.release) : nullptr;
  const bool is_tried = asked == nullptr || asked->verdict != Verdict::pending;
  if (same_wish && is_tried && change.plan.actions.size() == 1 &&
      std::holds_alternative<plan::AwaitVerdict>(change.plan.actions[0].step)) {
    change.plan = {};
    change.running = what_runs(*saved);
    return change;
  }
  change.plan = wanted.plan = agreed_plan(context, app.name, std::move(wanted.plan));
  const auto missing = missing_for(context, app, wanted.world, wanted.plan, stop);
  // One that was cut off may have left nothing running; what it leads back to may have its files still.
  const bool was_cut_off = saved && saved->wish.is_unfinished();
  if (missing && !was_cut_off) throw *missing;
  if (dry_run) {
    change.kind = Change::Kind::planned;
    note_missing_folders(context, app, wanted.world, change.plan, stop);
    add_clear_up(change, app, context.clock.now());
    return change;
  }

  // What the world shows to run is what a failure leads back to, also where it is the very release that is wished.
  const bool is_itself = goes_on_itself(app, saved, wanted.world);
  if (is_itself) app.wish.fallback = app.wish.release();
  forget_creations(app, change.plan);
  const Time began = context.clock.now();
  // Other data was prepared before: that was the begin.
  const bool has_begun = !app.wish.data.empty() && (!saved || saved->wish.data != app.wish.data);
  try {
    // Durable before the first effect (promise 2).
    while (!is_saved(context, app, saved, agree)) {
      renumber_snapshot(context, app, wanted.world.volumes);
      wanted = planned(context, app, stop, {}, context.room);
      change.plan = wanted.plan = agreed_plan(context, app.name, std::move(wanted.plan));
    }
    if (!has_begun) write_journal(context, app, verb, "started", app.wish.why, app.wish.release());
  } catch (const Error& why) {
    // It is durable already that this should be up.
    const bool is_lost = why.code() == ErrorCode::state_unwritable || why.code() == ErrorCode::state_damaged;
    if (!is_lost || !same_wish || !only_starts(change.plan)) throw;
    context.report.warning(why.what());
  }
  bool release_is_at_fault = false;
  bool cancelled = false;
  ChangeWatch watch(context.report, context.clock);
  try {
    const auto obstacle =
        missing ? std::optional<Error>(*missing) : folders_refused(context, app, wanted.world, wanted.plan, stop);
    const exec::Outcome outcome = obstacle ? never_begun(*obstacle) : run_wish(context, app, wanted, watch, stop);
    change.plan = wanted.plan;
    if (outcome.done()) {
      recording(app, [&] {
        record_success(context, app, wanted, watch.outage());
        write_journal(context, app, verb, "done", "", change.release);
      });
      change.kind = Change::Kind::done;
      change.running = what_runs(app);
      clear_up(context, app);
      return change;
    }
    release_is_at_fault = outcome.release_is_at_fault;
    if (outcome.verdict) {
      change.is_judged = true;
      change.log_tail = outcome.verdict->log_tail;
      change.container = outcome.verdict->container;
      change.own_reason = outcome.verdict->reason;
      const Release* judged = change.release ? app.find(*change.release) : nullptr;
      change.reason = judged == nullptr ? change.own_reason
                                        : with_its_service(*judged, change.plan, change.container, change.own_reason);
    } else {
      change.code = outcome.error->code();
      change.own_reason = change.reason = outcome.error->what();
      change.hint = outcome.error->hint();
      const plan::Step* failed = outcome.failed_action ? &change.plan.actions.at(*outcome.failed_action).step : nullptr;
      if (const auto* start = std::get_if<plan::StartContainer>(failed)) change.container = start->name;
    }
  } catch (const Cancelled& stopped) {
    cancelled = true;
    change.code = stopped.code();
    change.reason = stopped.what();
    context.report.note("stopping: taking the change back (again to leave at once)");
  }

  const auto note = [&](const JournalOutcome& ended, const std::string& text) {
    record_if_possible(context, [&] { write_journal(context, app, verb, ended, text, change.release); });
  };
  if (!app.wish.is<goal::Run>() && app.wish.fallback_data.empty()) {
    // There is no way back from a stop that failed half-way but to try again: the wish stays.
    if (cancelled) throw Cancelled(format("stopped half-way; the next command on {} finishes it", app.name.text()));
    note("failed", change.reason);
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = "the wish stays";
    return change;
  }
  if (app.wish.is_rolling_back() && !cancelled) {
    end_way_back(context, app, change, wanted);
    note("failed", change.trouble_on_the_way_back);
    return change;
  }
  record_failure(context, app, change, release_is_at_fault && !cancelled);
  const bool ran_already = is_itself || (change.release && ran_unseen(context, app, watch.touched()));
  const Before before{wanted.world, saved ? std::optional(saved->wish) : std::nullopt};
  if (ran_already)
    leave_as_it_was(context, app, change, before, watch.touched());
  else
    take_back(context, app, change, before, watch.touched(), !cancelled);
  // Only now: nothing that is written down is worth a longer outage. A stop on request says nothing of the host: the
  // next pass tries at once.
  if (!release_is_at_fault && !cancelled)
    record_if_possible(context,
                       [&] { context.store.append(app.name, {began, Repair::Kind::attempt, change.release}); });
  const bool back = change.kind == Change::Kind::rolled_back;
  // Where nothing ran before there is nothing that it was rolled back to.
  note(back && change.running ? JournalOutcome("rolled_back") : JournalOutcome("failed"),
       back && !change.running ? format("{}; {}", change.reason, what_runs_now(change))
       : back                  ? change.reason
                               : format("{}; while rolling back: {}", change.reason, change.trouble_on_the_way_back));
  if (cancelled)
    throw Cancelled(back ? format("stopped on request; {}", what_runs_now(change))
                         : format("stopped on request; rolling back failed too: {}", change.trouble_on_the_way_back));
  return change;
}

Change withdraw(Context& context, App& app, const std::string& reason, const std::string& log_tail,
                const std::string& container) {
  const auto previous = app.wish.previous();
  if (!app.wish.is<goal::Run>() || !app.wish.release() || !previous || app.find(*previous) == nullptr)
    throw NotFound(ErrorCode::nothing_to_go_back_to, format("{} has nothing to go back to", app.name.text()));
  // Asked now: what has failed is better than nothing.
  const ReleaseNumber back_to = with_its_files(context, app, *previous, {});
  refuse_missing_paths(context, app.release(back_to).spec, app.find(back_to), {});
  Change change;
  change.release = app.wish.release();
  change.own_reason = reason;
  change.reason = with_its_service(app.release(*change.release), change.plan, container, reason);
  change.log_tail = log_tail;
  change.container = container;
  // Its good verdict was premature.
  app.find(*change.release)->verdict = Verdict::pending;
  record_failure(context, app, change, true);
  app.wish.fallback = back_to;
  app.wish.progress = Wish::Progress::under_way;
  const auto note = [&](const JournalOutcome& came) {
    record_if_possible(context, [&] { write_journal(context, app, "soak", came, reason, change.release); });
  };
  note("started");
  take_back(context, app, change, {observe(context.engine, app, {}), {}}, {});
  if (change.kind != Change::Kind::stuck) app.last = app.wish.release();
  record_if_possible(context, [&] { context.store.save(app); });
  note(change.kind == Change::Kind::rolled_back ? JournalOutcome("rolled_back") : JournalOutcome("failed"));
  return change;
}

void finish_unfinished(Context& context, App& app, std::stop_token stop) {
  if (app.wish.is<goal::Removed>()) return;
  if (!app.wish.is_unfinished()) {
    clear_announced(context, app.name, stop);
    clear_up_reserves(context, app, stop);
    return;
  }
  context.report.note(format("finishing what was interrupted: {}", app.wish.why));
  const Change change = fulfil(context, app, "finish", false, stop);
  if (change.kind == Change::Kind::stuck)
    throw Error(ErrorCode::stuck, format("finishing what was interrupted: {}; while rolling back: {}", change.reason,
                                         change.trouble_on_the_way_back));
  if (change.kind == Change::Kind::in_trouble)
    throw Error(ErrorCode::in_trouble, format("finishing what was interrupted: {}", change.trouble_on_the_way_back),
                format("belay logs {0} shows what it wrote; belay why {0} explains it.", app.name.text()));
  if (change.kind == Change::Kind::rolled_back)
    context.report.warning(format("{} failed: {}; it was rolled back", change.release->text(), change.reason));
}

void finish_data(Context& context, App& app, std::stop_token stop) {
  if (!app.wish.data.empty()) finish_unfinished(context, app, stop);
}

namespace {

// The wish that follows an interrupted one must know what became of the data: half of the places may hold other data
// by now. They get back what they held.
Wish wish_after(const Wish& earlier, const Context& context) {
  Wish wish;
  wish.snapshot = earlier.snapshot;
  wish.data = earlier_data(earlier);
  wish.progress = Wish::Progress::under_way;
  wish.who = context.who;
  wish.why = context.command;
  wish.since = context.clock.now();
  return wish;
}

}  // namespace

void wish_up(App& app, ReleaseNumber release, const ChangeOptions& options, const Context& context) {
  Wish wish = wish_after(app.wish, context);
  goal::Run run{release};
  run.held_down = options.held_down.value_or(app.wish.held_down());
  if (!options.held_down) run.held_down.insert(options.makes.begin(), options.makes.end());
  // They are made beside what is down, which stays so.
  if (!options.makes.empty() && app.wish.is<goal::Stopped>())
    for (const Service& service : app.release(release).spec.services) run.held_down.insert(service.name);
  run.makes = options.makes;
  wish.goal = std::move(run);
  wish.fallback = what_runs(app);
  // Nothing else to return to than itself: whether it runs only the world can tell (fulfil). What an interrupted
  // command was to return to is known.
  if (wish.fallback == release && !app.wish.is_unfinished()) wish.fallback.reset();
  wish.terms = {options.wait, options.order, options.settle, options.wait_timeout};
  app.wish = std::move(wish);
}

void wish_down(App& app, const Context& context) {
  Wish wish = wish_after(app.wish, context);
  wish.goal = goal::Stopped{};
  app.wish = std::move(wish);
}

}  // namespace belay::change
