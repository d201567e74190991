#pragma once
// A declared app: what a definition (a file of a directory, EC2 user-data) says should run on this host, and by which
// rules it is kept so. The spec says what the app is; the policies only say how it is looked after, so that a change of
// one is no reason for a new release.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/files.h"
#include "model/names.h"
#include "model/release.h"
#include "model/spec.h"

namespace belay {

// What is done with an app that was good and is unhealthy now.
enum class OnUnhealthy { restart, rollback, stop, notify };
// What is done with a container that somebody else changed or stopped.
enum class OnDrift { repair, report };

// When and to what an app may be updated.
struct UpdatePolicy {
  bool pull = true;        // ask the registry for news; false: pull only an image that is missing here
  std::string pattern;     // "semver ^1.4" or "regex ^v[0-9]+$": the newest tag that fits; empty: the tag as written
  std::string window;      // "Mon-Fri 02:00-05:00", "22:00-04:00": only then; empty: always
  Milliseconds jitter{0};  // spread: each app waits its own part of it
  Milliseconds minimum_age{0};  // since this host first saw the digest
};

// Backups that `belay serve` makes.
struct BackupPolicy {
  std::string schedule;  // as Schedule reads it
  std::string place;     // as `belay backup -o` takes it; empty: the usual place
  std::string keep;      // rules, as of `belay backup --keep`; empty: those of the settings
  enum class While { paused, stopped, running };
  While data_is_read = While::paused;
  bool with_image = false;
  bool operator==(const BackupPolicy&) const = default;
};

struct Policies {
  UpdatePolicy update;
  std::optional<BackupPolicy> backup{};
  OnUnhealthy on_unhealthy = OnUnhealthy::restart;
  OnDrift on_drift = OnDrift::repair;
  int heal_budget = 5;               // self-healing steps an hour, of all kinds
  std::optional<Milliseconds> soak;  // nullopt: the daemon's own
  bool restart_with = false;         // replaced and restarted with whatever it needs, tied to it or not
};

// When the image of a service is asked for.
enum class Pull {
  by_policy,  // as Policies::update says
  missing,    // pulled where this host has none
  always,     // the registry is asked for news
  never,      // an error where this host has none
  build,      // built at each change
};

// How the image of a service is built where it is missing.
struct ImageBuild {
  fs::path folder, dockerfile;  // absolute
  std::string target, network, platform;
  std::map<std::string, std::string> arguments, labels;
  std::vector<std::string> tags;     // further ones
  std::vector<std::string> secrets;  // as `docker build --secret` takes them
  bool no_cache = false, pull = false;
  std::optional<std::string> dockerfile_text{};          // in place of a file
  std::vector<std::string> cache_from{}, extra_hosts{};  // extra_hosts: "host:address"
  std::optional<ByteCount> shm_size{};
  std::vector<Ulimit> ulimits{};
  std::optional<ConfigError> obstacle{};  // why it cannot be built here; the image is used where it is there
};

struct Declaration {
  explicit Declaration(AppName app_name) : name(std::move(app_name)) {}

  AppName name;
  Spec spec;  // one service a replica: web, web-2, …; service.image is the reference as written
  Policies policies;
  std::string origin;  // "/etc/dockerup/containers.d/web.json", "user-data#2"
  Origin origin_kind = Origin::definition;
  SourcePosition place;  // where the definition begins
  // Names of containers it links to, shares a namespace with or takes volumes from; declared or not.
  std::vector<std::string> needs;
  // Bound files and folders whose content counts as part of the spec: those bound read-only, and where the definition
  // says so.
  std::vector<fs::path> watched;
  // The volumes that it names itself; the names of all others follow from those of the app and the mount point.
  std::set<std::string> named_volumes;
  NamingScheme scheme = NamingScheme::fixed;
  // By the service's name, replicas by that of their group.
  std::map<std::string, Pull> pulls;
  // Of those that are `always`: the registry is not asked again until then.
  std::map<std::string, Milliseconds> pull_periods{};
  std::map<std::string, ImageBuild> builds;
  // Of services that have rules of their own for their updates, in place of those of the app.
  std::map<std::string, UpdatePolicy> updates;
  // Of jobs that are started by the clock: service → when, as Schedule reads it.
  std::map<std::string, std::string> schedules{};
  // Only these services are taken from the declaration, and those that they need; the others stay as they are. Empty:
  // all of them.
  std::set<std::string> only;
  // Services of its files that their profiles switch off: no part of the spec, nor left over from an earlier one.
  std::set<std::string> switched_off{};
};

// The rules by which the service's image is updated.
const UpdatePolicy& update_policy(const Declaration& declared, const Service& service);

// Why a container cannot go on as it is when another one is replaced.
struct Tie {
  enum class Kind {
    shared_namespace,  // it lives in the other's network, process or IPC namespace, which ends with the other
    link,              // on the default bridge: addresses and variables are fixed when a container is made
    volumes,           // it takes the other's volumes: it keeps those that the other had when it was made
    asked_for,         // "restart_with"
  };
  Kind kind = Kind::link;
  std::string container;
};
std::string_view to_text(Tie::Kind kind);

// What the engine, or its definition, ties the app to; one tie a container, the strongest. On networks of the user's
// own names are resolved anew: a link there is none.
std::vector<Tie> ties(const Declaration& declared);

// A definition that cannot be used.
struct BrokenDefinition {
  std::string origin;
  std::string name;  // of the app, as far as it could be told; may be empty
  ConfigError error;
  std::string folder{};  // of a project of several files, any of which may be the one that is wrong; else empty
};

// A folder in which no project was found, though it cannot be said that there is none: it is empty, as where something
// is not mounted, or it cannot be looked into. Only an app that came from it is a reason to tell of it.
struct DoubtfulFolder {
  std::string folder;
  ConfigError error;
};

struct Declarations {
  std::vector<Declaration> apps;  // those needed before those that need them, otherwise by name
  std::vector<BrokenDefinition> broken;
  std::vector<DoubtfulFolder> doubtful{};
};

}  // namespace belay
