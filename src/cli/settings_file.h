#pragma once
// The file of settings that commands read where no option names another.

#include <optional>

#include "base/files.h"
#include "formats/dockerup_settings.h"

namespace belay::cli {

// Those of dockerup, which the face reads.
inline constexpr const char* settings_file_of_dockerup = "/etc/dockerup/dockerup.conf";

// $BELAY_CONFIG; else /etc/belay/belay.conf; where that is not there, dockerup's. Empty: there is none.
fs::path usual_settings_file();

// The settings of `file`, or of the usual one; without any, what settings are without a file. Throws Error where a
// named file is missing, ConfigError where one is wrong.
formats::Settings read_settings(const std::optional<fs::path>& file);

}  // namespace belay::cli
