#include "serve/event_watch.h"

#include <algorithm>
#include <csignal>
#include <string>

#include "base/errors.h"

namespace belay::serve {

namespace {

constexpr Milliseconds shortest_pause{1'000};
constexpr Milliseconds longest_reconnect{30'000};
// Who gets a signal and ends within this time ended of it; one that lives on was only told something.
constexpr Milliseconds time_for_a_stop{60'000};

engine::EventFilter worth_waking_for() {
  return {.types = {"container", "image", "volume"},
          .actions = {"create", "start", "die", "oom", "health_status", "destroy", "rename", "update", "stop", "kill",
                      "pause", "unpause", "tag", "untag", "delete", "pull"}};
}

}  // namespace

EventWatch::EventWatch(engine::Engine& engine, Waker& waker, Clock& clock, OnVolume on_volume)
    : engine_(engine),
      waker_(waker),
      clock_(clock),
      on_volume_(std::move(on_volume)),
      begin_(clock.now()),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {}

EventWatch::State EventWatch::state() const {
  return state_.with([](const State& state) { return state; });
}

void EventWatch::follow(const std::stop_token& stop) {
  const auto filter = worth_waking_for();
  Milliseconds pause = shortest_pause;
  bool was_away = false;
  while (!stop.stop_requested()) {
    std::string trouble = "the engine ended its stream of events";
    try {
      // A stream of events says nothing until something happens: only this shows that the engine is there.
      engine_.info(stop);
      const auto since = state_.with([](State& state) {
        state.connected = true;
        state.trouble.clear();
        ++state.connections;
        return state.last_event;
      });
      if (was_away) waker_.wake({Cause::engine_is_back, {}});
      signals_.clear();
      const Ticks connected = clock_.ticks();
      const auto take_event = [&](const engine::Event& event) {
        pause = shortest_pause;
        take(event, stop);
        return true;
      };
      try {
        engine_.events(since.value_or(begin_), filter, take_event, stop);
      } catch (const Error& error) {
        trouble = error.what();
      }
      if (clock_.ticks() - connected >= longest_reconnect) pause = shortest_pause;
    } catch (const Error& error) {
      trouble = error.what();
    }
    if (stop.stop_requested()) return;
    was_away = true;
    state_.with([&](State& state) {
      state.connected = false;
      state.trouble = trouble;
    });
    clock_.sleep(pause, stop);
    pause = std::min(pause * 2, longest_reconnect);
  }
}

void EventWatch::take(const engine::Event& event, const std::stop_token& stop) {
  state_.with([&](State& state) { state.last_event = std::max(state.last_event.value_or(event.time), event.time); });
  if (event.type == "volume" && event.action == "create" && on_volume_) on_volume_(event.name, stop);
  // What was only just created calls for nothing yet.
  if (event.type == "volume" || event.action == "create") return;
  if (event.action == "kill") {
    // A signal alone changes nothing; what it leads to is told as well. A stop that has to kill began in order.
    const auto signal = event.attributes.find("signal");
    const bool is_kill = signal != event.attributes.end() && signal->second == std::to_string(SIGKILL);
    std::erase_if(signals_, [&](const auto& earlier) { return event.time - earlier.second.at > time_for_a_stop; });
    signals_.try_emplace(event.name, Signal{is_kill ? Death::How::killed : Death::How::stopped, event.time});
    return;
  }
  Reason reason{event.type == "image" ? Cause::image : Cause::container, event.name};
  if (event.action == "die") {
    const auto signal = signals_.find(event.name);
    const bool is_why = signal != signals_.end() && event.time - signal->second.at <= time_for_a_stop;
    reason.died = Death{event.time, is_why ? signal->second.how : Death::How::by_itself};
  }
  reason.started = event.action == "start";
  if (reason.died || reason.started) signals_.erase(event.name);
  waker_.wake(reason);
  // Who looks for the container by its old name should look as well.
  const auto old = event.attributes.find("oldName");
  if (old != event.attributes.end()) waker_.wake({Cause::container, old->second.substr(old->second.starts_with('/'))});
}

}  // namespace belay::serve
