#pragma once
// How people name a backup: by its file, by its id in the list (b7), as the latest one, or by the folder it is in.

#include <optional>
#include <string>

#include "cli/data_options.h"
#include "cli/host_run.h"
#include "model/backup_record.h"

namespace belay::cli {

// Whether the word has the form of safekeeping::backup_id.
bool is_backup_id(const std::string& word);

// Throws NotFound.
BackupRecord backup_of_id(change::Context& context, const std::string& id);

// The word, or where it is a folder the newest backup of that name in it. Throws NotFound where it has none.
std::string newest_where_folder(const Invocation& in, const AppName& name, const std::string& word);

// backup_file where the command writes one FILE: a local name that is no folder and does not end in '/' is a file,
// whatever it ends in.
BackupFile backup_file_to_write(const std::string& text);

// The place of the backup that the word names, in full; what names none of the index is returned as it is. `name`: the
// app, where the line has it: "latest" and a folder mean its newest one. Throws NotFound.
std::string backup_named(const Invocation& in, change::Context& context, const std::optional<AppName>& name,
                         const std::string& word);

}  // namespace belay::cli
