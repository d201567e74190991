#pragma once
// One try of one check. The only place where a container is asked anything but what the engine knows of it.

#include <optional>
#include <stop_token>
#include <string>

#include "engine/engine.h"
#include "model/checks.h"

namespace belay::exec {

struct Answer {
  enum class Kind {
    right,
    wrong,        // it answered, and otherwise than expected
    none,         // nothing answered: as long as it starts, that means nothing
    out_of_reach  // nothing answered, and this machine may be the reason: no network leads there
  };
  Kind kind = Kind::right;
  std::string reason;  // "GET http://172.17.0.2:8080/health answered 502, expected 200"
  std::string said{};  // the first 200 characters of what it answered instead
};

// Takes as long as the check's timeout and `most` allow. Throws Error where it cannot be tried at all (no way leads to
// the port, the certificate's file cannot be read), EngineError where the engine does not answer, Cancelled on stop.
Answer ask(const Check& check, const std::string& container, engine::Engine& engine, Milliseconds most,
           std::stop_token stop);

// The same for a port of a host that this process reaches by itself.
Answer ask_address(const Check& check, const std::string& host, Milliseconds most, std::stop_token stop);

}  // namespace belay::exec
