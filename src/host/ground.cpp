#include "host/context.h"
#include "state/store.h"

namespace belay::host {

Ground::Ground(GroundOptions options)
    : state_folder_(options.state.empty() ? state::state_folder() : std::move(options.state)),
      engine_(engine::docker_engine(options.docker)) {}

Ground::Ground(std::unique_ptr<engine::Engine> engine, fs::path state)
    : state_folder_(std::move(state)), engine_(std::move(engine)) {}

Ground::~Ground() = default;

state::Store& Ground::store() {
  if (!store_) store_ = state::Store::open(state_folder_);
  return *store_;
}

}  // namespace belay::host
