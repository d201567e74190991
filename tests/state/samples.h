#pragma once
// Apps for the tests, and a way to compare them that says where they differ.

#include <string>

#include "model/release.h"

namespace belay::state {

// No field has its default value.
App full_app(const std::string& name);
// A family with this many releases and builds of the same spec, as it looks after years.
App long_lived_app(const std::string& name, int releases);
// Every field as text.
std::string text_of(const App& app);

// Runs SQL on the state's file, behind Belay's back; the first column of the first row, or "".
std::string sql(const std::string& folder, const std::string& statement);

}  // namespace belay::state
