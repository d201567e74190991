#pragma once
// What this process sees of the host: all of it, or what was mounted into the container that it runs in. Private to
// host.

#include <optional>
#include <string>
#include <vector>

#include "data/mounts.h"
#include "engine/engine.h"

namespace belay::change {

class HostView {
 public:
  // Of this process, by what the engine has mounted into the container that it runs in, if it is one of this engine's.
  static HostView now(engine::Engine& engine, std::stop_token stop);
  // `container`: what is mounted into it; nullopt: it runs in none. `mounts`: as this process sees them.
  HostView(std::optional<std::vector<Mount>> container, data::Mounts mounts)
      : container_(std::move(container)), mounts_(std::move(mounts)) {}

  // Why this process cannot tell what a change of the path on the host would move along, for people, with the way out;
  // nullopt: it can. The path is one of the host.
  std::optional<std::string> blind_to(const fs::path& path) const;

 private:
  std::optional<std::vector<Mount>> container_;
  data::Mounts mounts_;
};

// The first of the places that it is blind to, as one sentence. `volumes`: as the engine has them.
std::optional<std::string> first_unseen(const HostView& view, const std::vector<DataPlace>& places,
                                        const std::vector<Volume>& volumes);

}  // namespace belay::change
