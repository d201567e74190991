#pragma once
// An engine in memory: a small world that keeps the real engine's rules (one owner a host port, no removal of a volume
// in use, 409 on a taken name, anonymous volumes for the image's mount points), for tests. The contract suite holds it
// against the real one.

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "base/guarded.h"
#include "engine/engine.h"

namespace belay::engine {

// How containers of an image behave once started.
struct Behaviour {
  std::optional<Milliseconds> exits_after;  // nullopt: stays up
  int exit_code = 0;
  // With a health check in the image: when it turns healthy, or unhealthy; neither: it stays "starting".
  std::optional<Milliseconds> healthy_after, unhealthy_after;
  std::string start_error;  // not empty: start fails with these words
  int start_status = 400;
  EngineError::Cause start_cause = EngineError::Cause::image;
  std::string output;  // its log
  // What its ports say to whoever connects, and commands in it (by their first word) to those who run them. A port that
  // is not here refuses connections.
  struct Reply {
    int status = 200;  // of a command: its exit code
    std::string body{};
    Milliseconds after{0};                // since the start; before, nothing answers
    std::optional<Milliseconds> until{};  // the same; then nothing answers any more
    std::optional<EngineError> fails{};   // of a command: the engine's own trouble
  };
  std::map<std::uint16_t, Reply> ports{};
  std::map<std::string, Reply> commands{};
};

class MemoryEngine : public Engine {
  struct Universe;

 public:
  // With `data_root`, an existing folder, the engine is one of this machine: the files of each volume are in
  // data_root/NAME/_data, from the volume's making to its removal. Without, they are out of reach but for read_archive
  // and write_archive.
  explicit MemoryEngine(Clock& clock, fs::path data_root = {});
  ~MemoryEngine() override;

  // Setting the scene. Returns the image's id, derived from `reference` and `version`; moves the tag.
  std::string add_image(const std::string& reference, const ImageConfig& config, const Behaviour& behaviour,
                        const std::string& version = "1");
  // What the next build() yields: the config, behaviour and version of the image its tags will name.
  void next_build(const ImageConfig& config, const Behaviour& behaviour, const std::string& version);
  // What the next build() fails with.
  void next_build_fails(const std::string& message);
  // What pull(reference) brings; without it the pull is NotFound. The tag moves; what it named before is still there by
  // its digest. Returns its digest.
  std::string in_registry(const std::string& reference, const ImageConfig& config, const Behaviour& behaviour,
                          const std::string& version = "1");
  // The registry loses the tag; what it named is still there by its digest.
  void not_in_registry(const std::string& reference);
  // What it says of the reference is not what it gives.
  void registry_lies(const std::string& reference, const std::string& digest);
  // From now on pulls, pushes and questions to this registry ("docker.io") throw it; nullopt: they work again.
  void registry_fails(const std::string& registry, std::optional<EngineError> how);
  // How long each of them takes.
  void registry_takes(Milliseconds time);
  // Questions about images (registry_image) so far.
  int registry_questions() const;
  // What login_for says.
  void log_in(const ServerLogin& login);
  // The engine is restarted: containers stop; those with policy always, unless-stopped (and not stopped by hand) or
  // on-failure start again.
  void restart();
  // The container has a setting that a Service has no place for.
  void has_unkept(const std::string& name, const UnkeptSetting& setting);
  // A container dies by itself now.
  void kill(const std::string& name, int exit_code);
  // Every call that changes something, in order, as one line each: "create web-r1", "stop web-r1".
  std::vector<std::string> changes() const;
  // What was written into a container's own file system; nullopt: nothing of that name was.
  std::optional<std::string> own_file(const std::string& container, const std::string& path) const;
  // Counts of data: names of the volumes that ever existed and are gone now, but for empty ones that no container ever
  // had.
  std::vector<std::string> lost_volumes() const;
  // All calls so far that reached the engine, looking ones included.
  int calls() const;
  // Which part of a call the power cut takes: all of it, or the answer to what was done.
  enum class Cut { before_the_effect, before_the_answer };
  // After `n` more calls the next one throws Crash, and so does every later one, without an effect. nullopt: never.
  void crash_after(std::optional<int> n, Cut cut = Cut::before_the_effect);

  // From now on the host does not let this container start (nullopt: it does again): a mount, a log server, a device.
  void cannot_start(const std::string& name, std::optional<EngineError> why);
  // From now on looks at this container and its starts and stops hang until they are stopped.
  void hangs(const std::string& name, bool does = true);
  // From now on a start of this container is not answered, and goes on inside the engine: it is listed as down, and a
  // stop waits behind its start, until it comes up.
  void starts_late(const std::string& name);
  void comes_up(const std::string& name);
  // From now on the host has no network that leads to containers (false: it has again).
  void has_no_network(bool does = true);
  // The requests that ports of this container got, as they came.
  std::vector<std::string> requests(const std::string& name) const;
  // After `n` more calls one call fails with this error, with or without its effect; those after it go well again.
  void fail_after(std::optional<int> n, const EngineError& how, Cut cut = Cut::before_the_effect);

