#pragma once
// A file that follows from what runs, such as the configuration of a proxy, and the proxy that is told of it.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "change/context.h"
#include "document/node.h"
#include "model/names.h"

namespace belay::rendering {

struct FileRequest {
  fs::path source;                                // the template
  fs::path file;                                  // absolute
  document::Node values = document::Node::map();  // beside those of running_apps, which go before them
  // Whose containers are told where the file has changed; nullopt: nobody's.
  std::optional<Target> reader{};
  bool may_be_missing = false;       // its app may be made later
  std::vector<std::string> check{};  // a command in each of them, that must end with 0 before they are told
  std::string signal{};              // empty: none
  bool restart = false;
  bool dry_run = false;
};

struct FileResult {
  bool has_changed = false;       // dry run: would change
  std::string text;               // what the file holds now
  std::vector<std::string> told;  // containers
};

// Fills in the template and replaces the file where it holds something else; it stays its owner's. Throws UsageError
// where the file is a link, ConfigError at a mistake of the template, and Error where the check fails (program_failed)
// or a container cannot be told: then the file is as it was before, so that the next call tells it.
FileResult render_file(change::Context& context, const FileRequest& request, std::stop_token stop);

// The same again whenever a container starts, ends or changes its health, until `stop`. `on_result` hears of each,
// `on_error` of what fails: the next change tries again.
void keep_rendered(change::Context& context, const FileRequest& request,
                   const std::function<void(const FileResult&)>& on_result,
                   const std::function<void(const Error&)>& on_error, std::stop_token stop);

}  // namespace belay::rendering
