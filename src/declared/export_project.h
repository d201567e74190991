#pragma once
// `belay export --compose`: a Compose file that would make apps what they are.

#include "change/context.h"
#include "declared/definitions.h"
#include "formats/compose/write.h"

namespace belay::declared {

struct ExportOptions {
  std::optional<ReleaseNumber> release{};  // of a single app; nullopt: what runs, or ran last
  std::string project{};                   // empty: the app's name, the folder's
  bool pin = false;                        // images with the digests that the release ran
  bool variables_apart = false;
};

struct ExportedProject {
  formats::compose::WrittenProject written;
  std::vector<std::string> warnings;
};

// Throws NotFound where the app has never run.
ExportedProject export_app(change::Context& context, const AppName& name, const ExportOptions& options,
                           std::stop_token stop);
// All definitions of a folder in one project: what runs of each, and what a definition says where nothing ran yet.
// Compose projects in sub-folders have their files already. Throws ConfigError where a definition is broken.
ExportedProject export_folder(change::Context& context, const fs::path& folder, const ExportOptions& options,
                              std::stop_token stop);

}  // namespace belay::declared
