#include "serve/named_threads.h"

#include <utility>

namespace belay::serve {

bool NamedThreads::begin(const std::string& name, std::function<void()> work) {
  if (is_at(name)) return false;
  threads_.emplace(name, [this, name, work = std::move(work)] {
    work();
    {
      const std::lock_guard lock(mutex_);
      done_.insert(name);
    }
    ended_();
  });
  return true;
}

std::set<std::string> NamedThreads::take_ended() {
  std::set<std::string> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_, {});
  }
  for (const auto& name : done) threads_.erase(name);
  return done;
}

}  // namespace belay::serve
