#pragma once
// Advisory locks between processes (flock): they die with their holder, so they cannot go stale.

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/fd.h"
#include "base/files.h"

namespace belay {

struct LockRequest {
  fs::path file;
  // Who asks, in one line for whoever has to wait: "belay deploy web (pid 4711, root)".
  std::string holder;
  // False: a lock that is held is an error at once.
  bool wait = true;
};

// Somebody else has the lock; that passes.
class LockHeld : public Conflict {
 public:
  explicit LockHeld(std::string message, std::string hint = {})
      : Conflict(ErrorCode::locked, std::move(message), std::move(hint)) {}
};

class FileLock {
 public:
  // Takes the lock, waiting where the request says so; `waiting` is called once, with the holder's line, before a wait.
  // Throws LockHeld (names the holder) when it may not wait, Cancelled on stop.
  static FileLock take(const LockRequest& request, Clock& clock, const std::function<void(const std::string&)>& waiting,
                       std::stop_token stop);
  // The holder's line of a lock that is held now; nullopt when it is free.
  static std::optional<std::string> holder_of(const fs::path& file);

 private:
  explicit FileLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace belay
