#pragma once
// Which files make a project: discovery, variables, name.

#include <string>
#include <vector>

#include "formats/compose/layers.h"

namespace belay::formats::compose {

struct Found {
  std::vector<std::string> files;  // absolute, or "-"
  fs::path folder;
  Variables variables;  // without the project's name
};

// Works out folder, files and env_files of the request, and reads the files of variables. Throws NotFound, UsageError.
Found find_project(const Request& request, const Outside& outside, Loading& loading);

// -p, COMPOSE_PROJECT_NAME, `name:` of the last document that has one, the folder's name.
std::string name_of(const Request& request, const Found& found, const std::vector<SourceFile>& files, Loading& loading);

// --profile, else COMPOSE_PROFILES.
std::vector<std::string> profiles_of(const Request& request, const Variables& variables);

}  // namespace belay::formats::compose
