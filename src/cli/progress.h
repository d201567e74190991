#pragma once
// Work in progress: many lines at once (layers of a pull, steps of a build, actions of a plan). On a terminal a live
// area with bars, sizes, rates and times; elsewhere a plain line for each change of state, never for a mere percentage;
// with --quiet nothing at all.
//
// Thread-safe. The live area is gone when the Progress is.

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "cli/console.h"

namespace belay::cli {

class Progress {
 public:
  // animated: times go on while nothing is reported (a thread that redraws five times a second; tests do without).
  enum class Animation { animated, still };
  Progress(Console& console, Clock& clock, Animation animation = Animation::animated);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  // A new line, known by `id` from now on. `text` is what people read: "pulling web:2"; empty: the id itself, and
  // nothing is written until its first status.
  void begin(const std::string& id, std::string text = {});
  // status: "Downloading". current, total: bytes; total 0 where it is unknown. Begins the line where it is new; people
  // then read `text`, or the id where that is empty.
  void update(const std::string& id, const std::string& status, std::int64_t current = 0, std::int64_t total = 0,
              const std::string& text = {});
  // Output of the step, whole or in part; on a terminal its last lines are shown while it runs and the last 40 stay
  // when it fails.
  void log(const std::string& id, std::string_view text);
  // Ends the line. `text` stays on the screen with the time it took; empty: it just goes. Where there is no screen,
  // what begin has said is not said again unless it took its time or failed.
  void finish(const std::string& id, bool ok, const std::string& text = {});
  // Draws the live area anew with today's times.
  void redraw();

 private:
  struct Item {
    std::string id, text, status;
    std::int64_t current = 0, total = 0;
    std::int64_t rate_from = 0;  // `current` when this status began
    Ticks begun{}, status_since{};
    std::deque<std::string> log;
    std::string unfinished_log_line;
  };

  Item& item(const std::string& id, std::string text);
  Item* find(const std::string& id);
  void draw(bool now);
  void add_log_line(Item& item, const std::string& line);
  std::vector<std::string> live_lines() const;
  std::string live_line(const Item& item, int width) const;

  Console& console_;
  Clock& clock_;
  const bool live_;
  const bool animated_;
  std::mutex mutex_;  // guards all below; never held by whoever holds the console's
  std::vector<Item> items_;
  Ticks drawn_{};
  bool any_drawn_ = false;
  std::jthread animation_;  // last: it ends before what it draws
};

}  // namespace belay::cli
