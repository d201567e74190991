#pragma once
// A definition for what an app is, in the form that parse_dockerup reads.

#include <string>
#include <vector>

#include "model/names.h"
#include "model/spec.h"

namespace belay::formats {

struct WrittenDefinition {
  std::string text;  // JSON with a line end
  // What the app has and a definition cannot say: "hostname: shop → " for each; what is read back differs in that.
  std::vector<std::string> left_out;
};

// The image is not asked the registry for: what is here counts. Services beyond the first are replicas of it, or are
// left out. `schedule`: of what the clock starts.
WrittenDefinition write_dockerup(const AppName& app, const Spec& spec, const std::string& schedule = {});

}  // namespace belay::formats
