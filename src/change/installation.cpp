#include "change/context.h"
#include "engine/docker.h"
#include "state/store.h"

namespace belay::change {

std::unique_ptr<engine::Engine> connect(const InstallationOptions& options) {
  engine::DockerOptions docker;
  docker.host = options.host;
  docker.warn = options.warn;
  if (const auto& login = options.login)
    docker.login = engine::ServerLogin{login->registry, {login->user, login->password, {}}};
  return engine::docker_engine(docker);
}

fs::path usual_state_folder() {
  return state::state_folder();
}

Installation::Installation(const InstallationOptions& options)
    : state_folder_(options.state.empty() ? usual_state_folder() : options.state), engine_(connect(options)) {}

Installation::Installation(std::unique_ptr<engine::Engine> engine, fs::path state)
    : state_folder_(std::move(state)), engine_(std::move(engine)) {}

Installation::~Installation() = default;

state::Store& Installation::store() {
  if (!store_) store_ = state::Store::open(state_folder_);
  return *store_;
}

}  // namespace belay::change
