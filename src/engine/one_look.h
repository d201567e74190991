#pragma once
// An engine as one look finds it, for previews.

#include <map>
#include <mutex>

#include "engine/engine.h"

namespace belay::engine {

// Asks `inner` for each list once, when it is first wanted, and answers from that however often it is asked: what looks
// at many apps one by one costs no more than a look at all. Questions to registries are passed on; what would change
// anything is an error. Thread-safe; `inner` must outlive it.
class OneLook final : public Engine {
 public:
  explicit OneLook(Engine& inner) : inner_(inner) {}

  // What is known is old: the next question is a new look.
  void forget();

  EngineInfo info(std::stop_token stop) override { return inner_.info(std::move(stop)); }
  std::string data_folder(std::stop_token stop) override;
  bool maps_ids(std::stop_token stop) override { return inner_.maps_ids(std::move(stop)); }
  std::vector<Container> containers(const ContainerFilter& filter, std::stop_token stop) override;
  std::optional<ContainerDetail> container(const std::string& name, std::stop_token stop) override;
  std::vector<UnkeptSetting> unkept_settings(const std::string& name, std::stop_token stop) override;
  Processes processes(const std::string& name, std::stop_token stop) override;
  std::vector<Image> images(const ImageFilter& filter, std::stop_token stop) override;
  std::optional<Image> image(const std::string& reference, std::stop_token stop) override;
  std::vector<Volume> volumes(const std::optional<std::string>& label, std::stop_token stop) override;
  std::vector<Network> networks(std::stop_token stop) override;
  std::map<std::string, ByteCount> volume_sizes(std::stop_token stop) override;
  RegistryImage registry_image(const std::string& reference, std::stop_token stop) override;
  std::optional<Login> login_for(const std::string& registry, std::stop_token stop) override;
  RegistryWays registry_ways(std::stop_token stop) override;
  void save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) override;
  void read_archive(const std::string& container, const std::string& path, const Sink& sink,
                    std::stop_token stop) override;
  void logs(const std::string& name, const LogRequest& request, const OutputSink& sink, std::stop_token stop) override;
  void events(const std::optional<Time>& since, const EventFilter& filter,
              const std::function<bool(const Event&)>& sink, std::stop_token stop) override;

  Reached reach_port(const std::string& name, std::uint16_t port, Ticks deadline, std::stop_token stop) override {
    return inner_.reach_port(name, port, deadline, std::move(stop));
  }

  // Throw std::logic_error.
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
  void push(const std::string& reference, const ProgressSink& progress, std::stop_token stop) override;
  std::string build(const BuildRequest& request, const ProgressSink& progress, std::stop_token stop) override;
  std::vector<std::string> load_images(const StreamWriter& write, const ProgressSink& progress,
                                       std::stop_token stop) override;
  void write_archive(const std::string& container, const std::string& folder, const StreamWriter& write,
                     std::stop_token stop) override;
  void remove_path(const std::string& container, const std::string& path, std::stop_token stop) override;
  int exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) override;
  std::optional<int> attach(const std::string& name, Terminal& terminal, std::stop_token stop) override;

 private:
  // Answers by what was asked. Who asks while another does waits for him.
  template <class Answer>
  struct Known {
    std::mutex mutex;
    std::map<std::string, Answer> answers;
    template <class Ask>
    Answer get(const std::string& question, Ask&& ask) {
      const std::lock_guard lock(mutex);
      const auto known = answers.find(question);
      return known != answers.end() ? known->second : answers.emplace(question, ask()).first->second;
    }
  };
  // A list, and where in it the things are that bear a key: a label, "label=value", a repository.
  template <class Thing>
  struct Listed {
    std::mutex mutex;
    std::optional<std::vector<Thing>> things;
    std::map<std::string, std::vector<size_t>> places;
    template <class Ask, class Keys>
    std::vector<Thing> get(const std::optional<std::string>& key, Ask&& ask, Keys&& keys);
  };

  Engine& inner_;
  Listed<Container> containers_;
  Listed<Image> images_;
  Listed<Volume> volumes_;
  Known<std::vector<Network>> networks_;
  Known<std::optional<ContainerDetail>> details_;
  Known<std::optional<Image>> image_details_;
  Known<std::string> folder_;
};

}  // namespace belay::engine
