#include "serve/wake.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/text.h"

namespace belay::serve {

namespace {

// Deadlines are wall-clock times (windows, polls), sleeping is not: a clock that was set, or a machine that was
// suspended, is noticed this much later at most.
constexpr Milliseconds longest_sleep{60'000};
// A clock that is corrected by less than this postpones nothing that matters.
constexpr Milliseconds least_step{2'000};

void describe(std::vector<std::string>& parts, std::string_view what, const std::set<std::string>& subjects) {
  if (subjects.empty()) return;
  auto text = format("{} {}", what, *subjects.begin());
  if (subjects.size() == 2) text += format(" and {}", *subjects.rbegin());
  if (subjects.size() > 2) text += format(" and {} others", subjects.size() - 1);
  parts.push_back(std::move(text));
}

}  // namespace

std::string Wakeup::text() const {
  std::vector<std::string> parts;
  if (has(Cause::reload)) parts.emplace_back("reload asked");
  if (has(Cause::engine_is_back)) parts.emplace_back("engine is back");
  describe(parts, "definitions", files);
  describe(parts, "container", containers);
  describe(parts, "image", images);
  if (has(Cause::clock_set_back)) parts.emplace_back("the clock was set back");
  if (has(Cause::due)) parts.emplace_back("it is time");
  return join(parts, ", ");
}

void Waker::wake(const Reason& reason) {
  std::lock_guard held(mutex_);
  gathered_.causes.insert(reason.cause);
  if (!reason.subject.empty()) {
    if (reason.cause == Cause::container) gathered_.containers.insert(reason.subject);
    if (reason.cause == Cause::image) gathered_.images.insert(reason.subject);
    if (reason.cause == Cause::definitions) gathered_.files.insert(reason.subject);
    if (reason.died) {
      gathered_.deaths.insert_or_assign(reason.subject, *reason.died);
      gathered_.started.erase(reason.subject);
    }
    if (reason.started) gathered_.started.insert(reason.subject);
  }
  changed_.notify_all();
  arrived_.request_stop();
}

Wakeup Waker::wait(std::optional<Time> deadline, Clock& clock, const std::stop_token& stop) {
  std::unique_lock held(mutex_);
  const auto something_is_there = [&] {
    const Time now = clock.now();
    const bool is_set_back = now + least_step < latest_;
    if (is_set_back) gathered_.causes.insert(Cause::clock_set_back);
    latest_ = is_set_back ? now : std::max(latest_, now);
    return !gathered_.causes.empty();
  };
  if (!deadline) changed_.wait(held, stop, something_is_there);
  while (deadline && !something_is_there() && !stop.stop_requested()) {
    const auto left = *deadline - clock.now();
    if (left <= Milliseconds(0)) {
      gathered_.causes.insert(Cause::due);
      break;
    }
    // The clock is the one who sleeps, so that a simulated one can; a fresh source for each sleep, as an earlier reason
    // has used the last one up.
    std::stop_source arrived;
    arrived_ = arrived;
    held.unlock();
    {
      const std::stop_callback forward(stop, [&arrived] { arrived.request_stop(); });
      clock.sleep(std::min<Milliseconds>(left, longest_sleep), arrived.get_token());
    }
    held.lock();
  }
  return std::exchange(gathered_, {});
}

}  // namespace belay::serve
