#pragma once
// One action, done: the only place that turns a step into an engine call.

#include <string>

#include "base/clock.h"
#include "engine/engine.h"
#include "exec/data.h"
#include "exec/host_work.h"
#include "exec/verdict.h"
#include "plan/action.h"

namespace belay::exec {

struct Attempt {
  std::optional<Unproved> failed_verdict{};  // AwaitVerdict, or a hook: why not
  std::string built{};                       // BuildImage: the image's id
};

Attempt attempt(const plan::Step& step, engine::Engine& engine, Data& data, HostWork& host, Clock& clock,
                const engine::ProgressSink& progress, std::stop_token stop, EarlierHealth earlier);

// The id of the image that was built.
std::string build_image(const plan::BuildImage& step, engine::Engine& engine, const engine::ProgressSink& progress,
                        std::stop_token stop);

}  // namespace belay::exec
