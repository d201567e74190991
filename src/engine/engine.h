#pragma once
// The engine port: what Belay needs of a container engine, in Belay's words. Two implementations: DockerEngine (the
// real one) and MemoryEngine (a world in memory for tests, kept honest by one contract suite).
//
// Rules for every implementation:
// - Things are named by their names or image ids; the engine's own container ids never leave it.
// - Calls are idempotent: what is already so is success (starting a running container, removing an absent one, creating
//   a network that is there). Creating a container whose name is taken is a Conflict.
// - NotFound where a thing that must be there is not; Conflict where a name, port or volume is held by another;
//   EngineError for every other refusal; Cancelled on stop. Unreachable, forbidden, too old: EngineError with status 0
//   and a hint of its own.
// - Thread-safe: several threads may call at once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/stream.h"
#include "base/terminal.h"
#include "engine/login.h"
#include "model/progress.h"
#include "model/requests.h"
#include "model/unkept.h"
#include "model/world.h"
#include "net/stream.h"

namespace belay::engine {

struct EngineInfo {
  std::string endpoint;     // "unix:///var/run/docker.sock"
  std::string context;      // the Docker context that named it, for the docker command line; empty: none did
  std::string version;      // "20.10.24"
  std::string api_version;  // negotiated: "1.41"
  std::string os, architecture;
  bool buildkit = false;  // the engine offers BuildKit builds
};

using ProgressSink = std::function<void(const Progress&)>;

struct ContainerRequest {
  std::string name;
  std::string image;      // id or reference; not service.image
  Service service;        // networks: the first is joined at creation, the others are connected by this call too
  labels::Labels labels;  // beside service.labels
  RestartPolicy restart;  // instead of service.restart
  // With an input of its own (stdin_open): that has ended when the first who was attached has ended his. Else the
  // session ends with his input, output and all, and the next one may write more.
  bool input_ends_with_session = false;
};

// What runs in a container, as the engine's host lists it: the titles of its columns, and a row for each process.
struct Processes {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

struct ContainerFilter {
  bool all = true;                   // false: running ones only
  std::optional<std::string> label;  // "key" or "key=value"
};

struct ImageFilter {
  std::optional<std::string> label;
  std::optional<std::string> reference;  // repository name: "web"
};

enum class Builder { automatic, buildkit, classic };

// Writes a stream of bytes, all of it, into the sink; called once at most, from the calling thread. What it throws ends
// the call and reaches the caller.
using StreamWriter = std::function<void(const Sink& sink)>;

struct BuildRequest {
  StreamWriter write_context;             // the context as a tar stream
  std::string dockerfile = "Dockerfile";  // path within the context
  std::vector<std::string> tags;
  std::map<std::string, std::string> arguments;  // build arguments
  labels::Labels labels;
  std::string target;
  std::string platform;
  std::string network;
  bool no_cache = false;
  bool pull = false;  // always try a newer base image
  Builder builder = Builder::automatic;
  std::vector<std::string> cache_from{}, extra_hosts{};  // extra_hosts: "host:address"
  // BuildKit takes neither from the engine's interface.
  std::optional<ByteCount> shm_size{};
  std::vector<Ulimit> ulimits{};
};

using OutputSink = std::function<void(OutputStream, std::string_view bytes)>;

struct Event {
  Time time{};
  std::string type;    // container, image, volume, network
  std::string action;  // start, die, health_status: healthy, oom, …
  std::string name;    // of the container, …
  std::map<std::string, std::string> attributes;
};

// Which events are sent at all: an engine full of health checks makes three an exec, and nobody should wake for those.
struct EventFilter {
  std::vector<std::string> types{"container", "image", "volume", "network"};
  // Empty: every action. "health_status" stands for both of its outcomes.
  std::vector<std::string> actions;
  // The last moment that is of interest; nullopt: whatever comes.
  std::optional<Time> until{};
  bool takes(const Event& event) const;
};

// An image to be removed, by its reference or its id.
struct UnwantedImage {
  UnwantedImage(std::string image) : reference(std::move(image)) {}  // NOLINT(google-explicit-constructor)
  UnwantedImage(const char* image) : reference(image) {}             // NOLINT(google-explicit-constructor)

