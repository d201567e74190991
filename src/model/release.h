#pragma once
// An app's deployments and what is wanted of it. These are the facts whose home is the state.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
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
  // What had run last when it proved itself, of the releases before it; none: nothing had, or it is from before that
  // was kept.
  std::optional<ReleaseNumber> predecessor{};

  // The release that the service's container was made for, and what that container carries.
  ReleaseNumber container_release(const std::string& service) const;
  const std::string& container_identity(const std::string& service) const;
  // Whether no service has a container that was made for this release.
  bool has_no_containers() const;
  bool runs_to_its_end(const Service& service) const { return service.job || ended.contains(service.name); }
  // How the service fared.
  Proof proof(const std::string& service) const;
};

// What an app is to become.
namespace goal {

// Nothing was asked for yet.
struct None {};

// The release is up.
struct Run {
  ReleaseNumber release;
  // Services that are to be down all the same, until somebody starts them.
  std::set<std::string> held_down{};
  // Of those that are held down: they are to have containers all the same. The others of these are left as they are,
  // neither made nor started. For the one change; not kept.
  std::set<std::string> makes{};
  // Services to be restarted, and when the container of each was started before that: one that is younger has been
  // restarted already.
  std::map<std::string, Time> restart{};
  // What ran before `release` proved itself, and when it did: where soaking goes back to.
  std::optional<ReleaseNumber> previous{};
  std::optional<Time> proved{};
};

// Nothing of it runs.
struct Stopped {};

// The app goes, with its volumes or without them.
struct Removed {
  bool with_data = false;
};

}  // namespace goal

// How a change proves itself, where its command says so.
struct Terms {
  bool wait = true;                // false: --no-wait, no verdict is taken
  std::optional<SwapOrder> order;  // instead of the one by rule
  std::optional<Milliseconds> settle, wait_timeout;
};

// A wish that is the way back from a change that failed. What runs again has to prove itself as well.
struct Rollback {
  std::optional<ReleaseNumber> failed;  // the release that the change was about
};

// What should be.
struct Wish {
  // held: its containers are held still while their data is read, and go on afterwards. Wishes that are under way or
  // held are finished or undone by the next command (promise 2).
  enum class Progress { fulfilled, under_way, held };

  std::variant<goal::None, goal::Run, goal::Stopped, goal::Removed> goal;
  Progress progress = Progress::fulfilled;
  std::optional<ReleaseNumber> fallback;  // what runs again when it fails
  std::optional<Rollback> rollback;       // nullopt: somebody asked for it
  Terms terms;
  std::string who, why;
  Time since{};
  // The snapshot to be taken when what runs has stopped and the release has not started yet; its record is in the app.
  std::optional<int> snapshot;
  // What the app's places should hold when the release starts; and, where it fails, what they are to hold again.
  std::vector<DataExchange> data, fallback_data;
  // Why what runs did not prove itself on a way back: the app's trouble, until it does.
  std::string trouble;

  template <class Goal>
  bool is() const {
    return std::holds_alternative<Goal>(goal);
  }
  const goal::Run* run() const { return std::get_if<goal::Run>(&goal); }
  goal::Run* run() { return std::get_if<goal::Run>(&goal); }
  // The release that should be up.
  std::optional<ReleaseNumber> release() const { return run() ? std::optional(run()->release) : std::nullopt; }
  // The way back from a change that failed has not come to its end.
  bool is_rolling_back() const { return progress == Progress::under_way && rollback.has_value(); }
  bool is_unfinished() const { return progress != Progress::fulfilled; }
  bool is_held_down(const std::string& service) const { return run() != nullptr && run()->held_down.contains(service); }
  // Services that are to be down though the app is up.
  std::set<std::string> held_down() const { return run() ? run()->held_down : std::set<std::string>(); }
  std::optional<ReleaseNumber> previous() const { return run() ? run()->previous : std::nullopt; }
  std::optional<Time> proved() const { return run() ? run()->proved : std::nullopt; }
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

// What an app comes from.
enum class Origin {
  family,      // built by Belay, or nothing is known
  project,     // a Compose project
  unit,        // a unit's file
  definition,  // a definition of the declared host
};
std::string_view to_text(Origin origin);
Origin origin(std::string_view text);  // throws Error

// What is known of an app as a whole.
struct AppHead {
  explicit AppHead(AppName app_name) : name(std::move(app_name)) {}

  AppName name;
  NamingScheme scheme = NamingScheme::belay;
  // Where it is declared (a file, or "user-data"); empty: it is not, it was built or started by hand.
  std::string origin;
  Origin origin_kind = Origin::family;
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
  // The releases before `present` that a rollback may choose, best first: what ran before it, and before that; then the
  // others, newest first. Those that proved themselves (or ran when they were taken over) come before those that nobody
  // waited for.
  std::vector<ReleaseNumber> ways_back(ReleaseNumber present) const;
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
