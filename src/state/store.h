#pragma once
// The home of what is wanted and what was: apps with their wishes, releases, marks, builds and quarantine, and the
// journal, in one SQLite file (WAL; a save is durable when it returns).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/lock.h"
#include "model/journal.h"
#include "model/release.h"

namespace belay::state {

class Store {
 public:
  // Opens the state in this folder, making folder (0770) and file where they are missing and migrating an older file.
  // Throws Error for a file that a newer Belay wrote, that is damaged, or that cannot be written.
  static std::unique_ptr<Store> open(const fs::path& folder);
  // For looking: nullptr when there is no state yet; makes nothing.
  static std::unique_ptr<Store> open_existing(const fs::path& folder);
  ~Store();

  std::vector<std::string> app_names() const;
  std::optional<App> app(const AppName& name) const;
  // All apps without specs and builds in full where `brief`; ordered by name.
  std::vector<App> apps() const;
  // Writes the whole app in one durable transaction.
  void save(const App& app);
  // Forgets the app; its journal stays.
  void forget(const AppName& name);

  void append(const JournalEntry& entry);
  // Newest first; empty app: all.
  std::vector<JournalEntry> journal(const std::string& app, int limit) const;

  const fs::path& folder() const;

 private:
  struct Database;
  explicit Store(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

// $BELAY_STATE_DIR, else /var/lib/belay for root, else $XDG_STATE_HOME/belay, else ~/.local/state/belay.
fs::path state_folder();

// The app's lock file in the state folder ("locks/web"); the folder is made where it is missing.
fs::path lock_file(const fs::path& state_folder, const AppName& app);

inline constexpr int schema_version = 1;

}  // namespace belay::state
