#pragma once
// The options that plan and apply share.

#include "cli/declared_run.h"

namespace belay::cli {

// What the command line asks for. `folder` and `settings_file` are empty where it names none; the settings' folder is
// then meant.
DeclaredPass declared_pass(const Invocation& in, const fs::path& folder, const fs::path& settings_file);

// The same for one Compose project; `place` as in compose_request.
// Whether a command that names neither a project nor a folder is about the Compose project here: its options say so, or
// the current folder or one above it has a Compose file and this host has no definitions.
bool is_about_project_here(const Invocation& in);
DeclaredPass project_pass(const Invocation& in, const std::optional<std::string>& place);

// Who begins is told how: NotFound where the folder of the settings is not there.
void refuse_missing_folder(const DeclaredPass& pass);
// Throws NotFound where a file of this folder defines the app of that name, and nothing was made of it yet.
void refuse_name_of_definition(const std::string& word);

// Makes it so, and tells of it on standard output; the exit code is 0, 1 or 3.
int apply_and_tell(Invocation& in, const DeclaredPass& pass);

// The outcome of a dry run, as text: a line an app, or with all steps.
void print_declared_text(Console& console, const DeclaredOutcome& outcome, bool with_steps);
// The outcome of a dry run, as text or JSON; 0, 1, or 2 where --detailed-exitcode asks whether there is something to
// do.
int print_declared_plan(Invocation& in, const DeclaredOutcome& outcome, const formats::Settings& settings);

}  // namespace belay::cli
