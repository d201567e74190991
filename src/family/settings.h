#pragma once
// `belay set`, `unset`, `config --edit`: the settings of an app, changed without a build.

#include "family/start_new.h"

namespace belay::family {

struct SettingsChange {
  std::optional<Configuration> set;    // laid over what there is
  std::vector<std::string> unset;      // keys, as formats::unset_setting takes them; an error where they are not set
  std::vector<std::string> cleared{};  // the same, and no error
  // Instead of both: all settings, as they should be.
  std::optional<Configuration> whole{};
  // Instead: this is what the parameter file of the app says.
  std::optional<std::string> file_text{};
};

struct SettingsChanged {
  // nullopt: nothing of the app runs, so they are kept for its next release; or what runs has them.
  std::optional<change::Change> change;
  bool dry_run = false;
  // What differs from what runs, or from the settings before where nothing runs: "env.LOG: info → debug". Empty:
  // nothing does.
  std::vector<std::string> lines;
};

// The new settings as a release of what runs: it proves itself, or the one before runs again. Throws Conflict for an
// app whose settings stand in a definition or a Compose file, NotFound for one that was never built.
SettingsChanged change_settings(change::Context& context, const AppName& name, const SettingsChange& wanted,
                                const StartOptions& options, std::stop_token stop);

// Where the settings of an app stand, for somebody who wants to edit them. Throws NotFound where there are none.
struct SettingsHome {
  enum class Kind {
    state,       // only here, made by command lines
    file,        // in a parameter file, which is there
    definition,  // in a definition, or in one of several of its file
    project,     // in Compose files
    elsewhere,   // not in a file of this host
  };
  Kind kind = Kind::state;
  fs::path file{};
  Configuration configuration{};  // of the state: without what the image adds
  std::string image{};            // of the state: as the user wrote it
};
SettingsHome settings_home(change::Context& context, const AppName& name, std::stop_token stop);

}  // namespace belay::family
