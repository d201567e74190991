#pragma once
// The files of a project laid over each other, with what they include and extend.

#include <string>
#include <vector>

#include "formats/compose/variables.h"

namespace belay::formats::compose {

// A file as it was read.
struct SourceFile {
  std::string path;                       // absolute, or "-"
  std::vector<document::Node> documents;  // maps
};

// Reads a Compose file; `named_at` is where another file names it (its file is empty for the command line's).
SourceFile read_source(const std::string& path, const SourcePosition& named_at, Loading& loading);

// All of `files` in one tree of long forms, !reset and !override done, no include, no extends. Relative paths are as
// written, but those of other folders' files are absolute. `chain`: the files that led here by include.
document::Node laid_over(std::vector<SourceFile> files, const fs::path& folder, const Variables& variables,
                         Loading& loading, std::vector<std::string> chain = {});

// Takes what each service extends into it. `services` stand in `file`, whose paths count from `folder`.
void extend_services(document::Node& services, const std::string& file, const fs::path& folder,
                     const Variables& variables, Loading& loading);

// The `include` of a document: everything that it names is laid below the document.
void include_files(document::Node& document, const fs::path& folder, const Variables& variables, Loading& loading,
                   const std::vector<std::string>& chain);

// True for git addresses, oci:// and http(s)://.
bool is_remote(std::string_view path);

}  // namespace belay::formats::compose