  std::string reference;
  bool force = false;          // also where a container uses it that does not run
  bool keeps_parents = false;  // the layers that nothing needs any more stay
  // Of an id: the tags that may go with it; an image with another one stays. nullopt: whatever it is called.
  std::optional<std::vector<std::string>> names = {};
};

// A tag of `image` that may not go with it; nullopt: there is none.
std::optional<std::string> kept_name(const UnwantedImage& unwanted, const Image& image);

struct ImageRemoval {
  bool removed = false;  // false: it was in use or not there
  std::string reason;    // why not
};

struct Platform {
  std::string os, architecture, variant;  // "linux", "arm", "v7"
  bool operator==(const Platform&) const = default;
};

// What a registry has under a reference.
struct RegistryImage {
  std::string digest;  // "sha256:…" of what the reference names: an index of several platforms, or one manifest
  std::vector<Platform> platforms;
};

// How the engine itself reaches registries, as far as it tells.
struct RegistryWays {
  std::vector<std::string> mirrors;   // of docker.io: URLs
  std::vector<std::string> insecure;  // hosts as images name them, and networks ("10.0.0.0/8")
  std::string http_proxy, https_proxy, no_proxy;
  bool rootless = false;  // its certificates are in its user's home
};

// A connection to a port of a container.
struct Reached {
  std::string address;  // where it leads: "172.17.0.2:8080"
  std::unique_ptr<net::Stream> stream;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineInfo info(std::stop_token stop) = 0;
  // The folder on the engine's host where it keeps images and containers; empty: it does not say.
  virtual std::string data_folder(std::stop_token stop) = 0;
  // Containers see other user ids than the files on the engine's host have (user namespaces, an engine without root).
  virtual bool maps_ids(std::stop_token stop) = 0;

  // Looking.
  virtual std::vector<Container> containers(const ContainerFilter& filter, std::stop_token stop) = 0;
  virtual std::optional<ContainerDetail> container(const std::string& name, std::stop_token stop) = 0;
  // What a container has that its ContainerDetail::service has no place for; a container made from that would be
  // without. NotFound.
  virtual std::vector<UnkeptSetting> unkept_settings(const std::string& name, std::stop_token stop) = 0;
  // NotFound for an absent container, Conflict for one that does not run.
  virtual Processes processes(const std::string& name, std::stop_token stop) = 0;
  virtual std::vector<Image> images(const ImageFilter& filter, std::stop_token stop) = 0;
  virtual std::optional<Image> image(const std::string& reference, std::stop_token stop) = 0;
  virtual std::vector<Volume> volumes(const std::optional<std::string>& label, std::stop_token stop) = 0;
  virtual std::vector<Network> networks(std::stop_token stop) = 0;
  virtual std::map<std::string, ByteCount> volume_sizes(std::stop_token stop) = 0;  // by name; may be slow

  // Containers.
  virtual void create_container(const ContainerRequest& request, std::stop_token stop) = 0;
  virtual void start_container(const std::string& name, std::stop_token stop) = 0;
  // nullopt: the container's own stop timeout, else 10 s. Also unpauses what is paused.
  virtual void stop_container(const std::string& name, std::optional<Seconds> timeout, std::stop_token stop) = 0;
  // What does not run hears no signal: success.
  virtual void signal_container(const std::string& name, const std::string& signal, std::stop_token stop) = 0;
  // Every process of it stands still until unpause_container. Conflict for what does not run.
  virtual void pause_container(const std::string& name, std::stop_token stop) = 0;
  // What is not paused: success, whether it runs or not.
  virtual void unpause_container(const std::string& name, std::stop_token stop) = 0;
  virtual void rename_container(const std::string& from, const std::string& to, std::stop_token stop) = 0;
  // Refuses a running container (Conflict). Anonymous volumes stay.
  virtual void remove_container(const std::string& name, std::stop_token stop) = 0;
  virtual void set_restart_policy(const std::string& name, const RestartPolicy& policy, std::stop_token stop) = 0;
  virtual void update_resources(const std::string& name, const Resources& resources, std::stop_token stop) = 0;
  virtual void connect_network(const std::string& name, const NetworkLink& link, std::stop_token stop) = 0;
  // Takes the name `alias` off the container that `name` links to on the default bridge; the containers stay. No such
  // link: success.
  virtual void remove_link(const std::string& name, const std::string& alias, std::stop_token stop) = 0;
  virtual void disconnect_network(const std::string& name, const std::string& network, std::stop_token stop) = 0;

  // Volumes and networks. Removing one that is in use is a Conflict.
  // A volume of this name that is there already stays as it is, whatever its driver, options and labels.
  virtual void create_volume(const VolumeRequest& request, std::stop_token stop) = 0;
  virtual void remove_volume(const std::string& name, std::stop_token stop) = 0;
  // One of this name that is there already stays as it is.
  virtual void create_network(const NetworkRequest& request, std::stop_token stop) = 0;
  virtual void remove_network(const std::string& name, std::stop_token stop) = 0;

