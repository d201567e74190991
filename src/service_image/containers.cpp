#include "service_image/containers.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/format.h"
#include "base/identity.h"
#include "base/time_limit.h"
#include "service_image/belongings.h"
#include "service_image/convention.h"
#include "service_image/work.h"

namespace belay::service_image {

namespace {

constexpr Milliseconds between_looks{200};

// Its token is stopped when the outer one is, or when `watch` has thrown.
class Watching {
 public:
  Watching(std::function<void()> watch, std::stop_token outer)
      : forward_(std::move(outer), [this] { source_.request_stop(); }) {
    if (watch) thread_ = std::jthread([this, watch = std::move(watch)](std::stop_token ended) { look(watch, ended); });
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  void rethrow() {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    if (trouble_) std::rethrow_exception(trouble_);
  }

 private:
  void look(const std::function<void()>& watch, const std::stop_token& ended) {
    std::mutex mutex;
    std::condition_variable_any over;
    std::unique_lock lock(mutex);
    try {
      while (!ended.stop_requested()) {
        watch();
        over.wait_for(lock, ended, between_looks, [] { return false; });
      }
    } catch (...) {
      trouble_ = std::current_exception();
      source_.request_stop();
    }
  }

  std::stop_source source_;
  std::stop_callback<std::function<void()>> forward_;
  std::exception_ptr trouble_;  // the thread's until that has ended
  std::jthread thread_;
};

}  // namespace

Temporary::Temporary(engine::Engine& engine, const engine::ContainerRequest& request, std::stop_token stop)
    : engine_(engine), name_(format("{}-{}", request.name, new_identity().substr(0, 12))) {
  engine::ContainerRequest named = request;
  named.name = name_;
  engine.create_container(named, std::move(stop));
}

Temporary::~Temporary() {
  if (!is_there_) return;
  try {
    engine_.stop_container(name_, Seconds(3), {});
    remove_with_nameless(engine_, name_, {});
  } catch (const std::exception&) {
    // Whoever looks for its labels removes it.
  }
}

void Temporary::remove(std::stop_token stop) {
  remove_with_nameless(engine_, name_, std::move(stop));
  is_there_ = false;
}

engine::ContainerRequest unstarted(std::string name, std::string image, std::map<std::string, std::string> labels) {
  engine::ContainerRequest request;
  request.name = std::move(name);
  request.image = std::move(image);
  request.service.name = request.name;
  request.service.entrypoint = {"/never-started"};
  request.service.network_mode = "none";
  request.labels = std::move(labels);
  return request;
}

engine::ContainerRequest script_request(const InstalledService& service, const ServiceVersion& version,
                                        const Rights& rights, const std::string& engine_endpoint,
                                        const ScriptWords& words) {
  engine::ContainerRequest request;
  Service& wanted = request.service;
  wanted.name = service.name;
  Rights granted = rights;
  if (!words.publishes_ports) granted.ports.clear();
  const std::string unix_scheme = "unix://";
  if (granted.engine_socket && !engine_endpoint.starts_with(unix_scheme))
    throw Error(ErrorCode::engine_socket, format("{} wants the engine's socket, and the engine at {} has none here",
                                                 service.name, engine_endpoint));
  apply(granted, wanted, granted.engine_socket ? engine_endpoint.substr(unix_scheme.size()) : "");
  Mount config;
  config.source = config_volume(service.name);
  config.target = config_folder;
  wanted.mounts.push_back(config);
  wanted.environment =
      script_variables(service, version, granted.engine_socket ? "unix:///var/run/docker.sock" : "", scripts_folder);
  for (const auto* name :
       {"HOME", "PATH", "USER", "LOGNAME", "SSH_AUTH_SOCK", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"})
    wanted.environment.erase(name);
  if (!granted.engine_socket) wanted.environment.erase("DOCKER_HOST");
  wanted.entrypoint = {format("{}/{}", scripts_folder, words.script)};
  wanted.command = words.arguments;
  request.image = version.image;
  request.restart.name = "no";
  return request;
}

int run_to_its_end(change::Context& context, const std::string& container, Terminal& terminal,
                   const ScriptLimits& limits, std::stop_token stop) {
  Watching watching(limits.watch, stop);
  std::optional<TimeLimit> limit;
  if (limits.time) limit.emplace(*limits.time, watching.token());
  const std::stop_token until = limit ? limit->token() : watching.token();
  try {
    if (const auto code = context.engine.attach(container, terminal, until)) return *code;
    // The input has ended, the script has not.
    for (;;) {
      const auto now = context.engine.container(container, until);
      if (!now || !now->container.is_up()) return now ? now->exit_code : 1;
      if (!context.clock.sleep(between_looks, until)) throw Cancelled();
    }
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    watching.rethrow();
    throw Error(ErrorCode::timed_out, format("it took longer than {}", duration_text(*limits.time)),
                "The option --timeout says how long it may take.");
  }
}

}  // namespace belay::service_image
