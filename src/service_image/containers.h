#pragma once
// Containers that Belay makes for one use: one in which a script of an image runs, and one that is never started,
// through which files are reached. Private to service_image.

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/terminal.h"
#include "change/context.h"
#include "engine/engine.h"
#include "model/installed_service.h"
#include "service_image/rights.h"

namespace belay::service_image {

// A container that goes, with the volumes without a name that were made with it, when this does. What a crash leaves is
// found by its labels. Its name is the request's with an ending of its own: process ids are the same on several
// machines and in several containers.
class Temporary {
 public:
  Temporary(engine::Engine& engine, const engine::ContainerRequest& request, std::stop_token stop);
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary();
  const std::string& name() const { return name_; }
  // Sooner, and throws where that fails.
  void remove(std::stop_token stop);

 private:
  engine::Engine& engine_;
  const std::string name_;
  bool is_there_ = true;
};

// For a container that is never started: the engine makes none of an image that says nothing to start.
engine::ContainerRequest unstarted(std::string name, std::string image, std::map<std::string, std::string> labels);

struct ScriptWords {
  std::string script;
  std::vector<std::string> arguments;
  bool publishes_ports = false;
};
// For a container of the version's image in which one of its scripts runs, with the rights and the variables it gets.
// The caller gives it the beginning of a name, and labels.
engine::ContainerRequest script_request(const InstalledService& service, const ServiceVersion& version,
                                        const Rights& rights, const std::string& engine_endpoint,
                                        const ScriptWords& words);

struct ScriptLimits {
  std::optional<Milliseconds> time = {};
  // Asked a few times a second, by another thread; what it throws ends the script and comes out of the call.
  std::function<void()> watch = {};
};
// Starts the container and stays with it, also where the input ends first; its exit code. Throws Error (timed_out).
int run_to_its_end(change::Context& context, const std::string& container, Terminal& terminal,
                   const ScriptLimits& limits, std::stop_token stop);

}  // namespace belay::service_image
