#pragma once
// Mounts as people write them. The parsers throw Error without a place; their callers add it. `base_folder` is what
// relative host paths (./x, ../x) are relative to; empty means the current folder.

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/files.h"
#include "model/spec.h"

namespace belay::formats {

// What `docker run -v` takes: "/data", "name:/data", "/host:/data:ro,z", "./host:/data".
Mount parse_volume(std::string_view text, const fs::path& base_folder);
// The same in two parts, for files that map sources to mount points; `target` may end in ":ro" or another mode.
Mount parse_volume(std::string_view source, std::string_view target, const fs::path& base_folder);
// What `docker run --mount` takes: "type=bind,source=/host,target=/data,readonly".
Mount parse_mount(std::string_view text, const fs::path& base_folder);
// What `docker run --tmpfs` takes: "/run", "/run:size=64m,mode=1777".
Mount parse_tmpfs(std::string_view text);

// A mount point in its one form: absolute, without "//", "." or a slash at its end.
std::string mount_point(std::string_view text);
bool is_volume_name(std::string_view text);
// Files that change for reasons of the system (packages, DNS, logs): a new one is no reason for a new container.
bool belongs_to_the_system(const std::string& path);
// What is made in /tmp and /var/tmp again and again.
bool is_temporary(const std::string& path);
// The host's files and folders that services are bound to for writing.
std::set<fs::path> written_paths(const Spec& spec);
// Whether one of `written` is the path, is in it or has it in it.
bool is_written(const std::set<fs::path>& written, const fs::path& path);
// The host's files and folders that services are bound to read-only, as far as they are settings: what belongs to the
// system is not, nor what another service of the spec may write.
std::set<fs::path> bound_settings(const Spec& spec);
// The same for a project in this folder: what is in the folder counts wherever that is, and elsewhere nothing counts
// that is temporary.
std::set<fs::path> bound_settings(const Spec& spec, const fs::path& project);
// A host path made absolute and clean; nullopt where the text is neither absolute nor begins with ./ or ../.
std::optional<std::string> host_path(std::string_view text, const fs::path& base_folder);

}  // namespace belay::formats
