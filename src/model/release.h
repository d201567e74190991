#pragma once
// An app's deployments and what is wanted of it. These are the facts whose home is the state.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/data.h"
#include "model/names.h"
#include "model/spec.h"

namespace belay {

// How an app's containers and volumes are called (docs/architecture.md, "Names on the engine").
enum class NamingScheme { belay, jcl, dcv, fixed, compose };
// Whether what runs bears one name through all releases, and what it displaces makes room for it.
inline bool keeps_names(NamingScheme scheme) {
  return scheme == NamingScheme::fixed || scheme == NamingScheme::compose;
}
std::string_view to_text(NamingScheme scheme);
NamingScheme naming_scheme(std::string_view text);  // throws Error

enum class Verdict {
  pending,  // has not been tried to the end; with a reason: the host, the engine or the user stopped that
  passed,
  failed,
  unproven,  // started with --no-wait, or rebuilt by recover: nobody looked
};
std::string_view to_text(Verdict verdict);
Verdict verdict(std::string_view text);  // throws Error

// What a bound file held when a release was made: enough to tell that it changed, and by how many lines.
struct FileMark {
  std::string digest;                // of the whole content
  std::vector<std::uint32_t> lines;  // a short hash of each line
  bool operator==(const FileMark&) const = default;
};

// The release whose container a service goes on with, as it is or changed in place. Labels are fixed when a container
// is made, so the container bears that release's number and identity.
struct Body {
  ReleaseNumber release;
  std::string identity;
  bool operator==(const Body&) const = default;
};

// How one service of a release fared.
struct Proof {
  Verdict verdict = Verdict::pending;
  std::string reason;    // why the last try failed
  std::string log_tail;  // the last lines of the failed container
  bool operator==(const Proof&) const = default;
};

// One immutable deployment; only verdicts, reasons, log tails, outage and container names change after it is saved.
struct Release {
  ReleaseNumber number;
  Spec spec;
  std::map<std::string, std::string> images;      // service → image id ("sha256:…")
  std::map<std::string, std::string> digests;     // service → repository digest, where a registry knows it
  std::map<std::string, std::string> containers;  // service → container name now
  Time created{};
  Verdict verdict = Verdict::pending;
  std::string reason;    // why the last try failed
  std::string log_tail;  // the last lines of the failed container
  std::string who, why;  // "root", "belay deploy web"
  bool adopted = false;  // its containers carry no labels that fit: they are known by name and creation time
  // Service → when its container was created, as the engine wrote it; none: not seen yet. A copy that somebody made of
  // a container has all its labels, but not this.
  std::map<std::string, std::string> container_created;
  // What its own containers carry in their labels, and the state that made it. Empty: it was made before there were
  // identities, or adopted.
  std::string identity, state;
  // Service → the release whose container it goes on with; none: it has its own. Never a release that itself goes on
  // with another one's.
  std::map<std::string, Body> bodies;
  // Service → how it fared; none: as the release did.
  std::map<std::string, Proof> proofs;
  // Services that may end, and have ended with 0 when they proved themselves: they are jobs from then on.
  std::set<std::string> ended;
  std::map<std::string, FileMark> files;       // path on the host → what it held
  std::map<std::string, ReleaseNumber> needs;  // app it depends on → the release of it that it was started with
  std::optional<Milliseconds> outage;          // how long nothing ran while it took over

