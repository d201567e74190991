#pragma once
// What every use case stands on. Built in one place by whoever runs them: the command line, later the daemon, or a
// test.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "engine/engine.h"
#include "exec/run.h"
#include "plan/planner.h"

namespace belay::state {
class Store;
}

namespace belay::change {

using plan::Report;

// What was agreed to before a change, maybe long before: it is this that is carried out, or nothing.
struct Agreed {
  std::string identity;  // of the release that it makes
  // nullopt: it is being planned now.
  std::optional<plan::Plan> plan{};
  plan::Plan clear_up{};  // what follows the plan
  // Its images were not here when it was made, so nobody knew how they prove themselves.
  bool has_new_images = false;
};

// References to things that outlive every use case. One thread at a time.
struct Context {
  engine::Engine& engine;
  state::Store& store;
  Clock& clock;
  Report& report;
  std::string who;      // the user's name
  std::string command;  // as it was typed, without secrets: for releases, the journal and the lock
  bool wait_for_lock = true;
  plan::Defaults defaults{};
  exec::RunOptions run{};
  const Agreed* agreed = nullptr;  // nullptr: whatever is found to be right is done
  // The time of the wish that the change was decided for: under the app's lock it must still be that wish, else the use
  // case throws Overtaken. nullopt: whatever the wish is. For use cases of one app.
  std::optional<Time> for_wish_since{};
  // What makes room for a change, as part of its plan (plan::with_room); for the preview of a removal what is done by
  // then. nullptr: nothing.
  const plan::Plan* room = nullptr;
};

// A login at a registry that goes before those of the user's config.json.
struct RegistryLogin {
  std::string registry, user, password;
};

// Which engine, and where the state is.
struct InstallationOptions {
  std::string host;  // empty: as docker itself chooses
  std::optional<RegistryLogin> login;
  // Told what is odd about the user's configuration; may be empty.
  std::function<void(const std::string& trouble)> warn;
  fs::path state;  // empty: the usual place
};

// Throws Error where the configuration names no engine that can be asked. Connects at the first request.
std::unique_ptr<engine::Engine> connect(const InstallationOptions& options);
// Where the state is when nobody says: see state::state_folder.
fs::path usual_state_folder();

// Owns the real engine and the real state for one run of the program.
class Installation {
 public:
  explicit Installation(const InstallationOptions& options);
  // With another engine than a real one.
  Installation(std::unique_ptr<engine::Engine> engine, fs::path state);
  ~Installation();
  engine::Engine& engine() { return *engine_; }
  // Opened at the first call.
  state::Store& store();
  const fs::path& state_folder() const { return state_folder_; }

 private:
  fs::path state_folder_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<state::Store> store_;
};

}  // namespace belay::change
