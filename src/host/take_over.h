#pragma once
// Apps that begin with what is there already: containers of others, a docker run line, labels after a lost state.

#include "host/context.h"

namespace belay::host {

struct Adopted {
  std::string app;
  std::vector<std::string> containers;  // in the order of their releases
  bool dry_run = false;
};
// Makes releases of existing containers, oldest first, without touching them. No containers named: those that the real
// jockler or dockervisor made for this name.
Adopted adopt(Context& context, const AppName& name, std::vector<std::string> containers, bool dry_run,
              std::stop_token stop);

struct Imported {
  std::string app, image;
  std::vector<std::string> warnings;
  std::string spec;  // as JSON, without secrets
};
// Makes an app from a `docker run` line; the image is pulled where it is missing. Started with `belay start NAME new`.
// An empty name: the line's --name.
Imported import_run(Context& context, const std::string& name, const std::vector<std::string>& line, bool dry_run,
                    std::stop_token stop);

struct Recovered {
  std::string app;
  std::vector<std::string> releases;
  std::optional<ReleaseNumber> last, stable;
  bool is_new = false;  // the state did not know it
};
// Rebuilds apps, releases and `last` from the engine's labels (design §4). What the state knows stays.
std::vector<Recovered> recover(Context& context, bool dry_run, std::stop_token stop);

}  // namespace belay::host
