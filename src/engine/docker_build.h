#pragma once
// Following a build, a pull or a push through the stream of messages in which the engine reports it.

#include <deque>
#include <map>
#include <string>

#include "engine/build_trace.h"
#include "engine/docker_connection.h"
#include "engine/engine.h"
#include "model/names.h"

namespace belay::engine {

// The messages of a pull or push.
class TransferProgress {
 public:
  TransferProgress(const ProgressSink& sink, ImageRef image) : sink_(sink), image_(std::move(image)) {}
  void take(JsonView message);
  // Throws NotFound or EngineError where a message told of a failure.
  void finish() const;

 private:
  const ProgressSink& sink_;
  const ImageRef image_;
  std::string error_;
};

// Whether a registry's words say that it wants fewer requests. They say it in many ways.
bool is_about_rate(std::string_view message);

// The messages of a load.
class LoadProgress {
 public:
  explicit LoadProgress(const ProgressSink& sink) : sink_(sink) {}
  void take(JsonView message);
  // The references loaded, and the ids of images without one. Throws EngineError where a message told of a failure.
  std::vector<std::string> finish() const;

 private:
  const ProgressSink& sink_;
  std::vector<std::string> loaded_;
  std::string error_;
};

// The engine's words about an image without its name, which stands in front of them anyway: "manifest for web:9 not
// found" → "manifest not found".
std::string without_name(std::string message, const ImageRef& image);

// The messages of a build by either builder.
class BuildProgress {
 public:
  explicit BuildProgress(const ProgressSink& sink) : sink_(sink) {}
  void take(JsonView message);
  // The image's id. Throws Error for a build that failed, with the last lines of the failing step's output.
  std::string finish() const;
  // For an answer that tells the failure by its status.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  struct Step {
    std::string name;
    std::deque<std::string> lines;  // the last ones
    std::string open_line;          // not ended yet
    bool done = false;
  };

  void take_trace(const BuildTrace& trace);
  void take_output(const std::string& text);
  void end_step();
  static void remember(Step& step, std::string_view output);

  const ProgressSink& sink_;
  std::map<std::string, Step> steps_;  // BuildKit: by digest; classic: by number
  std::string current_;                // classic: the step that runs
  std::string failing_;                // BuildKit: the step that failed
  std::string image_, error_;
};

// Runs the build. Throws as BuildProgress does.
std::string run_build(DockerConnection& connection, const BuildRequest& request, const std::string& registry_config,
                      const ProgressSink& sink, std::stop_token stop);

}  // namespace belay::engine
