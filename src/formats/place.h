#pragma once
// Gives the errors of value parsers, which know only the text, the place in the file where the text stood.

#include <utility>

#include "base/errors.h"

namespace belay::formats {

// Runs `work`; an Error that leaves it becomes a ConfigError at `where`, unless it has a place already.
template <class Work>
decltype(auto) at(const SourcePosition& where, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError(where, error.what(), error.hint());
  }
}

}  // namespace belay::formats
