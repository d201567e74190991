#pragma once
// What a service tells systemd, by systemd's protocol for it: lines of text in datagrams to a unix socket.

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "base/guarded.h"

namespace belay::serve {

// Every call says whether the word was sent; without a socket nothing is, and that is no error. Thread-safe.
class ServiceNotifier {
 public:
  // `socket`: a path, or "@NAME" for an abstract one; empty: nobody listens. `watchdog`: how long a service that has
  // stopped pinging is left alone; nullopt: for ever.
  ServiceNotifier(const std::string& socket, std::optional<Milliseconds> watchdog);
  // As $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID say, which are then removed so that no child of ours speaks in
  // our name. Changes the environment: before the first thread.
  static ServiceNotifier from_environment();

  bool ready() { return send("READY=1"); }
  // To be followed by ready() when the new settings are in force.
  bool reloading(const Clock& clock);
  bool stopping() { return send("STOPPING=1"); }
  // One line for `systemctl status`.
  bool status(std::string_view text);
  bool ping() { return send("WATCHDOG=1"); }
  const std::optional<Milliseconds>& watchdog() const { return watchdog_; }

 private:
  bool send(const std::string& message) const;

  std::string address_;  // as sockaddr_un::sun_path holds it
  Fd socket_;
  std::optional<Milliseconds> watchdog_;
};

// Pings while the daemon's loop is known to live: it has said so since the last ping, or it waits for something that
// has not come yet, or asks somebody who may take his time. A loop that hangs is restarted by systemd. Thread-safe.
class Watchdog {
 public:
  // With a thread of its own where systemd asks for pings, without one else. All must outlive it. `asks`: whether it
  // waits for an answer that will come, or be given up, some time; called in any thread.
  Watchdog(ServiceNotifier& notifier, Clock& clock, std::function<bool()> asks = [] { return false; });
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // The loop has got a step further.
  void progress();

  // While it lives, the loop waits and need not make progress.
  class Waiting {
   public:
    explicit Waiting(Watchdog& watchdog) : watchdog_(watchdog) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { watchdog_.end_wait(); }

   private:
    Watchdog& watchdog_;
  };
  // `until`: when the wait must be over (a wait that outlasts this is a hang); nullopt: it may last for ever.
  [[nodiscard]] Waiting waiting(std::optional<Time> until);

  // What the thread does every half of the watchdog's time: pings if the loop lives. False where it seems dead.
  bool step();

 private:
  struct Loop {
    bool progressed = true;
    bool waits = false;
    std::optional<Time> until;
  };
  void end_wait();

  ServiceNotifier& notifier_;
  Clock& clock_;
  const std::function<bool()> asks_;
  Guarded<Loop> loop_;
  std::jthread thread_;
};

}  // namespace belay::serve
