#pragma once
// The home of what is wanted and what was: apps with their wishes, releases, marks, builds and quarantine, and the
// journal, in one SQLite file (WAL; a save is durable when it returns).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/errors.h"
#include "base/files.h"
#include "model/backup_record.h"
#include "model/errand.h"
#include "model/installed_service.h"
#include "model/journal.h"
#include "model/release.h"
#include "model/repair.h"
#include "model/wait.h"

namespace belay::state {

// The state cannot be written: its disk is full or read-only, or the user may not. What it holds can still be read.
class Unwritable : public ErrorOf<ErrorCode::state_unwritable> {
  using ErrorOf::ErrorOf;
};

// A release as a table shows it.
struct ReleaseOutline {
  ReleaseNumber number;
  Time created{};
  Verdict verdict = Verdict::pending;
  std::string reason;
  std::string identity;                                   // as in Release
  std::string first_service;                              // by the order of the settings; its image speaks for all
  std::string reference;                                  // that image as the settings name it
  std::map<std::string, std::string> images, containers;  // by service, as in Release
  std::map<std::string, Body> bodies;
  std::set<std::string> jobs;  // services that run to their end
};

// An app as a table shows it: no specs, logs or builds are read for it. A type of its own, so that nobody saves it and
// loses what it left out.
struct Outline : AppHead {
  using AppHead::AppHead;

  int release_count = 0;
  struct Built {
    std::string reference, image;
  } built;                               // by the last build
  std::vector<ReleaseOutline> releases;  // ascending; those that wish, last and stable name

  const ReleaseOutline* find(ReleaseNumber number) const;
};

// A digest that a registry showed under a reference.
struct Sighting {
  std::string digest;
  Time first_seen{};
};

// The last try to back an app up to a place failed.
struct BackupFailure {
  std::string app, place;
  Time failed{};
  std::string reason;
  bool told = false;  // the daemon has sent a notice of it
};

// What a notice has told of an app, until another one says that it is over.
struct Told {
  std::string app, topic, text;
  auto operator<=>(const Told&) const = default;
};

// The state of one host. One Store belongs to one thread; several, in threads or processes, may be open on the same
// folder at once. What two of them write at the same moment happens one after the other (up to 10 s are waited); each
// reading call sees one moment. That an app has one writer is the app's lock's business (lock_file).
//
// Every call throws Error where the file is damaged, full or not writable; what was saved before stays as it was.
class Store {
 public:
  // Opens the state in this folder, making folder and file where they are missing (see make_private_folder for whom:
  // specs hold the values of environment variables) and migrating an older file. Throws Error for a file that a newer
  // Belay wrote, that is damaged, or that somebody else can change. One that is there and cannot be written is opened
  // for looking, from a copy of what it holds now: then every call that would write throws Unwritable.
  static std::unique_ptr<Store> open(const fs::path& folder);
  // For looking: nullptr when there is no state yet; makes nothing.
  static std::unique_ptr<Store> open_existing(const fs::path& folder);
  ~Store();

  std::vector<std::string> app_names() const;
  std::optional<App> app(const AppName& name) const;
  // All apps in full, ordered by name.
  std::vector<App> apps() const;
  // All apps in brief, ordered by name; reads a few rows an app, however many releases it has.
  std::vector<Outline> outlines() const;
  // Makes the state's app equal to this one, in one durable transaction. Only what differs is written, so a change of
  // one mark in a family of 500 releases costs what a small family's does.
  void save(const App& app);
  // The same, where `agree` does not throw: it gets all apps as they are at this very moment, and nobody saves between.
  void save(const App& app, const std::function<void(const std::vector<App>& apps)>& agree);
  // Forgets the app; its journal stays.
  void forget(const AppName& name);

  // Also removes the oldest entries: of more than journal_limit, and those older than journal_age, but never one of the
  // newest journal_least.
  void append(const JournalEntry& entry);
  // Removes all but the newest `keep` entries, of one app or (empty) of the whole journal; how many went.
  int trim_journal(const std::string& app, int keep);
  // Newest first; empty app: all.
  std::vector<JournalEntry> journal(const std::string& app, int limit) const;

