#include "exec/verdict.h"

#include <algorithm>
#include <vector>

#include "base/format.h"
#include "base/text.h"
#include "exec/ask.h"

namespace belay::exec {

namespace {

std::string why_down(const ContainerDetail& detail) {
  if (!detail.error.empty()) return format("it did not start: {}", printable(detail.error));
  const ContainerState state = detail.container.state;
  if (state != ContainerState::exited && state != ContainerState::dead)
    return format("it does not run, it is {}", to_text(state));
  std::string reason = format("it exited with code {}", detail.exit_code);
  if (detail.oom_killed) reason += ", killed for lack of memory";
  return reason;
}

}  // namespace

Judgement judge(const plan::AwaitVerdict& terms, const ContainerDetail& detail, Milliseconds waited,
                int restarts_before) {
  using Kind = Judgement::Kind;
  const Container& container = detail.container;
  if (detail.restart_count > restarts_before || container.state == ContainerState::restarting)
    return {Kind::failed, format("it does not stay up: the engine had to restart it (exit code {})", detail.exit_code)};
  if (terms.proof == plan::AwaitVerdict::Proof::completed && container.state == ContainerState::running) {
    if (waited < terms.wait_timeout) return {};
    return {Kind::failed, format("it did not end within {}", duration_text(terms.wait_timeout))};
  }
  const bool may_end =
      terms.proof == plan::AwaitVerdict::Proof::completed || terms.proof == plan::AwaitVerdict::Proof::runs_or_ends;
  if (may_end && container.state == ContainerState::exited && detail.exit_code == 0) return {Kind::passed, {}};
  if (container.state != ContainerState::running) return {Kind::failed, why_down(detail)};
  if (!terms.has_health_check && !(terms.has_unseen_image && detail.has_health_check)) {
    if (waited >= terms.settle || !terms.checks.empty()) return {Kind::passed, {}};
    return {};
  }
  if (container.health == Health::healthy) return {Kind::passed, {}};
  const std::string output(trim(printable(detail.health_output)));
  if (container.health == Health::unhealthy)
    return {Kind::failed, output.empty() ? std::string("it is unhealthy") : "it is unhealthy: " + output};
  if (waited >= terms.wait_timeout) {
    std::string reason = format("it did not become healthy within {}", duration_text(terms.wait_timeout));
    if (!output.empty()) reason += ": " + output;
    return {Kind::failed, reason};
  }
  return {};
}

namespace {

// The checks of one container, each asked until it has passed once.
class Questions {
 public:
  Questions(const plan::AwaitVerdict& terms, engine::Engine& engine, Clock& clock, std::stop_token stop)
      : terms_(terms), engine_(engine), clock_(clock), stop_(std::move(stop)), begin_(clock.ticks()) {
    for (const auto& check : terms.checks) open_.push_back({&check, begin_, {}, 0});
  }

  bool all_passed() const { return open_.empty(); }

  // Asks those whose turn it is. Why the container has failed, where it has.
  std::optional<Unproved> ask_once() {
    for (auto each = open_.begin(); each != open_.end();) {
      const Milliseconds left = terms_.wait_timeout - waited();
      const bool is_over = left <= Milliseconds(0);
      if (is_over || clock_.ticks() >= each->next) {
        Answer answer = ask(*each->check, terms_.name, engine_, std::max(left, least_time), stop_);
        if (answer.kind == Answer::Kind::right) {
          each = open_.erase(each);
          continue;
        }
        if (auto failure = weigh(*each, std::move(answer))) return failure;
      }
      ++each;
    }
    return {};
  }

 private:
  struct Open {
    const Check* check;
    Ticks next;
    Answer last;
    int wrong_answers;  // in a row
  };
  // What is asked when the time is up already still gets a moment.
  static constexpr Milliseconds least_time{1'000};

  Milliseconds waited() const { return std::chrono::duration_cast<Milliseconds>(clock_.ticks() - begin_); }

  std::optional<Unproved> weigh(Open& open, Answer answer) {
    const Check& check = *open.check;
    open.wrong_answers = answer.kind == Answer::Kind::wrong ? open.wrong_answers + 1 : 0;
    open.next = clock_.ticks() + check.interval.value_or(Check::usual_interval);
    open.last = std::move(answer);
    if (check.retries && open.wrong_answers > *check.retries) return Unproved{open.last.reason, open.last.said};
    if (waited() < terms_.wait_timeout) return {};
    if (open.last.kind == Answer::Kind::out_of_reach)
      throw Error(ErrorCode::check_impossible, open.last.reason, "belay doctor looks at the host and its engine.");
    std::string reason = open.last.reason;
    if (open.last.kind == Answer::Kind::none) reason += format(" (for {})", duration_text(terms_.wait_timeout));
    return Unproved{reason, open.last.said};
  }

  const plan::AwaitVerdict& terms_;
  engine::Engine& engine_;
  Clock& clock_;
  const std::stop_token stop_;
  const Ticks begin_;
  std::vector<Open> open_;
};

}  // namespace

std::optional<Unproved> await_verdict(const plan::AwaitVerdict& terms, engine::Engine& engine, Clock& clock,
                                      std::stop_token stop, EarlierHealth earlier) {
  const Ticks begin = clock.ticks();
  std::optional<int> restarts_before;
  Questions questions(terms, engine, clock, stop);
  for (;;) {
    const auto detail = engine.container(terms.name, stop);
    if (!detail) return Unproved{format("the container {} was removed meanwhile", terms.name)};
    if (!restarts_before) restarts_before = detail->restart_count;
    const auto waited = std::chrono::duration_cast<Milliseconds>(clock.ticks() - begin);
    if (detail->container.health != Health::unhealthy || waited >= terms.wait_timeout) earlier = EarlierHealth::counts;
    if (earlier == EarlierHealth::is_stale && detail->container.state == ContainerState::running) {
      if (!clock.sleep(Milliseconds(100), stop)) throw Cancelled();
      continue;
    }
    const Judgement judgement = judge(terms, *detail, waited, *restarts_before);
    if (judgement.kind == Judgement::Kind::failed) return Unproved{judgement.reason};
    if (judgement.kind == Judgement::Kind::passed) {
      if (questions.all_passed()) return {};
      if (auto failure = questions.ask_once()) return failure;
      // That it is still up after its answers is seen by one more look.
      if (questions.all_passed()) continue;
    }
    if (!clock.sleep(Milliseconds(100), stop)) throw Cancelled();
  }
}

std::string log_tail(engine::Engine& engine, const std::string& container, int lines, std::stop_token stop,
                     std::optional<Time> since) {
  constexpr size_t most = 16384;
  std::string text;
  bool is_cut = false;
  const auto keep_the_end = [&](size_t size) {
    if (text.size() <= size) return;
    text.erase(0, text.size() - size);
    is_cut = true;
  };
  LogRequest request;
  request.tail = lines;
  request.since = since;
  try {
    engine.logs(
        container, request,
        [&](OutputStream, std::string_view bytes) {
          text += bytes;
          keep_the_end(4 * most);
        },
        stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    // The verdict stands without its log; the reason already says what happened.
    return {};
  }
  keep_the_end(most);
  // Half a line at the beginning says nothing, unless there is no other.
  if (const size_t end = text.find('\n'); is_cut && end != std::string::npos && end + 1 < text.size())
    text.erase(0, end + 1);
  return printable(text);
}

}  // namespace belay::exec
