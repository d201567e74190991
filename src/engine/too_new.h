#pragma once
// What an engine of some age does not know yet, and would refuse or pass over without a word.

#include "engine/engine.h"

namespace belay::engine {

// Throws Error (unsupported) for the first that needs a newer engine than one with this version of the API: `minor` of
// "1.41" is 41.
void refuse_what_is_too_new(const Service& service, int minor);
void refuse_what_is_too_new(const std::string& network, const NetworkDefinition& definition, int minor);

// Older engines are not told a health check's start_interval (Docker 25.0): they go by its interval from the first
// moment on.
inline constexpr int first_with_start_interval = 44;

// The second number of EngineInfo::api_version.
int minor_of(const EngineInfo& info);

}  // namespace belay::engine
