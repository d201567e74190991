#pragma once
// Options that the commands for data share: where a backup is, who can open it.

#include <memory>

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "cli/invocation.h"
#include "formats/dockerup_settings.h"

namespace belay::cli {

// Where backups go when nobody says: $BELAY_BACKUPS, else what the settings say, else /var/backups/belay for root, else
// beside the user's state.
std::string usual_place();
std::string usual_place(const formats::Settings& settings);
// Whom the settings name.
void add_recipients_of(const formats::Settings& settings, backup::Sealing& sealing);

// --gzip, --level, --recipient, --recipients-file, --passphrase, --passphrase-file. The passphrase itself comes from
// the variable PASS, from a file or from the user at a terminal, never from the command line.
backup::Sealing sealing_options(const Invocation& in);
// --identity, --passphrase-file; the variable PASS or the user for a file that needs a passphrase. Not to outlive `in`.
crypto::AgeKeys key_options(const Invocation& in);

struct BackupFile {
  std::unique_ptr<backup::Destination> destination;
  std::string name;  // empty: the place is a folder
};
// `text` as parse_place reads it. Throws UsageError.
BackupFile backup_file(const std::string& text);
// The same for the usual place. Makes the folder above it where nobody chose that place: it is nobody's disk that may
// not be mounted.
BackupFile usual_backup_file(const formats::Settings& settings);

// The same for a backup that should be there: UsageError for a folder and for what can be none.
BackupFile existing_backup(const Invocation& in, const std::string& text);

// "r7 of web, taken 2026-01-31 10:05: 12 files, 3.4 MiB"
std::string text_of(const backup::Manifest& manifest, const backup::End& end);

}  // namespace belay::cli
