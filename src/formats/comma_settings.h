#pragma once
// "type=bind,source=/data,readonly": the comma lists of --mount, --network and --publish.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay::formats {

struct CommaSetting {
  std::string key;                   // lower case, trimmed
  std::optional<std::string> value;  // nullopt: there was no '='
};

// Fields may stand in double quotes, as in CSV, so that a value can hold a comma. Throws Error.
std::vector<CommaSetting> comma_settings(std::string_view text);

}  // namespace belay::formats
