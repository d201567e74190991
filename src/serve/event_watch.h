#pragma once
// Follows the engine's events in a thread of its own and wakes the loop for those that may call for work. Events only
// wake: what is the case is found out by looking.

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "engine/engine.h"
#include "serve/wake.h"

namespace belay::serve {

// When the stream ends or the engine is away, connects again after 1 s, 2 s, … 30 s and asks for what happened since
// the last event. An engine that was restarted has forgotten those, so a connection regained always wakes with
// Cause::engine_is_back. The probes of health checks never wake: the engine does not even send them.
class EventWatch {
 public:
  struct State {
    bool connected = false;
    int connections = 0;             // so far; more than one: the engine was away in between
    std::optional<Time> last_event;  // by the engine's clock
    std::string trouble;             // why it is not connected
  };

  // Hears, in the watch's thread, of each new volume.
  using OnVolume = std::function<void(const std::string& name, const std::stop_token& stop)>;

  // Begins at once, with the events of this moment on. All must outlive the watch.
  EventWatch(engine::Engine& engine, Waker& waker, Clock& clock, OnVolume on_volume = {});
  State state() const;

 private:
  void follow(const std::stop_token& stop);
  void take(const engine::Event& event, const std::stop_token& stop);

  engine::Engine& engine_;
  Waker& waker_;
  Clock& clock_;
  const OnVolume on_volume_;
  const Time begin_;
  Guarded<State> state_;
  struct Signal {
    Death::How how = Death::How::killed;  // what it makes of the container's end
    Time at{};
  };
  std::map<std::string, Signal> signals_;  // sent through the engine not long ago, by container; the thread's
  std::jthread thread_;
};

}  // namespace belay::serve
