#pragma once
// How the command line names a Compose project.

#include <optional>
#include <string>
#include <string_view>

#include "cli/invocation.h"
#include "formats/compose/project.h"
#include "model/names.h"
#include "model/spec.h"

namespace belay::cli {

// The machine, with the environment of this process.
formats::compose::Outside compose_outside();

// What --file, --project-name, --profile, --env-file and --project-directory say; `place`: a folder or a Compose file;
// nullopt: the current folder, or the first one above it that has a Compose file.
formats::compose::Request compose_request(const Invocation& in, const std::optional<std::string>& place);

// The files of the project that an app was made from, as they are now.
formats::compose::Request request_for_app(const Invocation& in, const AppName& app, const Project& made_from);

// Whether there is a project without a place being named: by --file or COMPOSE_FILE, in the current folder or above it.
bool names_project(const Invocation& in);

// Throws NotFound with `instead` as the way on where the line names no project and there is none here; the face
// docker-compose has its own words.
void lead_on_without_project(const Invocation& in, std::string_view instead);

// Whether the word of a command line is a Compose file, or a folder that has one.
bool is_compose_project(const std::string& word);

}  // namespace belay::cli
