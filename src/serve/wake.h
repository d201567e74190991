#pragma once
// Why the daemon looks at the world again. Whatever notices something (the engine's events, a changed file, a signal)
// says so here; the loop waits here and nowhere else.

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"

namespace belay::serve {

enum class Cause {
  container,       // something happened to a container: `subject` is its name
  image,           // a tag moved, an image came or went: `subject` is the reference
  engine_is_back,  // what happened meanwhile is not known: look at everything
  definitions,     // a watched file or folder changed: `subject` is its path
  reload,          // the admin asks (SIGHUP, belay reload)
  due,             // the deadline of the wait has come
  clock_set_back,  // deadlines that were set before may be far away now
  ended            // work that the loop had begun is done
};

// A container's end, as the engine tells it. That is some 50 ms before its lists show it, and before it answers any
// question about that container.
struct Death {
  enum class How {
    by_itself,  // or by a signal from elsewhere: its restart policy says whether the engine starts it again
    killed,     // through the engine, which then leaves it down whatever that policy is
    stopped,    // the same, in order: perhaps only to start it anew
  };
  Time at{};
  How how = How::by_itself;
};

struct Reason {
  Cause cause = Cause::reload;
  std::string subject;
  std::optional<Death> died = {};  // the container did
  bool started = false;            // the container was
};

// What has gathered since the last wait.
struct Wakeup {
  std::set<Cause> causes;  // empty: the wait was stopped
  std::set<std::string> containers, images, files;
  std::map<std::string, Death> deaths = {};  // of containers: the last one of each
  std::set<std::string> started = {};        // containers, behind their last death here
  bool has(Cause cause) const { return causes.contains(cause); }
  // For a log line: "container web-r2 and 3 others, definitions /etc/belay/web.json".
  std::string text() const;
};

// One mailbox: `wake` from any thread, `wait` from one. A reason that comes while nobody waits is kept for the next
// wait; equal ones become one, so that a storm of events costs one pass.
class Waker {
 public:
  void wake(const Reason& reason);
  // Returns with all that has gathered: at once where something has, else at the first reason, when `deadline` has come
  // (Cause::due), when the clock has been set back behind what a wait here has seen (Cause::clock_set_back), or on
  // stop. nullopt: no deadline.
  Wakeup wait(std::optional<Time> deadline, Clock& clock, const std::stop_token& stop);

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Wakeup gathered_;
  // Ends the sleep of a wait with a deadline.
  std::stop_source arrived_;
  // The latest wall-clock time that a wait has seen; only the waiting thread reads it.
  Time latest_{};
};

}  // namespace belay::serve
