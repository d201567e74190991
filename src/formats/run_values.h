#pragma once
// The smaller values of `docker run`: each parser throws Error without a place; its callers add it.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.h"
#include "model/spec.h"

namespace belay::formats {

// A whole number within limits; `text` may begin with '-'.
std::int64_t whole_number(std::string_view text, std::int64_t lowest, std::int64_t highest);
// "64m", "1g".
ByteCount size_in_bytes(std::string_view text);
// "30s", "1m30s", "500ms".
Milliseconds duration(std::string_view text);
// "1.5" → 1500000000.
std::int64_t nano_cpus(std::string_view text);
// "0-3", "0,1".
std::string cpu_set(std::string_view text);
// "nofile=1024:2048"; -1 is unlimited.
Ulimit parse_ulimit(std::string_view text);
// "/dev/fuse", "/dev/a:/dev/b:rw".
Device parse_device(std::string_view text);
// "c 1:3 mr".
std::string device_rule(std::string_view text);
// "no", "always", "unless-stopped", "on-failure:5".
RestartPolicy parse_restart(std::string_view text);
// "name:ip" and "name=ip" → "name:ip".
std::string extra_host(std::string_view text);
// "db" and "db:alias" → "db:alias".
std::string container_link(std::string_view text);
// "data", "data:ro".
std::string volumes_from(std::string_view text);
std::string mac_address(std::string_view text);
// The security option as the engine takes it; a seccomp profile is read from its file.
std::string security_option(std::string_view text, const fs::path& base_folder);
// The file of the host that the option is read from; nullopt: from none.
std::optional<fs::path> seccomp_profile(std::string_view text, const fs::path& base_folder);
// "key=value", with a key.
std::pair<std::string, std::string> key_and_value(std::string_view text);

}  // namespace belay::formats
