#include "exec/run.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/format.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "exec/attempt.h"
#include "exec/verdict.h"

namespace belay::exec {

namespace {

enum class Progressed { waiting, running, done, failed };

// The shared state of one run. Everything below `mutex` is guarded by it; the report is told with `telling` held,
// so that it hears one thing at a time.
class Run {
 public:
  Run(const plan::Plan& plan, engine::Engine& engine, Clock& clock, plan::Report& report, const RunOptions& options,
      std::stop_token stop)
      : plan_(plan),
        engine_(engine),
        clock_(clock),
        report_(report),
        options_(options),
        stop_(std::move(stop)),
        states_(plan.actions.size(), Progressed::waiting) {}

  Outcome finish() {
    const size_t wanted = std::min<size_t>(static_cast<size_t>(std::max(options_.workers, 1)), widest());
    if (wanted <= 1) {
      // One after the other: on the caller's own thread.
      work();
    } else {
      std::vector<std::jthread> pool;
      for (size_t i = 0; i < wanted; ++i) pool.emplace_back([this] { work(); });
    }
    if (escaped_) std::rethrow_exception(escaped_);
    if (cancelled_) throw Cancelled();
    return std::move(outcome_);
  }

 private:
  // How many actions may ever run at once: at most those that wait for the same things.
  size_t widest() const {
    size_t chain = 0;
    std::vector<size_t> depth(plan_.actions.size(), 0);
    std::vector<size_t> width(plan_.actions.size() + 1, 0);
    for (size_t i = 0; i < plan_.actions.size(); ++i) {
      for (const size_t before : plan_.actions[i].after) depth[i] = std::max(depth[i], depth[before] + 1);
      chain = std::max(chain, ++width[depth[i]]);
    }
    return chain;
  }

  void work() {
    while (const auto next = take()) perform(*next);
  }

  // The next action that may start; waits while others run that may free one. nullopt: nothing more to do.
  std::optional<size_t> take() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (halted_) return {};
      bool any_running = false;
      for (size_t i = 0; i < states_.size(); ++i) {
        if (states_[i] == Progressed::running) any_running = true;
        if (states_[i] != Progressed::waiting) continue;
        const auto& after = plan_.actions[i].after;
        if (!std::all_of(after.begin(), after.end(), [&](size_t j) { return states_[j] == Progressed::done; }))
          continue;
        states_[i] = Progressed::running;
        return i;
      }
      if (!any_running) return {};
      changed_.wait(lock);
    }
  }

  void perform(size_t index) {
    const auto& step = plan_.actions[index].step;
    const Ticks begun = clock_.ticks();
    try {
      if (stop_.stop_requested()) throw Cancelled();
      tell(plan::StepBegun{which(index), clock_.now()});
      const Attempt result = doing(plan::step_text(step), [&] { return in_time(index); });
      if (result.failed_verdict) {
        const auto* hook = std::get_if<plan::RunInside>(&step);
        const std::string& name = hook != nullptr ? hook->name : std::get<plan::AwaitVerdict>(step).name;
        FailedVerdict verdict{name, result.failed_verdict->reason, log_tail(engine_, name, options_.log_lines, stop_)};
        if (const auto& said = result.failed_verdict->said; !said.empty()) {
          if (!verdict.log_tail.empty() && !verdict.log_tail.ends_with('\n')) verdict.log_tail += '\n';
          verdict.log_tail += "it answered: " + said + "\n";
        }
        if (plan_.actions[index].may_fail) {
          tell_failed(index, begun, ErrorCode::release_failed, verdict.reason);
          tell(plan::Remark{plan::Remark::Level::warning,
                            format("{}: {}; what waits for it goes on without it", name, verdict.reason)});
          settle(index, Progressed::done, [] {});
          return;
        }
        tell_failed(index, begun, ErrorCode::release_failed, verdict.reason, &verdict);
        settle(index, Progressed::failed, [&] {
          outcome_.verdict = std::move(verdict);
          outcome_.release_is_at_fault = true;
        });
        return;
      }
      if (const auto* awaited = std::get_if<plan::AwaitVerdict>(&step)) tell(plan::Judged{awaited->name, true, {}, {}});
      tell(plan::StepDone{which(index), clock_.now(), since(begun)});
      settle(index, Progressed::done, [&] {
        if (!result.built.empty()) outcome_.built[index] = result.built;
      });
    } catch (const Cancelled&) {
      const bool is_stopped = stop_.stop_requested();
      settle(index, Progressed::failed, [&] { cancelled_ = cancelled_ || is_stopped || !halted_; });
    } catch (const Error& error) {
      tell_failed(index, begun, error.code(), error.what());
      if (plan_.actions[index].may_fail) {
        // The user's own command: what came of it is told at once, whatever the run is for.
        const bool is_hook = std::holds_alternative<plan::RunInside>(step);
        if (is_hook) tell(plan::Remark{plan::Remark::Level::warning, error.what()});
        settle(index, Progressed::done, [&] {
          if (!is_hook) outcome_.passed_over.emplace(index, error.what());
        });
        return;
      }
      const auto* refusal = dynamic_cast<const EngineError*>(&error);
      const bool is_start = refusal != nullptr && std::holds_alternative<plan::StartContainer>(step);
      settle(index, Progressed::failed, [&] {
        if (outcome_.error) return;
        outcome_.error = error;
        outcome_.failed_action = index;
        outcome_.status = refusal == nullptr ? 0 : refusal->status();
        outcome_.release_is_at_fault = is_start && refusal->cause() == EngineError::Cause::image;
        outcome_.is_broken = is_start && refusal->cause() == EngineError::Cause::broken_container;
      });
    } catch (...) {
      // Not a failure of the action but of the program, or a test's power cut: passed on to the caller's thread.
      settle(index, Progressed::failed, [&] { escaped_ = std::current_exception(); });
    }
  }