  // When this host first saw the digest under the reference ("web:1"); `now`, durably, when it never did.
  Time first_seen(const std::string& reference, const std::string& digest, Time now);
  // The digests seen under the reference, oldest first.
  std::vector<Sighting> sightings(const std::string& reference) const;
  // Forgets all but the newest `keep` of the reference.
  void forget_sightings(const std::string& reference, int keep);
  // When the registry was last asked for the reference, or it was pulled; durably.
  void note_asked(const std::string& reference, Time at);
  std::optional<Time> last_asked(const std::string& reference) const;

  // Oldest first; empty app: all.
  std::vector<BackupRecord> backups(const std::string& app) const;
  // Replaces a record of the same place and name. Returns its id.
  std::int64_t save(const BackupRecord& record);
  void forget_backup(std::int64_t id);
  // By app and place; empty app: all. One is kept for each app and place, the newest.
  std::vector<BackupFailure> backup_failures(const std::string& app) const;
  void save(const BackupFailure& failure);
  void forget_backup_failure(const std::string& app, const std::string& place);
  // What each app waits for, by its name and by topic; apps that wait for nothing are left out.
  std::map<std::string, std::vector<Wait>> waits() const;
  // Durably; nullopt: no longer for that. Nothing where the state has no such app.
  void set_wait(const AppName& app, Wait::Topic topic, const std::optional<Wait>& wait);
  // Durably; forgets what is older than repair_age before it. Nothing where the state has no such app.
  void append(const AppName& app, const Repair& repair);
  // Newest first.
  std::vector<Repair> repairs(const AppName& app) const;

  // Ordered by app; empty: of all apps.
  std::vector<Errand> errands(const std::string& app) const;
  // Durably: writes what `change` makes of the errand of this app, kind and service; nullopt: there is none, or nothing
  // is written. In one step, for a new schedule and the end of a run may come at once; `change` only decides.
  void update_errand(const Errand& which,
                     const std::function<std::optional<Errand>(const std::optional<Errand>& known)>& change);
  void forget_errand(const Errand& errand);

  std::vector<Told> told() const;
  // Durably; replaces what was told of the app's topic.
  void save(const Told& told);
  void forget_told(const std::string& app, const std::string& topic);

  // Services installed from images that bring their own commands, ordered by name.
  std::vector<InstalledService> services() const;
  std::optional<InstalledService> service(const std::string& name) const;
  // Durably; replaces the record of the same name.
  void save(const InstalledService& service);
  void forget_service(const std::string& name);
  // What the service has, or had, and nothing on the engine tells of: volumes without a name that a container had, the
  // images of earlier versions that Belay brought. `note` adds to them, and forgets those that are not among `there`.
  enum class Remnant { volume, image };
  std::set<std::string> remnants(const std::string& service, Remnant kind) const;
  void note_remnants(const std::string& service, Remnant kind, const std::set<std::string>& found,
                     const std::set<std::string>& there);

  const fs::path& folder() const;
  // 32 hexadecimal digits that no other state has, but for copies of this one.
  std::string identity() const;

 private:
  struct Database;
  explicit Store(std::unique_ptr<Database> database);
  const std::unique_ptr<Database> database_;
};

// $BELAY_STATE_DIR, else /var/lib/belay for root and for whoever may write there, else $XDG_STATE_HOME/belay, else
// ~/.local/state/belay.
fs::path state_folder();

// The app's lock file in the state folder ("locks/web"); the folders are made where they are missing.
fs::path lock_file(const fs::path& state_folder, const AppName& app);
// Where it is, or would be: for asking who holds it.
fs::path lock_path(const fs::path& state_folder, const AppName& app);
// The lock of the daemon that serves this state.
fs::path serve_lock_file(const fs::path& state_folder);

// What is kept of the journal without being asked.
inline constexpr int journal_limit = 20'000, journal_least = 1'000;
inline constexpr std::chrono::days journal_age{366};

// No pause and no budget looks further back.
inline constexpr std::chrono::days repair_age{1};

inline constexpr int schema_version = 18;

}  // namespace belay::state