  // Images.
  virtual void tag_image(const std::string& image, const std::string& reference, std::stop_token stop) = 0;
  // A tag is untagged; an id loses all its tags (or stays, see UnwantedImage::names) and goes when no container uses
  // it.
  virtual ImageRemoval remove_image(const UnwantedImage& image, std::stop_token stop) = 0;
  // The container's files as an image of that reference, with the container's settings as its own; what is mounted is
  // not in it. What runs is paused meanwhile. The image's id. NotFound.
  virtual std::string commit_container(const CommitRequest& request, std::stop_token stop) = 0;
  virtual void pull(const std::string& reference, const ProgressSink& progress, std::stop_token stop) = 0;
  // What the registry has under the reference, without a pull. NotFound where it has nothing there. EngineError where
  // it would not or could not answer: status 401 where a login is missing or wrong, 429 where it wants fewer requests,
  // else the engine's own.
  virtual RegistryImage registry_image(const std::string& reference, std::stop_token stop) = 0;
  // The login the engine's pulls use for a registry's host ("docker.io", "registry.example:5000"); nullopt: none.
  virtual std::optional<Login> login_for(const std::string& registry, std::stop_token stop) = 0;
  virtual RegistryWays registry_ways(std::stop_token stop) = 0;
  virtual void push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) = 0;
  // The id of the image built. Throws Error with the failing step's last output.
  virtual std::string build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) = 0;

  // The images of these references (or ids) as one tar stream, with their layers and tags. NotFound where one of them
  // is missing; EngineError where the engine breaks off.
  virtual void save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) = 0;
  // The other way: what save_images of any engine gave. The references that were loaded, the ids of those without one.
  virtual std::vector<std::string> load_images(const StreamWriter& write, const ProgressSink& progress,
                                               std::stop_token stop) = 0;

  // Files of a container, whether it runs, is paused, or was never started; with its volumes in their places.
  // The file or folder at `path` as a tar stream. The names in it begin with the last part of the path: "data/…" for
  // "/var/data"; with "./" for "/var/data/.". NotFound where the container or the path is missing; EngineError where
  // the engine breaks off, as it does when a file shrinks while it is read.
  virtual void read_archive(const std::string& container, const std::string& path, const Sink& sink,
                            std::stop_token stop) = 0;
  // Unpacks a tar stream into the folder. Owners are the numeric ids of the stream, whatever user the container has;
  // what is there stays unless the stream has a thing of the same name. The folder itself keeps its owner and mode, an
  // entry "./" changes nothing: who wants those set as well, also those of a volume, writes into the folder above,
  // where the names are as read_archive gives them. NotFound where the container or the folder is
  // missing; EngineError for a folder that is read-only in the container, and for a stream that is no tar: what of it
  // was unpacked stays. Once the engine has refused, the sink given to `write` throws something that is no Error;
  // `write` lets it pass.
  virtual void write_archive(const std::string& container, const std::string& folder, const StreamWriter& write,
                             std::stop_token stop) = 0;

  // Removes what is at the absolute path in a container, whether it runs or was never started; a folder with all that
  // is in it, a link and not what it leads to. Nothing where there is nothing. NotFound where the container is missing;
  // EngineError where it cannot be removed: it is read-only. Not for a place that something is mounted on.
  virtual void remove_path(const std::string& container, const std::string& path, std::stop_token stop) = 0;

  // Streams.
  virtual void logs(const std::string& name, const LogRequest& request, const OutputSink& sink,
                    std::stop_token stop) = 0;
  // The command's exit code; 0 at once for one that is detached.
  virtual int exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) = 0;
  // A TCP connection from this process to a port of a container that runs: at its own address where that is in a
  // network of this machine's, else where the port is published. net::ConnectError where nothing takes it; Error
  // (check_impossible) where no way leads from here to the port; Conflict for what does not run.
  virtual Reached reach_port(const std::string& name, std::uint16_t port, Ticks deadline, std::stop_token stop) = 0;
  // Attaches to the container's own process until it ends or the input does; its exit code, nullopt when it still runs.
  // One that has never run is started, once nothing of its output can be lost.
  virtual std::optional<int> attach(const std::string& name, Terminal& terminal, std::stop_token stop) = 0;
  // Calls `sink` with the events that `filter` takes until it returns false, until the filter's end, or on stop.
  virtual void events(const std::optional<Time>& since, const EventFilter& filter,
                      const std::function<bool(const Event&)>& sink, std::stop_token stop) = 0;
};

}  // namespace belay::engine
