#pragma once
// Looking: nothing here changes anything. Every result is a value that the face of its choice prints.

#include "change/context.h"
#include "model/journal.h"
#include "model/wait.h"
#include "safekeeping/backup_health.h"

namespace belay::look {

// How an app, or one of its containers, is. The last seven are those of a container.
enum class AppState {
  built,       // nothing of it ran yet
  stopped,     // it should be down, and is
  missing,     // it should be up, and there is no container
  partial,     // of several containers not all are up that should be
  unfinished,  // a command was interrupted
  in_trouble,  // a change failed, and what ran before did not prove itself again
  held,        // of a service: somebody stopped it
  done,        // of a job: it has ended with 0
  failed,      // of a job: it has not
  created,
  running,
  paused,
  restarting,
  exited,
  dead,
  removing,
};
std::string_view to_text(AppState state);

// What a release or a container is to its app.
enum class Mark { running, wanted, last, stable, quarantined, failed };
std::string_view to_text(Mark mark);
std::vector<std::string> to_texts(const std::vector<Mark>& marks);

// One container of an app: one of the replicas of a service.
struct InstanceRow {
  std::string service;  // the service's name; of a replica that of its group
  int number = 1;
  std::string container, image_id;
  AppState state = AppState::missing;
  Health health = Health::none;
  std::string status;  // the engine's words
  std::vector<PortBinding> ports;
  bool should_run = false;
  bool is_up = false;
};

struct AppSummary {
  std::string name;
  AppState state = AppState::built;
  Health health = Health::none;
  std::string release;             // "r12" or empty
  std::optional<Verdict> verdict;  // nullopt: of no release
  std::string stable;              // "r11" or empty
  // The reference in the release's settings, else of the last build; "site@4326c92df633" where its tag has moved on to
  // another image than the one that runs.
  std::string image;
  std::string image_id;  // "sha256:…"
  int more_images = 0;   // of its other services, that are not this one
  std::string container;
  std::string status;  // the engine's words: "Up 3 minutes"
  std::vector<PortBinding> ports;
  std::optional<Autostart> autostart;  // nullopt: the state does not know the app
  std::string last_failed;             // "r6": newer than what is shown, tried, and failed; or empty
  int restarts = 0;                    // by the engine, of a container that does not stay up
  std::vector<Wait::Topic> waits;      // topics of what a declared app waits for
  bool unfinished = false;
  std::string at_work;                   // what is unfinished is being done: "belay deploy web (pid 4711, root)"
  std::string trouble;                   // after a failure what ran before did not prove itself again: why
  bool known = true;                     // false: the engine has it, the state does not
  std::vector<InstanceRow> instances{};  // of the release that is shown, in the order of its services
  safekeeping::BackupHealth backup{};
  std::string backup_trouble{};  // in words; empty: no backup failed or is late
  bool backup_is_late = false;
  std::vector<Errand> errands{};  // what belay serve does for it by the clock
};
// How many of those that should run do, and how many should: {2, 3}.
struct UpCount {
  int up = 0, wanted = 0;
};
UpCount count_up(const std::vector<InstanceRow>& instances);
std::vector<AppSummary> list(change::Context& context, std::stop_token stop);
std::vector<std::string> names(change::Context& context);

// Newest first. Asks the state only: completion must work without an engine.
std::vector<std::string> release_names(change::Context& context, const AppName& name);

struct ReleaseRow {
  std::string release, image, container, who, why, reason;
  Verdict verdict = Verdict::pending;
  std::optional<ContainerState> state;  // nullopt: it has no container
  std::vector<InstanceRow> instances;   // those that it goes on with included
  std::string failed_service;           // of several: that which failed
  Time created{};
  std::vector<Mark> marks;
  bool image_gone = false;  // the engine has its image no more
  std::string digest;       // by which that can be pulled again; empty: nowhere
  std::string reference;    // of the image, as it was asked for: "web:1.1"; of several that of the service that failed,
                            // else of the first one
  int more_images = 0;      // of its other services, that are not this one
};
std::vector<ReleaseRow> releases(change::Context& context, const AppName& name, std::stop_token stop);

struct Status {
  AppSummary summary;
  std::string wish;           // in words
  std::optional<Time> since;  // of the wish
  int restarts = 0;
  std::string health_output;
  std::vector<std::string>
      checks;  // of the wished release: "GET :8080/health 200"; of several services with their names
  struct Volume {
    std::string source, target;
    bool read_only = false;
  };
  std::vector<Volume> volumes;
  std::vector<std::string> networks;
  std::vector<std::string> kept_files;  // "/srv/app.conf (as r7 had it)": bound in place of the host's
  std::vector<std::string> pending;     // what plan would do now
  std::string trouble;                  // why no plan can be made
  std::string images_gone;              // "r1, r3 (can be pulled again)": no way back to those without it
  std::string lock_holder;
  std::string left_over;  // of a command that was cut off, and what becomes of it
};
Status status(change::Context& context, const AppName& name, std::stop_token stop);
// Of every app, in one look.
std::vector<Status> statuses(change::Context& context, std::stop_token stop);

struct Why {
  // One paragraph: what runs, since when, what was tried, why it is not the newest, what it waits for, what to do.
  std::string text;
  std::vector<Wait> waits;  // of a declared app: as the last look at it found
};
Why why(change::Context& context, const AppName& name, std::stop_token stop);

struct ImageRow {
  std::string id;
  std::vector<std::string> tags, releases;
  bool is_newest_build = false;
  std::vector<Mark> marks;  // of its releases
  ByteCount size;
  std::optional<Time> created;
};
std::vector<ImageRow> images(change::Context& context, const AppName& name, std::stop_token stop);

struct VolumeRow {
  std::string service;  // of an app with several; else empty
  std::string volume, mount_point, host_path;
  Mount::Kind kind = Mount::Kind::volume;
  bool read_only = false;
  bool exists = false;
  bool ours = false;
};
// Of the release that runs (or `which`: last, stable, rN).
std::vector<VolumeRow> volumes(change::Context& context, const Target& target, const std::string& which,
                               std::stop_token stop);
// Of the release that runs, else the last one, else what the first one will get.
std::vector<VolumeRow> current_volumes(change::Context& context, const Target& target, std::stop_token stop);
// What a new container of the latest build would get.
std::vector<VolumeRow> image_volumes(change::Context& context, const AppName& name, std::stop_token stop);

struct ContainerRow {
  std::string app, container, release, status, image;
  ContainerState state = ContainerState::created;
  std::vector<Mark> marks;
  std::vector<std::string> ports;
  bool running = false;
};
// What the app's containers get of the host: port → "8080/tcp", volume or path → mount point. Of the release that runs
// or ran last; before the first, as the last build would have it.
struct Mapping {
  std::vector<std::pair<std::string, std::string>> ports, volumes;
};
Mapping mapping(change::Context& context, const AppName& name, std::stop_token stop);
// Every container of the app; nullopt: of every app.
std::vector<ContainerRow> containers(change::Context& context, const std::optional<AppName>& name,
                                     std::stop_token stop);

// The resolved configuration of a release (default: the one that is wished, else last), secrets hidden.
struct Config {
  std::string release, json;
};
Config config(change::Context& context, const AppName& name, const std::string& which, std::stop_token stop);
// The Compose project that the app was made from: of the release that should be up, else of the last one; nullopt:
// none.
std::optional<Project> project_of(change::Context& context, const AppName& name, std::stop_token stop);
std::vector<FieldChange> config_differences(change::Context& context, const AppName& name, const std::string& from,
                                            const std::string& to, std::stop_token stop);

struct PastEntry {
  JournalEntry entry;
  bool cut_off = false;  // a begin that has no end, and nobody is at work on the app: what began it was killed
};
// Newest first.
std::vector<PastEntry> history(change::Context& context, const std::optional<AppName>& name, int limit);
// Removes all but the newest `keep` entries; how many went.
int trim_history(change::Context& context, const std::optional<AppName>& name, int keep);

// A container of a release (empty: the one that runs, else last).
struct NamedContainer {
  std::string service;  // "web", "web/2": as a target names it within its app
  std::string container;
};
// Those of the target that exist, in the order of the release's services; NotFound where none does.
std::vector<NamedContainer> containers_of(change::Context& context, const Target& target, const std::string& which,
                                          std::stop_token stop);
// What the target's containers publish on the host now.
std::vector<PortBinding> published_ports(change::Context& context, const Target& target, std::stop_token stop);
// The only one; of several services the first that runs. NotFound where none exists.
std::string container_of(change::Context& context, const Target& target, const std::string& which,
                         std::stop_token stop);

}  // namespace belay::look
