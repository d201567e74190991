#include "serve/measured_engine.h"

#include <utility>

namespace belay::serve {

namespace {

// Failures count as well: an engine that answers slowly often ends up not answering.
class Stopwatch {
 public:
  Stopwatch(Histogram histogram, const Clock& clock)
      : histogram_(std::move(histogram)), clock_(clock), begin_(clock.ticks()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { histogram_.observe(std::chrono::duration<double>(clock_.ticks() - begin_).count()); }

 private:
  Histogram histogram_;
  const Clock& clock_;
  const Ticks begin_;
};

}  // namespace

MeasuredEngine::MeasuredEngine(engine::Engine& inner, Metrics& metrics, const Clock& clock,
                               std::function<void()> called)
    : inner_(inner), metrics_(metrics), clock_(clock), called_(std::move(called)) {}

template <class Call>
decltype(auto) MeasuredEngine::measured(const char* request, Call&& call) {
  called_();
  const Asking counted(under_way_);
  const Stopwatch watch(metrics_.histogram("belay_engine_seconds", "How long requests to the engine took.",
                                           {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60}, {{"request", request}}),
                        clock_);
  return std::forward<Call>(call)();
}

engine::ProgressSink MeasuredEngine::heard(const engine::ProgressSink& progress) const {
  return [this, &progress](const Progress& step) {
    called_();
    if (progress) progress(step);
  };
}

Sink MeasuredEngine::heard(const Sink& sink) const {
  return [this, &sink](std::string_view bytes) {
    called_();
    sink(bytes);
  };
}

engine::StreamWriter MeasuredEngine::heard(const engine::StreamWriter& write) const {
  return [this, &write](const Sink& sink) { write(heard(sink)); };
}

std::string MeasuredEngine::data_folder(std::stop_token stop) {
  return measured("data_folder", [&] { return inner_.data_folder(stop); });
}
bool MeasuredEngine::maps_ids(std::stop_token stop) {
  return measured("maps_ids", [&] { return inner_.maps_ids(stop); });
}
engine::EngineInfo MeasuredEngine::info(std::stop_token stop) {
  return measured("info", [&] { return inner_.info(stop); });
}
std::vector<Container> MeasuredEngine::containers(const engine::ContainerFilter& filter, std::stop_token stop) {
  return measured("containers", [&] { return inner_.containers(filter, stop); });
}
std::optional<ContainerDetail> MeasuredEngine::container(const std::string& name, std::stop_token stop) {
  return measured("container", [&] { return inner_.container(name, stop); });
}
std::vector<UnkeptSetting> MeasuredEngine::unkept_settings(const std::string& name, std::stop_token stop) {
  return measured("unkept_settings", [&] { return inner_.unkept_settings(name, stop); });
}
engine::Processes MeasuredEngine::processes(const std::string& name, std::stop_token stop) {
  return measured("processes", [&] { return inner_.processes(name, stop); });
}
std::vector<Image> MeasuredEngine::images(const engine::ImageFilter& filter, std::stop_token stop) {
  return measured("images", [&] { return inner_.images(filter, stop); });
}
std::optional<Image> MeasuredEngine::image(const std::string& reference, std::stop_token stop) {
  return measured("image", [&] { return inner_.image(reference, stop); });
}
std::vector<Volume> MeasuredEngine::volumes(const std::optional<std::string>& label, std::stop_token stop) {
  return measured("volumes", [&] { return inner_.volumes(label, stop); });
}
std::vector<Network> MeasuredEngine::networks(std::stop_token stop) {
  return measured("networks", [&] { return inner_.networks(stop); });
}
std::map<std::string, ByteCount> MeasuredEngine::volume_sizes(std::stop_token stop) {
  return measured("volume_sizes", [&] { return inner_.volume_sizes(stop); });
}
void MeasuredEngine::create_container(const engine::ContainerRequest& request, std::stop_token stop) {
  measured("create_container", [&] { inner_.create_container(request, stop); });
}
void MeasuredEngine::start_container(const std::string& name, std::stop_token stop) {
  measured("start_container", [&] { inner_.start_container(name, stop); });
}
void MeasuredEngine::stop_container(const std::string& name, std::optional<Seconds> timeout, std::stop_token stop) {
  measured("stop_container", [&] { inner_.stop_container(name, timeout, stop); });
}
void MeasuredEngine::signal_container(const std::string& name, const std::string& signal, std::stop_token stop) {
  measured("signal_container", [&] { inner_.signal_container(name, signal, stop); });
}
void MeasuredEngine::pause_container(const std::string& name, std::stop_token stop) {
  measured("pause_container", [&] { inner_.pause_container(name, stop); });
}
void MeasuredEngine::unpause_container(const std::string& name, std::stop_token stop) {
  measured("unpause_container", [&] { inner_.unpause_container(name, stop); });
}
void MeasuredEngine::rename_container(const std::string& from, const std::string& to, std::stop_token stop) {
  measured("rename_container", [&] { inner_.rename_container(from, to, stop); });
}
void MeasuredEngine::remove_container(const std::string& name, std::stop_token stop) {
  measured("remove_container", [&] { inner_.remove_container(name, stop); });
}
void MeasuredEngine::set_restart_policy(const std::string& name, const RestartPolicy& policy, std::stop_token stop) {
  measured("set_restart_policy", [&] { inner_.set_restart_policy(name, policy, stop); });
}
void MeasuredEngine::update_resources(const std::string& name, const Resources& resources, std::stop_token stop) {
  measured("update_resources", [&] { inner_.update_resources(name, resources, stop); });
}
void MeasuredEngine::connect_network(const std::string& name, const NetworkLink& link, std::stop_token stop) {
  measured("connect_network", [&] { inner_.connect_network(name, link, stop); });
}
void MeasuredEngine::remove_link(const std::string& name, const std::string& alias, std::stop_token stop) {
  measured("remove_link", [&] { inner_.remove_link(name, alias, stop); });
}
void MeasuredEngine::disconnect_network(const std::string& name, const std::string& network, std::stop_token stop) {
  measured("disconnect_network", [&] { inner_.disconnect_network(name, network, stop); });
}
void MeasuredEngine::create_volume(const VolumeRequest& request, std::stop_token stop) {
  measured("create_volume", [&] { inner_.create_volume(request, stop); });
}
void MeasuredEngine::remove_volume(const std::string& name, std::stop_token stop) {
  measured("remove_volume", [&] { inner_.remove_volume(name, stop); });
}
void MeasuredEngine::create_network(const NetworkRequest& request, std::stop_token stop) {
  measured("create_network", [&] { inner_.create_network(request, stop); });
}
void MeasuredEngine::remove_network(const std::string& name, std::stop_token stop) {
  measured("remove_network", [&] { inner_.remove_network(name, stop); });
}
void MeasuredEngine::tag_image(const std::string& image, const std::string& reference, std::stop_token stop) {
  measured("tag_image", [&] { inner_.tag_image(image, reference, stop); });
}
engine::ImageRemoval MeasuredEngine::remove_image(const engine::UnwantedImage& image, std::stop_token stop) {
  return measured("remove_image", [&] { return inner_.remove_image(image, stop); });
}
std::string MeasuredEngine::commit_container(const CommitRequest& request, std::stop_token stop) {
  return measured("commit_container", [&] { return inner_.commit_container(request, stop); });
}
void MeasuredEngine::pull(const std::string& reference, const engine::ProgressSink& progress, std::stop_token stop) {
  measured("pull", [&] { inner_.pull(reference, heard(progress), stop); });
}
engine::RegistryImage MeasuredEngine::registry_image(const std::string& reference, std::stop_token stop) {
  return measured("registry_image", [&] { return inner_.registry_image(reference, stop); });
}
std::optional<engine::Login> MeasuredEngine::login_for(const std::string& registry, std::stop_token stop) {
  // A program that keeps logins may be asked for it.
  const Asking counted(under_way_);
  return inner_.login_for(registry, stop);
}
engine::RegistryWays MeasuredEngine::registry_ways(std::stop_token stop) {
  return measured("registry_ways", [&] { return inner_.registry_ways(stop); });
}
void MeasuredEngine::push(const std::string& reference, const engine::ProgressSink& progress, std::stop_token stop) {
  measured("push", [&] { inner_.push(reference, heard(progress), stop); });
}
void MeasuredEngine::save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) {
  measured("save_images", [&] { inner_.save_images(references, heard(sink), stop); });
}
std::vector<std::string> MeasuredEngine::load_images(const engine::StreamWriter& write,
                                                     const engine::ProgressSink& progress, std::stop_token stop) {
  return measured("load_images", [&] { return inner_.load_images(heard(write), heard(progress), stop); });
}
void MeasuredEngine::read_archive(const std::string& container, const std::string& path, const Sink& sink,
                                  std::stop_token stop) {
  measured("read_archive", [&] { inner_.read_archive(container, path, heard(sink), stop); });
}
void MeasuredEngine::write_archive(const std::string& container, const std::string& folder,
                                   const engine::StreamWriter& write, std::stop_token stop) {
  measured("write_archive", [&] { inner_.write_archive(container, folder, heard(write), stop); });
}
void MeasuredEngine::remove_path(const std::string& container, const std::string& path, std::stop_token stop) {
  measured("remove_path", [&] { inner_.remove_path(container, path, stop); });
}
std::string MeasuredEngine::build(const engine::BuildRequest& request, const engine::ProgressSink& progress,
                                  std::stop_token stop) {
  return measured("build", [&] { return inner_.build(request, heard(progress), stop); });
}
void MeasuredEngine::logs(const std::string& name, const LogRequest& request, const engine::OutputSink& sink,
                          std::stop_token stop) {
  called_();
  inner_.logs(name, request, sink, stop);
}
int MeasuredEngine::exec(const std::string& name, const ExecRequest& request, Terminal& terminal,
                         std::stop_token stop) {
  return inner_.exec(name, request, terminal, stop);
}
engine::Reached MeasuredEngine::reach_port(const std::string& name, std::uint16_t port, Ticks deadline,
                                           std::stop_token stop) {
  return inner_.reach_port(name, port, deadline, stop);
}
std::optional<int> MeasuredEngine::attach(const std::string& name, Terminal& terminal, std::stop_token stop) {
  return inner_.attach(name, terminal, stop);
}
void MeasuredEngine::events(const std::optional<Time>& since, const engine::EventFilter& filter,
                            const std::function<bool(const engine::Event&)>& sink, std::stop_token stop) {
  inner_.events(since, filter, sink, stop);
}

}  // namespace belay::serve
