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
    ConfigError with_place(where, error.what(), error.hint());
    // A value that is wrong makes the definition wrong; what says more stays.
    if (error.code() != ErrorCode::bad_value && error.code() != ErrorCode::usage) with_place.set_code(error.code());
    throw with_place;
  }
}

}  // namespace belay::formats
