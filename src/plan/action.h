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
#include "model/world.h"

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
};
struct PullImage {
  std::string reference;
};
struct PushImage {
  std::string reference;
};
struct TagImage {
  std::string image, reference;
};
// Why a release's image gets a tag of ours. `docker system prune --all` removes it with the containers all the same.
inline constexpr const char* why_pinned = "an image prune without --all leaves the release's image alone then";
struct UntagImage {
  std::string reference;
};
struct RemoveImage {
  std::string image;
};
using CreateNetwork = NetworkRequest;
struct RemoveNetwork {
  std::string name;
};
using CreateVolume = VolumeRequest;
struct RemoveVolume {
  std::string name;
};
struct CreateContainer {
  std::string name, image;  // image: id
  Service service;
  labels::Labels labels;
  RestartPolicy restart;
};
// Writes files into a container that has never run.
struct PutFiles {
  std::string name;
  std::vector<ServiceFile> files;
};
struct RenameContainer {
  std::string from, to;
};
struct StartContainer {
  std::string name;
};
struct StopContainer {
  std::string name;
  std::optional<Seconds> timeout;
};
struct PauseContainer {
  std::string name;
};
struct ResumeContainer {
  std::string name;
};
struct RemoveContainer {
  std::string name;
};
struct SetRestartPolicy {
  std::string name;
  RestartPolicy policy;
};
struct UpdateResources {
  std::string name;
  Resources resources;
};
struct ConnectNetwork {
  std::string name;
  NetworkLink link;
};
struct DisconnectNetwork {
  std::string name, network;
};
struct SignalContainer {
  std::string name, signal;  // "HUP", "SIGUSR1"
};
// Waits until the container has proved itself, at most `wait_timeout`.
struct AwaitVerdict {
  enum class Proof {
    runs,        // healthy, or up without a restart for `settle` where it has no health check
    still_well,  // the same of one that was left as it is
    completed,   // it has ended with 0
  };
  std::string name;
  bool has_health_check = false;
  Milliseconds settle, wait_timeout;
  Proof proof = Proof::runs;
  // What it must answer besides, once it is healthy or runs. They take the place of `settle`.
  std::vector<Check> checks{};
};

// A command in a running container, before or after its data is read (a database's dump). It fails where the command
// does.
struct RunInside {
  std::string name;
  std::vector<std::string> command;
};
// Fills a reserve with a copy of what a place holds. Until the copy is whole, the reserve counts as absent.
struct CopyData {
  DataPlace from, into;
};
// Fills a reserve of a place (or a volume that is new) from an item of the backup at hand.
struct UnpackData {
  std::string item;
  DataPlace place, into;
};
// Exchanges what a place and a reserve hold, so that the place holds `content`. Nothing that runs has either in use.
struct ExchangeData {
  DataPlace place, reserve;
  std::string content;
};
// Removes a reserve with what it holds.
struct RemoveData {
  DataPlace reserve;
};
// Reads an item of the backup that is being written; the images, behind the items; the backup's end, and its place.
struct BackUpData {
  std::string item;
  DataPlace place;
};
struct BackUpImages {
  std::vector<std::string> images;
};
struct FinishBackup {
  std::string where;
};
// Loads the images that the backup at hand has.
struct LoadImages {
  std::string from;
};
// Reads the backup at hand to its end: only then it is known to be whole.
struct CheckBackup {
  std::string where;
};

using Step =
    std::variant<BuildImage, PullImage, PushImage, TagImage, UntagImage, RemoveImage, CreateNetwork, RemoveNetwork,
                 CreateVolume, RemoveVolume, CreateContainer, PutFiles, RenameContainer, StartContainer, StopContainer,
                 PauseContainer, ResumeContainer, RemoveContainer, SetRestartPolicy, UpdateResources, ConnectNetwork,
                 DisconnectNetwork, SignalContainer, AwaitVerdict, RunInside, CopyData, UnpackData, ExchangeData,
                 RemoveData, BackUpData, BackUpImages, FinishBackup, LoadImages, CheckBackup>;

struct Action {
  Step step;
  std::string reason;         // why, in words for people
  std::vector<size_t> after;  // indices of the actions that must be done first; all smaller than its own
  // Its failure is told and the rest goes on, what waits for it included.
  bool may_fail = false;
  // After that long it counts as failed; nullopt: it may take as long as the engine lets it.
  std::optional<Milliseconds> deadline{};
};

// A directed graph of actions in an order that respects `after`.
struct Plan {
  std::vector<Action> actions;
  // What the user should know beside the steps: the order chosen and why, what stays.
  std::vector<std::string> notes;

  bool empty() const { return actions.empty(); }
  // Appends and returns the index.
  size_t add(Step step, std::string reason, std::vector<size_t> after = {});
};

// "start web-r12", without the reason.
std::string step_text(const Step& step);
// What kind of step it is, in one word that stays: "pull", "create", "wait", … For metrics and programs.
std::string_view step_kind(const Step& step);
// One line an action, numbered: "3. start web-r12 — the new release (after 1, 2)", then the notes. Values of secrets
// never appear. Empty for an empty plan.
std::string plan_text(const Plan& plan);

}  // namespace belay::plan
