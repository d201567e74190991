#pragma once
// The content of the files that apps are bound to.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "model/release.h"

namespace belay::change {

using Warn = std::function<void(const std::string& text)>;

// What each of the files holds now, and each file in each of the folders; by absolute path. What is missing or is no
// file (a socket, a device) has no mark. Links in a folder are followed where they stay in it; others count as what
// they say. Of a folder, the first 256 files count, in the order of their paths: `warn` is told of more. Throws Error
// at what is there but cannot be read.
std::map<std::string, FileMark> file_marks(const std::vector<fs::path>& paths, const Warn& warn = {});

// "file app.conf: 3 lines", "file app.conf: + (new)", "file app.conf: - (gone)", in the order of their paths; empty
// where nothing differs.
std::vector<std::string> file_differences(const std::map<std::string, FileMark>& before,
                                          const std::map<std::string, FileMark>& after);

}  // namespace belay::change
