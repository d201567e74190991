#pragma once
// Looking: nothing here changes anything. Every result is a value that the face of its choice prints.

#include "host/backup_health.h"
#include "host/context.h"
#include "model/journal.h"
#include "model/wait.h"

namespace belay::host {

struct AppSummary {
  std::string name;
  std::string state;    // running, stopped, starting, restarting, created, missing, unfinished, …
  std::string health;   // healthy, unhealthy, starting, or empty
  std::string release;  // "r12" or empty
  std::string verdict;
  std::string stable;  // "r11" or empty
  // The reference in the release's settings, else of the last build; "site@4326c92df633" where its tag has moved on to
  // another image than the one that runs.
  std::string image;
  std::string image_id;  // "sha256:…"
  std::string container;
  std::string status;  // the engine's words: "Up 3 minutes"
  std::vector<std::string> ports;
  std::string autostart;
  std::string last_failed;         // "r6": newer than what is shown, tried, and failed; or empty
  int restarts = 0;                // by the engine, of a container that does not stay up
  std::vector<std::string> waits;  // topics of what a declared app waits for: update, held, failed, …
  bool unfinished = false;
  std::string trouble;  // after a failure what ran before did not prove itself again: why
  bool known = true;    // false: the engine has it, the state does not
  BackupHealth backup{};
  std::string backup_trouble{};  // in words; empty: no backup failed
};
std::vector<AppSummary> list(Context& context, std::stop_token stop);
std::vector<std::string> names(Context& context);

// Newest first. Asks the state only: completion must work without an engine.
std::vector<std::string> release_names(Context& context, const AppName& name);

struct ReleaseRow {
  std::string release, verdict, image, container, state, who, why, reason;
  Time created{};
  std::vector<std::string> marks;  // running, last, stable, quarantined
  bool image_gone = false;         // the engine has its image no more
  std::string digest;              // by which that can be pulled again; empty: nowhere
};
std::vector<ReleaseRow> releases(Context& context, const AppName& name, std::stop_token stop);

struct Status {
  AppSummary summary;
  std::string wish;  // in words
  std::string since;
  int restarts = 0;
  std::string health_output;
  std::vector<std::string> volumes, networks;
  std::vector<std::string> kept_files;  // "/srv/app.conf (as r7 had it)": bound in place of the host's
  std::vector<std::string> pending;     // what plan would do now
  std::string trouble;                  // why no plan can be made
  std::string images_gone;              // "r1, r3 (can be pulled again)": no way back to those without it
  std::string lock_holder;
};
Status status(Context& context, const AppName& name, std::stop_token stop);
// Of every app, in one look.
std::vector<Status> statuses(Context& context, std::stop_token stop);

struct Why {
  // One paragraph: what runs, since when, what was tried, why it is not the newest, what it waits for, what to do.
  std::string text;
  std::vector<Wait> waits;  // of a declared app: as the last look at it found
};
Why why(Context& context, const AppName& name, std::stop_token stop);

struct ImageRow {
  std::string id;
  std::vector<std::string> tags, releases;
  std::string size, use;  // use: latest build, last, stable, unused, …
  std::optional<Time> created;
};
std::vector<ImageRow> images(Context& context, const AppName& name, std::stop_token stop);

struct VolumeRow {
  std::string volume, mount_point, kind, mode, host_path;
  bool exists = false;
  bool ours = false;
};
// Of the release that runs (or `which`: last, stable, rN).
std::vector<VolumeRow> volumes(Context& context, const AppName& name, const std::string& which, std::stop_token stop);
// Of the release that runs, else the last one, else what the first one will get.
std::vector<VolumeRow> current_volumes(Context& context, const AppName& name, std::stop_token stop);
// What a new container of the latest build would get.
std::vector<VolumeRow> image_volumes(Context& context, const AppName& name, std::stop_token stop);

struct ContainerRow {
  std::string app, container, release, state, status, image;
  std::vector<std::string> marks, ports;
  bool running = false;
};
// What the app's containers get of the host: port → "8080/tcp", volume or path → mount point. Of the release that runs
// or ran last; before the first, as the last build would have it.
struct Mapping {
  std::vector<std::pair<std::string, std::string>> ports, volumes;
};
Mapping mapping(Context& context, const AppName& name, std::stop_token stop);
// Every container of the app; nullopt: of every app.
std::vector<ContainerRow> containers(Context& context, const std::optional<AppName>& name, std::stop_token stop);

// The resolved configuration of a release (default: the one that is wished, else last), secrets hidden.
struct Config {
  std::string release, json;
};
Config config(Context& context, const AppName& name, const std::string& which, std::stop_token stop);
std::vector<FieldChange> config_differences(Context& context, const AppName& name, const std::string& from,
                                            const std::string& to, std::stop_token stop);

std::vector<JournalEntry> history(Context& context, const std::optional<AppName>& name, int limit);

// The container of a release (empty: the one that runs, else last); NotFound where it does not exist.
std::string container_of(Context& context, const AppName& name, const std::string& which, std::stop_token stop);

}  // namespace belay::host
