#pragma once
// Apps that begin with what is there already: containers of others, a docker run line, labels after a lost state.

#include "change/context.h"

namespace belay::family {

// The folders in which jockler and dockervisor keep their marks and settings; an empty one is not read.
struct StoreFolders {
  fs::path jockler, dockervisor;
};

// Settings of a container that a release has no place for are a Conflict that names them all, unless they are to be
// lost.
struct TakeOver {
  bool dry_run = false;
  bool lossy = false;
  // Of an app without releases: how its next containers are called, and which of the tools' are looked for. nullopt: as
  // the containers' names say.
  std::optional<NamingScheme> scheme{};
  StoreFolders stores{};  // whose marks are taken over
};

struct Adopted {
  std::string app;
  std::vector<std::string> containers;  // in the order of their releases
  plan::Plan plan;                      // what keeps their images; empty: they were adopted before, and are kept
  std::vector<std::string> lost;        // "plex: DeviceRequests (--gpus)"
  bool dry_run = false;
  bool was_there = false;                     // the app has just these containers already
  std::optional<ReleaseNumber> last, stable;  // of the app, as it is then
  Autostart autostart = Autostart::none;
  std::vector<std::string> warnings;
};
// Makes releases of existing containers, oldest first, without touching them: of a new app, or of one that is there. No
// containers named: those that jockler or dockervisor made for this name, else the one that bears it. Given again after
// a success it changes nothing.
Adopted adopt(change::Context& context, const AppName& name, std::vector<std::string> containers, const TakeOver& how,
              std::stop_token stop);

struct Imported {
  std::string app, image;
  std::vector<std::string> warnings;
  std::string spec;     // as JSON, without secrets
  plan::Plan plan;      // what brings its image; empty: it is here
  bool changed = true;  // false: the newest build of the app is of this line and this image
};
// Makes an app from a `docker run` line; the image is pulled where it is missing. Started with `belay start NAME new`.
// An empty name: the line's --name.
Imported import_run(change::Context& context, const std::string& name, const std::vector<std::string>& line,
                    bool dry_run, std::stop_token stop);

struct Recovered {
  std::string app;
  std::vector<std::string> releases;
  std::optional<ReleaseNumber> last, stable;
  bool is_new = false;  // the state did not know it
  // Settings that no release has a place for, as in Adopted. Without TakeOver::lossy the app was left as it is.
  std::vector<std::string> lost;
  bool refused = false;
};
// The app as its containers show it, where it is forgotten: the state does not know it, and all containers with its
// labels are this state's. nullopt: it is not, or a release has no place for some of their settings. Writes nothing.
std::optional<App> forgotten(change::Context& context, const AppName& name, std::stop_token stop);
// Rebuilds apps, releases and `last` from the engine's labels. What the state knows stays.
std::vector<Recovered> recover(change::Context& context, const TakeOver& how, std::stop_token stop);

}  // namespace belay::family
