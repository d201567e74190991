#include "host/context.h"
#include "state/store.h"

namespace belay::host {

Ground::Ground(GroundOptions options)
    : state_folder_(options.state.empty() ? state::state_folder() : std::move(options.state)),
      engine_(engine::docker_engine(options.docker)) {}

Ground::~Ground() = default;

state::Store& Ground::store() {
  if (!store_) store_ = state::Store::open(state_folder_);
  return *store_;
}

}  // namespace belay::host