  Attempt in_time(size_t index) {
    const auto& action = plan_.actions[index];
    // A wait changes nothing: once another action has failed, there is nothing to wait for.
    std::stop_source ended;
    const std::stop_callback on_stop(stop_, [&] { ended.request_stop(); });
    const std::stop_callback on_failure(halting_.get_token(), [&] { ended.request_stop(); });
    const bool only_waits = std::holds_alternative<plan::AwaitVerdict>(action.step);
    const std::stop_token until = only_waits ? ended.get_token() : stop_;
    const auto work = [&](std::stop_token stop) {
      return attempt(
          action.step, engine_, options_.data != nullptr ? *options_.data : no_data_,
          options_.host != nullptr ? *options_.host : no_host_work_, clock_,
          [&](const Progress& p) { tell(plan::StepProgressed{which(index), p}); }, std::move(stop),
          is_resumed_before(index) ? EarlierHealth::is_stale : EarlierHealth::counts);
    };
    if (!action.deadline) return work(until);
    const TimeLimit limit(*action.deadline, until);
    try {
      return work(limit.token());
    } catch (const Cancelled&) {
      if (until.stop_requested()) throw;
      const std::string reason = format("it did not end within {}", duration_text(*action.deadline));
      if (const auto* hook = std::get_if<plan::RunInside>(&action.step); hook != nullptr && hook->is_proof)
        return {Unproved{format("{}: {}", plan::step_text(action.step), reason)}, {}};
      throw Error(ErrorCode::timed_out, reason);
    }
  }

  // Whether the container that this action waits for was paused until an action before it.
  bool is_resumed_before(size_t index) const {
    const auto* verdict = std::get_if<plan::AwaitVerdict>(&plan_.actions[index].step);
    return verdict != nullptr &&
           std::any_of(plan_.actions.begin(), plan_.actions.begin() + static_cast<std::ptrdiff_t>(index),
                       [&](const plan::Action& action) {
                         const auto* resume = std::get_if<plan::ResumeContainer>(&action.step);
                         return resume != nullptr && resume->name == verdict->name;
                       });
  }

  template <class Record>
  void settle(size_t index, Progressed state, Record&& record) {
    std::lock_guard held(mutex_);
    states_[index] = state;
    record();
    if (state == Progressed::failed) {
      halted_ = true;
      if (!outcome_.failed_action) outcome_.failed_action = index;
    }
    changed_.notify_all();
    if (state == Progressed::failed) halting_.request_stop();
  }

  plan::StepOf which(size_t index) const { return {&plan_, index}; }
  Milliseconds since(Ticks begun) const { return std::chrono::duration_cast<Milliseconds>(clock_.ticks() - begun); }

  template <class What>
  void tell(What what) {
    std::lock_guard held(telling_);
    report_.tell({{}, std::move(what)});
  }

  // A report that fails while it hears of a failure must not end the program: it is passed on like any surprise.
  void tell_failed(size_t index, Ticks begun, ErrorCode code, const std::string& why,
                   const FailedVerdict* verdict = nullptr) {
    try {
      if (verdict != nullptr) tell(plan::Judged{verdict->container, false, verdict->reason, verdict->log_tail});
      tell(plan::StepFailed{which(index), clock_.now(), since(begun), code, why});
    } catch (...) {
      std::lock_guard held(mutex_);
      if (!escaped_) escaped_ = std::current_exception();
    }
  }

  const plan::Plan& plan_;
  engine::Engine& engine_;
  Clock& clock_;
  plan::Report& report_;
  const RunOptions& options_;
  NoData no_data_;
  NoHostWork no_host_work_;
  const std::stop_token stop_;

  std::mutex telling_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Progressed> states_;
  std::stop_source halting_;  // stopped by the first failure
  bool halted_ = false, cancelled_ = false;
  std::exception_ptr escaped_;
  Outcome outcome_;
};

}  // namespace

Outcome run(const plan::Plan& plan, engine::Engine& engine, Clock& clock, plan::Report& report,
            const RunOptions& options, std::stop_token stop) {
  return Run(plan, engine, clock, report, options, std::move(stop)).finish();
}

}  // namespace belay::exec
