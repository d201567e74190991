#pragma once
// The daemon's own threads: pieces of work under names, no two of one name at a time.

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace belay::serve {

// For one thread, the loop's. Ends with all that was begun: whoever wants that soon tells it to by a stop token of his.
class NamedThreads {
 public:
  // `ended` is called from the thread of each piece of work when that is done.
  explicit NamedThreads(std::function<void()> ended) : ended_(std::move(ended)) {}
  NamedThreads(const NamedThreads&) = delete;
  NamedThreads& operator=(const NamedThreads&) = delete;

  // Begins the work in a thread of its own; `work` must not throw. False where some of that name goes on.
  bool begin(const std::string& name, std::function<void()> work);
  bool is_at(const std::string& name) const { return threads_.contains(name); }
  size_t size() const { return threads_.size(); }
  // Those that are done since the last call: from now on nobody is at them, and what they wrote is seen.
  std::set<std::string> take_ended();
  void wait_for_all() { threads_.clear(); }

 private:
  const std::function<void()> ended_;
  std::mutex mutex_;
  std::set<std::string> done_;                   // guarded by mutex_
  std::map<std::string, std::jthread> threads_;  // the loop's; last, so that they end first
};

}  // namespace belay::serve