  // The release that the service's container was made for, and what that container carries.
  ReleaseNumber container_release(const std::string& service) const;
  const std::string& container_identity(const std::string& service) const;
  // Whether no service has a container that was made for this release.
  bool has_no_containers() const;
  bool runs_to_its_end(const Service& service) const { return service.job || ended.contains(service.name); }
  // How the service fared.
  Proof proof(const std::string& service) const;
};

// What should be. `unfinished` wishes are finished or undone by the next command (promise 2).
struct Wish {
  enum class State { none, up, down, gone };  // gone: the app is being removed
  State state = State::none;
  std::optional<ReleaseNumber> release;  // which one should be up
  // Set from the moment the wish is saved until the release has proved itself or was taken back.
  bool unfinished = false;
  std::optional<ReleaseNumber> fallback;  // what runs again when `release` fails
  bool lose_data = false;                 // gone: with its volumes
  bool wait = true;                       // false: --no-wait, no verdict is taken
  std::optional<SwapOrder> order;         // the user's explicit order for this change
  std::optional<Milliseconds> settle, wait_timeout;
  std::string who, why;
  Time since{};
  // What ran before `release` proved itself, and when it did: where soaking goes back to.
  std::optional<ReleaseNumber> previous;
  std::optional<Time> proved;
  // Up: services that are to be down all the same, until somebody starts them.
  std::set<std::string> held_down;
  // Up: services to be restarted, and when the container of each was started before that: one that is younger has been
  // restarted already.
  std::map<std::string, Time> restart;
  // The snapshot to be taken when what runs has stopped and `release` has not started yet; its record is in the app.
  std::optional<int> snapshot;
  // What the app's places should hold when `release` starts.
  std::vector<DataExchange> data;
  // Unfinished: what they are to hold again when `release` fails.
  std::vector<DataExchange> fallback_data;
  // A change failed, and this is the way back from it; `failed` is the release that it was about. What runs again has
  // to prove itself as well: why it did not is the app's trouble, until it does.
  bool way_back = false;
  std::optional<ReleaseNumber> failed;
  std::string trouble;
};

// What a container of a family gets: the parsed parameter file, before the image's own ports and volumes are filled in.
struct Configuration {
  Spec spec;
  // Sections that the user named: they replace what the image says.
  bool ports_overridden = false, volumes_overridden = false;
  bool operator==(const Configuration&) const = default;
};

// One build of a family: the image and what was parsed beside its Dockerfile.
struct Build {
  int number = 0;
  std::string image;                // id
  std::string tag;                  // "web:latest"
  std::string context, dockerfile;  // absolute paths, for `history`
  // By name; "default" where the file has no names.
  std::map<std::string, Configuration> configurations;
  // What a command line set, over what the parameter file says; it is in `configurations` already. nullopt: none did.
  std::optional<Configuration> by_hand{};
  // The parameter file as it was read, to tell whether a copy of it was edited since; may be empty.
  std::string parameter_file, parameter_text;
  Time created{};
  std::string who;
};

struct Quarantine {
  std::string image;   // id
  std::string digest;  // of its repository; empty: none is known
  std::optional<ReleaseNumber> release;
  std::string reason;
  Time since{};
};

enum class Autostart { none, last, stable };
std::string_view to_text(Autostart autostart);
Autostart autostart(std::string_view text);  // throws Error

// What is known of an app as a whole.
struct AppHead {
  explicit AppHead(AppName app_name) : name(std::move(app_name)) {}

  AppName name;
  NamingScheme scheme = NamingScheme::belay;
  // Where it is declared (a file, or "user-data"); empty: it is not, it was built or started by hand.
  std::string origin;
  Time created{};
  Wish wish;
  std::optional<ReleaseNumber> last, stable;
  Autostart autostart = Autostart::none;
};

// An app and all that is kept for it.
struct App : AppHead {
  using AppHead::AppHead;

  // Numbers are never used twice, also when releases were cleaned up.
  int highest_release = 0;
  std::vector<Release> releases;  // ascending
  std::vector<Build> builds;      // ascending
  std::vector<Quarantine> quarantine;
  std::vector<Snapshot> snapshots;  // ascending
  int highest_snapshot = 0;         // numbers are never used twice

  const Release* find(ReleaseNumber number) const;
  Release* find(ReleaseNumber number);
  // Throws NotFound with the known ones in its hint.
  const Release& release(ReleaseNumber number) const;
  const Build* latest_build() const { return builds.empty() ? nullptr : &builds.back(); }
  ReleaseNumber next_release() const;
  // By the image's id or by its digest.
  bool is_quarantined(const std::string& image) const;
  // Whether a container of the service should be up: not of a job, nor of one that somebody stopped.
  bool should_run(const Service& service) const;
  // The services of the release that the target names, in the release's order. Throws NotFound with those there are.
  std::vector<const Service*> services_of(const Release& release, const Target& target) const;
  const Snapshot* find_snapshot(int number) const;
  Snapshot* find_snapshot(int number);
};

}  // namespace belay
