#pragma once
// The Docker Engine behind the port. Its calls are spread over docker.cpp (looking, volumes, networks),
// docker_containers.cpp, docker_images.cpp, docker_archive.cpp (tar streams) and docker_sessions.cpp (logs, exec,
// attach, events).

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "engine/docker_connection.h"
#include "engine/docker_decode.h"
#include "engine/engine.h"
#include "engine/hang_up.h"
#include "engine/registry_auth.h"
#include "model/names.h"

namespace belay::engine {

class DockerEngine final : public Engine {
 public:
  DockerEngine(Endpoint endpoint, std::optional<ServerLogin> login, RegistryLogins::Warn warn, Patience patience = {})
      : connection_(std::move(endpoint), patience),
        logins_(docker_config_folder(), std::move(login), std::move(warn)) {}

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
  void await_end_in_list(const std::string& id, std::stop_token stop);
  // The engine's answer about the container of exactly this name; nullopt where there is none.
  std::optional<JsonDocument> inspect(const std::string& name, std::stop_token stop);
  // As inspect, but NotFound where there is none.
  JsonDocument inspect_present(const std::string& name, std::stop_token stop);
  // "/containers/NAME" + `rest`. Throws NotFound where the name could only mean another container by its id.
  Target container_target(const std::string& name, const std::string& rest, std::stop_token stop);
  // Engines keep "container:NAME" by id; ids never leave the adapter.
  void use_name(std::string& mode, std::stop_token stop);
  bool has_network(const std::string& name, std::stop_token stop);
  EngineDefaults defaults(std::stop_token stop);
  // Of the image of this id, which stands for its content: asked for once. nullopt: it is not there.
  std::optional<ImageConfig> image_config(const std::string& id, std::stop_token stop);
  bool has_own_log_options() const;
  void update(const std::string& name, const std::string& body, std::stop_token stop);
  // A pull or a push, with the login for the image's registry.
  void transfer(const Target& target, const ImageRef& image, const ProgressSink& progress, std::stop_token stop);
  // The name of a container that was made from this image.
  std::optional<std::string> user_of_image(const std::string& reference, std::stop_token stop);
  // One DELETE of a tag or an id.
  ImageRemoval remove_reference(const UnwantedImage& unwanted, std::stop_token stop);
  // Throws what the refusal of an archive's call means.
  [[noreturn]] static void refuse_archive(const net::Response& response, const std::string& container,
                                          const std::string& path);
  DockerConnection::Streaming patient() const;
  int exec_exit_code(const std::string& id, std::stop_token stop);
  // Ends a command whose session broke off: by signals, or where none reaches it by the keys that end a shell and what
  // it runs, on its terminal (null: it has none), or from inside the container. `asked`: when it was asked for.
  void end_exec(const std::string& id, const std::string& container, const ExecRequest& request, Ticks asked,
                net::Stream* terminal) noexcept;
  void type_the_end(const std::string& id, net::Stream& stream, std::stop_token stop);
  void end_from_inside(const std::string& container, const ExecRequest& request, Ticks asked, std::stop_token stop);
  std::optional<RunningCommand> running_exec(const std::string& id, std::stop_token stop);
  // The exit code of a container whose session has ended; nullopt when its run of `began` goes on.
  std::optional<int> exit_code_after_session(const std::string& name, Time began, std::stop_token stop);
  std::optional<int> told_exit_code(std::string_view name, Time began, Time again, std::stop_token stop);

  DockerConnection connection_;
  const RegistryLogins logins_;
  struct KnownDefaults {
    EngineDefaults defaults;
    int session = 0;  // of the connection: an engine that was restarted may have others
  };
  Guarded<std::optional<KnownDefaults>> defaults_;
  Guarded<std::map<std::string, ImageConfig>> configs_;  // by the image's id
  // Held while a network is made. Older engines look for one of the same name and then make one, and two
  // calls at a time both find none: apps that share a network would get two.
  std::mutex making_network_;
};

// The engine takes any unambiguous beginning of an id for a name: "db" could mean a container that merely has an id
// like that. True where a name could be mistaken so.
bool looks_like_id(const std::string& name);

// As the engine is asked for an image: an id as it is, a reference with its tag, for a bare "cafe" could be taken for
// the beginning of an id.
std::string image_name(const std::string& reference);

}  // namespace belay::engine
