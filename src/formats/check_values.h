#pragma once
// The key "check" of the files: one check or a list of them, each a line as `--check` takes it, or a map:
//
//   {"GET": ":8080/health", "status": [200, 204], "match": "ok", "headers": {"Accept": "text/plain"},
//    "cert": "own-ca.pem", "timeout": 3, "interval": 1, "retries": 5}
//   {"TCP": 5432}      {"exec": ["pg_isready"], "exit": 0, "match": "accepting"}

#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "model/checks.h"

namespace belay::formats {

// `folder`: where relative paths of certificates begin. Throws ConfigError at the mistake.
std::vector<Check> check_values(const document::Node& node, const fs::path& folder);
// A line of the command line. Throws Error.
Check check_line(const std::string& line, const fs::path& folder);
// Whether the text of a parameter file (jockler-NAME, dcv-NAME), which was read before, has the key "check".
bool speaks_of_checks(const std::string& text);
// As check_values reads it.
document::Node check_node(const Check& check);

}  // namespace belay::formats