  // The world as it is, for begin_again: without the files of its volumes, which are within reach or not yet written.
  class Beginning {
    friend class MemoryEngine;
    std::shared_ptr<const Universe> world_;
  };
  Beginning beginning() const;
  void begin_again(const Beginning& from);

  // Not an Error on purpose: nothing in Belay may catch it, as nothing catches a power cut.
  struct Crash {};

  EngineInfo info(std::stop_token stop) override;
  std::string data_folder(std::stop_token stop) override;
  bool maps_ids(std::stop_token stop) override;
  std::vector<Container> containers(const ContainerFilter& filter, std::stop_token stop) override;
  std::optional<ContainerDetail> container(const std::string& name, std::stop_token stop) override;
  std::vector<UnkeptSetting> unkept_settings(const std::string& name, std::stop_token stop) override;
  Processes processes(const std::string& name, std::stop_token stop) override;
  std::vector<Image> images(const ImageFilter& filter, std::stop_token stop) override;
  std::optional<Image> image(const std::string& reference, std::stop_token stop) override;
  std::vector<Volume> volumes(const std::optional<std::string>& label, std::stop_token stop) override;
  std::vector<Network> networks(std::stop_token stop) override;
  std::map<std::string, ByteCount> volume_sizes(std::stop_token stop) override;
  void create_container(const ContainerRequest& request, std::stop_token stop) override;
  void start_container(const std::string& name, std::stop_token stop) override;
  void stop_container(const std::string& name, std::optional<Seconds> timeout, std::stop_token stop) override;
  void signal_container(const std::string& name, const std::string& signal, std::stop_token stop) override;
  void pause_container(const std::string& name, std::stop_token stop) override;
  void unpause_container(const std::string& name, std::stop_token stop) override;
  void rename_container(const std::string& from, const std::string& to, std::stop_token stop) override;
  void remove_container(const std::string& name, std::stop_token stop) override;
  void set_restart_policy(const std::string& name, const RestartPolicy& policy, std::stop_token stop) override;
  void update_resources(const std::string& name, const Resources& resources, std::stop_token stop) override;
  void connect_network(const std::string& name, const NetworkLink& link, std::stop_token stop) override;
  void remove_link(const std::string& name, const std::string& alias, std::stop_token stop) override;
  void disconnect_network(const std::string& name, const std::string& network, std::stop_token stop) override;
  void create_volume(const VolumeRequest& request, std::stop_token stop) override;
  void remove_volume(const std::string& name, std::stop_token stop) override;
  void create_network(const NetworkRequest& request, std::stop_token stop) override;
  void remove_network(const std::string& name, std::stop_token stop) override;
  void tag_image(const std::string& image, const std::string& reference, std::stop_token stop) override;
  ImageRemoval remove_image(const UnwantedImage& image, std::stop_token stop) override;
  std::string commit_container(const CommitRequest& request, std::stop_token stop) override;
  void pull(const std::string& reference, const ProgressSink& progress, std::stop_token stop) override;
  RegistryImage registry_image(const std::string& reference, std::stop_token stop) override;
  std::optional<Login> login_for(const std::string& registry, std::stop_token stop) override;
  RegistryWays registry_ways(std::stop_token stop) override;
  void push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) override;
  std::string build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) override;
  void save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) override;
  std::vector<std::string> load_images(const StreamWriter& write, const ProgressSink& progress,
                                       std::stop_token stop) override;
  void read_archive(const std::string& container, const std::string& path, const Sink& sink,
                    std::stop_token stop) override;
  void write_archive(const std::string& container, const std::string& folder, const StreamWriter& write,
                     std::stop_token stop) override;
  void remove_path(const std::string& container, const std::string& path, std::stop_token stop) override;
  void logs(const std::string& name, const LogRequest& request, const OutputSink& sink, std::stop_token stop) override;
  int exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) override;
  Reached reach_port(const std::string& name, std::uint16_t port, Ticks deadline, std::stop_token stop) override;
  std::optional<int> attach(const std::string& name, Terminal& terminal, std::stop_token stop) override;
  void events(const std::optional<Time>& since, const EventFilter& filter,
              const std::function<bool(const Event&)>& sink, std::stop_token stop) override;

 private:
  // Runs `use` with the universe as it is now, unless the call is stopped or the world has crashed.
  template <class Use>
  decltype(auto) reach(const std::stop_token& stop, Use&& use);
  // Where the container hangs: until the call is stopped.
  void wait_for(const std::string& name, const std::stop_token& stop);
  [[noreturn]] static void hang(const std::stop_token& stop);
  // As long as the registry takes; throws what it fails with.
  void reach_registry(const std::string& reference, const std::stop_token& stop);

  std::unique_ptr<Guarded<Universe>> universe_;
  Clock& clock_;
};

}  // namespace belay::engine
