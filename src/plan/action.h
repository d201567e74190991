#pragma once
// One step of a plan: one engine call, or the wait for a verdict. A value without behaviour; exec runs it.
// Things are named by our names: app, service, release, and the names they have on the engine at that step.

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/files.h"
#include "model/release.h"
#include "model/requests.h"
#include "model/world.h"

namespace belay {

inline bool operator==(const NetworkRequest& left, const NetworkRequest& right) {
  return left.name == right.name && left.labels == right.labels && left.definition == right.definition;
}
inline bool operator==(const VolumeRequest& left, const VolumeRequest& right) {
  return left.name == right.name && left.labels == right.labels && left.definition == right.definition;
}

inline bool operator==(const CommitRequest& left, const CommitRequest& right) {
  return left.container == right.container && left.reference == right.reference && left.message == right.message &&
         left.author == right.author && left.changes == right.changes;
}

}  // namespace belay

namespace belay::plan {

// Which builder the user asked for. `buildx`: the docker CLI's plugin, for what needs a session (build secrets).
enum class BuilderChoice { automatic, buildkit, classic, buildx };

struct BuildImage {
  fs::path folder, dockerfile;  // absolute
  std::vector<std::string> tags;
  std::map<std::string, std::string> arguments;
  std::vector<std::string> secrets;  // as `docker build --secret` takes them
  labels::Labels labels;
  std::string target, platform, network;
  bool no_cache = false, pull = false;
  BuilderChoice builder = BuilderChoice::automatic;
  std::optional<std::string> dockerfile_text{};          // in place of `dockerfile`
  std::vector<std::string> cache_from{}, extra_hosts{};  // extra_hosts: "host:address"
  std::optional<ByteCount> shm_size{};
  std::vector<Ulimit> ulimits{};
  bool operator==(const BuildImage&) const = default;
};
struct PullImage {
  std::string reference;
  bool operator==(const PullImage&) const = default;
};
struct PushImage {
  std::string reference;
  bool operator==(const PushImage&) const = default;
};
struct TagImage {
  std::string image, reference;
  bool operator==(const TagImage&) const = default;
};
// A container's files as an image.
using CommitContainer = CommitRequest;
// Why a release's image gets a tag of ours. `docker system prune --all` removes it with the containers all the same.
inline constexpr const char* why_pinned = "an image prune without --all leaves the release's image alone then";
struct UntagImage {
  std::string reference;
  bool force = false, keeps_parents = false;  // as engine::UnwantedImage has them
  bool operator==(const UntagImage&) const = default;
};
struct RemoveImage {
  std::string image;                    // its id
  std::vector<std::string> names = {};  // tags that may go with it; an image that has got another one meanwhile stays
  bool operator==(const RemoveImage&) const = default;
};
using CreateNetwork = NetworkRequest;
struct RemoveNetwork {
  std::string name;
  bool operator==(const RemoveNetwork&) const = default;
};
using CreateVolume = VolumeRequest;
struct RemoveVolume {
  std::string name;
  bool operator==(const RemoveVolume&) const = default;
};
struct CreateContainer {
  std::string name, image;  // image: id
  Service service;
  labels::Labels labels;
  RestartPolicy restart;
  bool input_ends_with_session = false;  // as in engine::ContainerRequest
  bool operator==(const CreateContainer&) const = default;
};
// Writes files into a container that has never run.
struct PutFiles {
  std::string name;
  std::vector<ServiceFile> files;
  bool operator==(const PutFiles&) const = default;
};
struct RenameContainer {
  std::string from, to;
  bool operator==(const RenameContainer&) const = default;
};
struct StartContainer {
  std::string name;
  bool operator==(const StartContainer&) const = default;
};
struct StopContainer {
  std::string name;
  std::optional<Seconds> timeout;
  bool operator==(const StopContainer&) const = default;
};
struct PauseContainer {
  std::string name;
  bool operator==(const PauseContainer&) const = default;
};
struct ResumeContainer {
  std::string name;
  bool operator==(const ResumeContainer&) const = default;
};
struct RemoveContainer {
  std::string name;
  bool operator==(const RemoveContainer&) const = default;
};
struct SetRestartPolicy {
  std::string name;
  RestartPolicy policy;
  bool operator==(const SetRestartPolicy&) const = default;
};
struct UpdateResources {
  std::string name;
  Resources resources;
  bool operator==(const UpdateResources&) const = default;
};
struct ConnectNetwork {
  std::string name;
  NetworkLink link;
  bool operator==(const ConnectNetwork&) const = default;
};
// A name that one container has for another on the default bridge.
struct RemoveLink {
  std::string name, alias;
  bool operator==(const RemoveLink&) const = default;
};
struct DisconnectNetwork {
  std::string name, network;
  bool operator==(const DisconnectNetwork&) const = default;
};
struct SignalContainer {
  std::string name, signal;  // "HUP", "SIGUSR1"
  bool operator==(const SignalContainer&) const = default;
};
// Waits until the container has proved itself, at most `wait_timeout`.
struct AwaitVerdict {
  enum class Proof {
    runs,          // healthy, or up without a restart for `settle` where it has no health check
    still_well,    // the same of one that was left as it is
    completed,     // it has ended with 0
    runs_or_ends,  // `runs`, or `completed` meanwhile
  };
  bool operator==(const AwaitVerdict&) const = default;
  std::string name;
  bool has_health_check = false;
  Milliseconds settle, wait_timeout;
  Proof proof = Proof::runs;
  // What it must answer besides, once it is healthy or runs. They take the place of `settle`.
  std::vector<Check> checks{};
  // Whether it has a health check is for its image to say, which was still to come when this was planned.
  bool has_unseen_image = false;
};

// A command in a running container: a hook of its service, or before or after its data is read (a database's dump). It
// fails where the command does.
struct RunInside {
  std::string name;
  std::vector<std::string> command;
  std::string user{}, working_dir{};
  std::map<std::string, std::string> environment{};
  bool privileged = false;
  bool is_proof = false;  // where it fails, the container has not proved itself
  bool operator==(const RunInside&) const = default;
};
// Fills a reserve with a copy of what a place holds. Until the copy is whole, the reserve counts as absent.
struct CopyData {
  DataPlace from, into;
  bool operator==(const CopyData&) const = default;
};
// Fills a reserve of a place (or a volume that is new) from an item of the backup at hand.
struct UnpackData {
  std::string item;
  DataPlace place, into;
  bool operator==(const UnpackData&) const = default;
};
// Exchanges what a place and a reserve hold, so that the place holds `content`. Nothing that runs has either in use.
struct ExchangeData {
  DataPlace place, reserve;
  std::string content;
  bool operator==(const ExchangeData&) const = default;
};
// Removes a reserve with what it holds.
struct RemoveData {
  DataPlace reserve;
  bool operator==(const RemoveData&) const = default;
};
// Reads an item of the backup that is being written; the images, behind the items; the backup's end, and its place.
struct BackUpData {
  std::string item;
  DataPlace place;
  bool operator==(const BackUpData&) const = default;
};
struct BackUpImages {
  std::vector<std::string> images;
  bool operator==(const BackUpImages&) const = default;
};
struct FinishBackup {
  std::string where;
  bool operator==(const FinishBackup&) const = default;
};
// Loads the images that the backup at hand has.
struct LoadImages {
  std::string from;
  bool operator==(const LoadImages&) const = default;
};
// Reads the backup at hand to its end: only then it is known to be whole.
struct CheckBackup {
  std::string where;
  bool operator==(const CheckBackup&) const = default;
};

// One of the scripts that a service brings: on this host, or in a container of its image. It may end with 0, or with 3
// where it had nothing to change.
struct RunScript {
  std::string service, script;
  std::vector<std::string> arguments;
  bool inside = false;
  bool operator==(const RunScript&) const = default;
};
// The command of a service: a file on this host's PATH.
struct PutLauncher {
  std::string path;
  bool operator==(const PutLauncher&) const = default;
};
struct RemoveLauncher {
  std::string path;
  bool operator==(const RemoveLauncher&) const = default;
};
// A user of this host, and the group of the same kind, that the containers of services run as.
struct MakeHostUser {
  std::string name;
  bool operator==(const MakeHostUser&) const = default;
};
struct RemoveHostUser {
  std::string name;
  bool operator==(const RemoveHostUser&) const = default;
};

using Step =
    std::variant<BuildImage, PullImage, PushImage, TagImage, CommitContainer, UntagImage, RemoveImage, CreateNetwork,
                 RemoveNetwork, CreateVolume, RemoveVolume, CreateContainer, PutFiles, RenameContainer, StartContainer,
                 StopContainer, PauseContainer, ResumeContainer, RemoveContainer, SetRestartPolicy, UpdateResources,
                 ConnectNetwork, RemoveLink, DisconnectNetwork, SignalContainer, AwaitVerdict, RunInside, CopyData,
                 UnpackData, ExchangeData, RemoveData, BackUpData, BackUpImages, FinishBackup, LoadImages, CheckBackup,
                 RunScript, PutLauncher, RemoveLauncher, MakeHostUser, RemoveHostUser>;

struct Action {
  Step step;
  std::string reason;         // why, in words for people
  std::vector<size_t> after;  // indices of the actions that must be done first; all smaller than its own
  // Its failure is told and the rest goes on, what waits for it included.
  bool may_fail = false;
  // After that long it counts as failed; nullopt: it may take as long as the engine lets it.
  std::optional<Milliseconds> deadline{};
  bool operator==(const Action&) const = default;
};

// A directed graph of actions in an order that respects `after`.
// Which service of which app a container is.
struct Subject {
  std::string app, service;
  int number = 1;
};
// By container, as far as they are an app's. It is for those who read what happens: what a plan does is the same
// without.
struct Subjects {
  std::map<std::string, Subject> by_container;
  bool operator==(const Subjects& /*other*/) const { return true; }
};

struct Plan {
  std::vector<Action> actions;
  // What the user should know beside the steps: the order chosen and why, what stays.
  std::vector<std::string> notes;
  Subjects subjects{};

  bool empty() const { return actions.empty(); }
  // Appends and returns the index.
  size_t add(Step step, std::string reason, std::vector<size_t> after = {});
  // The same action, but for what it waits for.
  size_t add(Action action, std::vector<size_t> after);
  bool operator==(const Plan&) const = default;
};

// "start web-r12", without the reason.
std::string step_text(const Step& step);
// What kind of step it is, in one word that stays: "pull", "create", "wait", … For metrics and programs.
std::string_view step_kind(const Step& step);
// One line an action, numbered: "3. start web-r12 — the new release (after 1, 2)", then the notes. Values of secrets
// never appear. Empty for an empty plan.
std::string plan_text(const Plan& plan);

}  // namespace belay::plan
