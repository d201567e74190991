#pragma once
// Whether another daemon, of another state, serves the same engine. Two of one state share a lock file; two of
// different states share nothing but the engine, perhaps from two containers.
//
// So a daemon that begins to serve knocks: it makes an empty volume, which the engine tells to all who follow its
// events. One that serves answers with another volume that says who it is. No answer in time: there is nobody. Both
// volumes go at once; a daemon that was killed leaves nothing behind that could hold up the next one, and nothing is
// asked at rest. Of two that knock at the same time the one whose knock sorts first goes on.

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/errors.h"
#include "base/guarded.h"
#include "engine/engine.h"

namespace belay::serve {

class ServedByAnother : public Conflict {
 public:
  explicit ServedByAnother(std::string message, std::string hint = {})
      : Conflict(ErrorCode::served_by_another, std::move(message), std::move(hint)) {}
};

// hear() from one thread, ask() from another.
class Neighbours {
 public:
  // `state`: the identity of the own one; `patience`: how long ask() waits; `who`: a line for those that are refused.
  Neighbours(engine::Engine& engine, Clock& clock, std::string state, Milliseconds patience, std::string who);

  // The engine told of a new volume of this name. Answers where that is a knock.
  void hear(const std::string& volume, const std::stop_token& stop);
  // Knocks, and serves from then on. The events must be followed already. Throws ServedByAnother where another one
  // answers.
  void ask(const std::stop_token& stop);

 private:
  enum class Phase { silent, asking, serving };
  struct Own {
    Phase phase = Phase::silent;
    std::string knock;
    std::string earlier;  // another knock that sorts before the own one
  };

  std::string answer_to(const std::string& knock, const std::stop_token& stop);
  void remove(const std::string& volume);

  engine::Engine& engine_;
  Clock& clock_;
  const std::string state_;
  const Milliseconds patience_;
  const std::string who_;
  Guarded<Own> own_;
};

}  // namespace belay::serve
