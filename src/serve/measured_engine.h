#pragma once
// An engine whose requests are timed.

#include <atomic>
#include <functional>

#include "engine/engine.h"
#include "serve/metrics.h"

namespace belay::serve {

// Passes every call on to `inner`; how long each took goes into belay_engine_seconds, but for those that last as long
// as their caller wants (events, logs, sessions). Thread-safe. All three must outlive it; `called` hears of every call
// and every progress or piece of a stream of one, from any thread.
class MeasuredEngine final : public engine::Engine {
 public:
  MeasuredEngine(engine::Engine& inner, Metrics& metrics, const Clock& clock, std::function<void()> called);

  // Counts as a request as long as it lives.
  class Asking {
   public:
    explicit Asking(std::atomic<int>& count) : count_(count) { ++count_; }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;
    ~Asking() { --count_; }

   private:
    std::atomic<int>& count_;
  };
  // For what else than an engine is asked, and ends as surely: a registry, a service of metadata.
  [[nodiscard]] Asking asking() { return Asking(under_way_); }

  // A timed request is under way, or something is asked: each ends, if only because nobody answers.
  bool is_asking() const { return under_way_ > 0; }

  engine::EngineInfo info(std::stop_token stop) override;
  std::string data_folder(std::stop_token stop) override;
  bool maps_ids(std::stop_token stop) override;
  std::vector<Container> containers(const engine::ContainerFilter& filter, std::stop_token stop) override;
  std::optional<ContainerDetail> container(const std::string& name, std::stop_token stop) override;
  std::vector<UnkeptSetting> unkept_settings(const std::string& name, std::stop_token stop) override;
  engine::Processes processes(const std::string& name, std::stop_token stop) override;
  std::vector<Image> images(const engine::ImageFilter& filter, std::stop_token stop) override;
  std::optional<Image> image(const std::string& reference, std::stop_token stop) override;
  std::vector<Volume> volumes(const std::optional<std::string>& label, std::stop_token stop) override;
  std::vector<Network> networks(std::stop_token stop) override;
  std::map<std::string, ByteCount> volume_sizes(std::stop_token stop) override;
  void create_container(const engine::ContainerRequest& request, std::stop_token stop) override;
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
  engine::ImageRemoval remove_image(const engine::UnwantedImage& image, std::stop_token stop) override;
  std::string commit_container(const CommitRequest& request, std::stop_token stop) override;
  void pull(const std::string& reference, const engine::ProgressSink& progress, std::stop_token stop) override;
  engine::RegistryImage registry_image(const std::string& reference, std::stop_token stop) override;
  std::optional<engine::Login> login_for(const std::string& registry, std::stop_token stop) override;
  engine::RegistryWays registry_ways(std::stop_token stop) override;
  void push(const std::string& reference, const engine::ProgressSink& progress, std::stop_token stop) override;
  std::string build(const engine::BuildRequest& request, const engine::ProgressSink& progress,
                    std::stop_token stop) override;
  void save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) override;
  std::vector<std::string> load_images(const engine::StreamWriter& write, const engine::ProgressSink& progress,
                                       std::stop_token stop) override;
  void read_archive(const std::string& container, const std::string& path, const Sink& sink,
                    std::stop_token stop) override;
  void write_archive(const std::string& container, const std::string& folder, const engine::StreamWriter& write,
                     std::stop_token stop) override;
  void remove_path(const std::string& container, const std::string& path, std::stop_token stop) override;
  void logs(const std::string& name, const LogRequest& request, const engine::OutputSink& sink,
            std::stop_token stop) override;
  int exec(const std::string& name, const ExecRequest& request, Terminal& terminal, std::stop_token stop) override;
  engine::Reached reach_port(const std::string& name, std::uint16_t port, Ticks deadline,
                             std::stop_token stop) override;
  std::optional<int> attach(const std::string& name, Terminal& terminal, std::stop_token stop) override;
  void events(const std::optional<Time>& since, const engine::EventFilter& filter,
              const std::function<bool(const engine::Event&)>& sink, std::stop_token stop) override;

 private:
  template <class Call>
  decltype(auto) measured(const char* request, Call&& call);
  // All of them hold on to what they are given.
  engine::ProgressSink heard(const engine::ProgressSink& progress) const;
  Sink heard(const Sink& sink) const;
  engine::StreamWriter heard(const engine::StreamWriter& write) const;

  engine::Engine& inner_;
  Metrics& metrics_;
  const Clock& clock_;
  const std::function<void()> called_;
  std::atomic<int> under_way_{0};
};

}  // namespace belay::serve
