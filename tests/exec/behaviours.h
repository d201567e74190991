#pragma once
// How containers behave in these tests.

#include "engine_memory/memory.h"

namespace belay::exec {

inline engine::Behaviour exits(Milliseconds after, int exit_code, const std::string& output = {}) {
  engine::Behaviour behaviour;
  behaviour.exits_after = after;
  behaviour.exit_code = exit_code;
  behaviour.output = output;
  return behaviour;
}
inline engine::Behaviour turns_healthy(Milliseconds after) {
  engine::Behaviour behaviour;
  behaviour.healthy_after = after;
  return behaviour;
}
inline engine::Behaviour turns_unhealthy(Milliseconds after) {
  engine::Behaviour behaviour;
  behaviour.unhealthy_after = after;
  return behaviour;
}
inline engine::Behaviour refuses_to_start(const std::string& words) {
  engine::Behaviour behaviour;
  behaviour.start_error = words;
  return behaviour;
}
inline engine::Behaviour prints(const std::string& output) {
  engine::Behaviour behaviour;
  behaviour.output = output;
  return behaviour;
}

}  // namespace belay::exec
