#pragma once
// The logs of several containers as one, by time. Private to host.

#include <string>
#include <vector>

#include "engine/engine.h"
#include "look/inside.h"
#include "look/look.h"

namespace belay::look {

// Hands on line by line. What is there already comes in the order of its times; what is written meanwhile as it comes.
// Ends with the last of the logs, throws what the first that fails throws, and Cancelled on stop.
void merged_logs(engine::Engine& engine, const std::vector<NamedContainer>& containers, const LogRequest& request,
                 const LogSink& sink, const std::stop_token& stop);

}  // namespace belay::look
