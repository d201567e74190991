#pragma once
// The build context: the files a build may use, sent to the engine as a tar stream.

#include <optional>
#include <stop_token>
#include <string>

#include "archive/ignore.h"
#include "archive/tar_writer.h"
#include "base/files.h"

namespace belay::archive {

struct ContextRequest {
  fs::path folder;
  fs::path dockerfile;  // may lie outside of the folder
  // BuildKit looks for DOCKERFILE.dockerignore beside the Dockerfile first; the classic builder does not.
  bool buildkit = true;
  std::optional<std::string> dockerfile_text{};  // in place of that file
};

// What is to be sent; constant once made. The files are read only when they are sent.
struct ContextPlan {
  fs::path folder;
  // How the engine finds the Dockerfile in the stream. A Dockerfile from outside of the folder, or behind a link, is
  // sent as an extra file ".dockerfile.…". The classic builder keeps that out of the image; BuildKit has no way to be
  // told so for a context that comes as a stream: there `COPY . .` takes it along.
  std::string dockerfile_name;
  IgnoreRules rules;
  std::string ignore_file;  // the one that was read, for messages; empty: none
  // Files that are sent beside (or instead of) those in the folder: name and content.
  std::vector<std::pair<std::string, std::string>> extra_files;
};

// Reads the Dockerfile's place and the ignore file. Throws NotFound when the folder or the Dockerfile is missing, Error
// where they are of the wrong kind or unreadable, ConfigError for a bad line of the ignore file.
ContextPlan prepare_context(const ContextRequest& request);

// Sends the context in one pass, with memory that does not grow with the files. The order is that of the names, so the
// same tree gives the same bytes. As the docker command line does: links are sent as links, owners become 0:0, times
// are cut to the second; sockets and fifos are left out. Throws Error naming the file that cannot be read or that
// changed while it was sent, Cancelled on stop, and whatever the sink throws; the stream is then visibly cut off.
void write_context(const ContextPlan& plan, const Sink& sink, std::stop_token stop);

}  // namespace belay::archive
