#include "archive/context.h"
#include "base/files.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "exec/attempt.h"

namespace belay::exec {

namespace {

using plan::BuilderChoice;

engine::Builder builder_of(BuilderChoice choice) {
  switch (choice) {
    case BuilderChoice::buildkit:
      return engine::Builder::buildkit;
    case BuilderChoice::classic:
      return engine::Builder::classic;
    default:
      return engine::Builder::automatic;
  }
}

// Build secrets need a session with the client that the plain Engine API does not offer; Docker's own buildx plugin has
// it. The secret travels from its file or variable to the builder without passing through Belay.
std::string build_by_buildx(const plan::BuildImage& step, engine::Engine& engine, const engine::ProgressSink& progress,
                            std::stop_token stop) {
  const std::string hint =
      "Install the docker command line with its buildx plugin (package docker-buildx or docker-buildx-plugin), or "
      "build without --secret.";
  if (!find_program("docker"))
    throw NotFound(ErrorCode::program_missing, "build secrets need `docker buildx`, which is not installed", hint);
  ProcessRequest version;
  version.command = {"docker", "buildx", "version"};
  if (run_process(version, stop).exit_code != 0)
    throw NotFound(ErrorCode::program_missing,
                   "build secrets need `docker buildx`; the docker command here has no such plugin", hint);
  ProcessRequest request;
  request.command = {"docker",
                     "buildx",
                     "build",
                     "--load",
                     "--progress=plain",
                     "-f",
                     step.dockerfile_text ? "-" : step.dockerfile.string()};
  if (step.dockerfile_text) request.input = *step.dockerfile_text;
  const auto add = [&](const std::string& option, const std::string& value) {
    request.command.push_back(option);
    request.command.push_back(value);
  };
  for (const auto& tag : step.tags) add("-t", tag);
  for (const auto& secret : step.secrets) add("--secret", secret);
  for (const auto& [name, value] : step.labels) add("--label", name + "=" + value);
  // Values go by the environment: another user can read a process's arguments.
  for (const auto& [name, value] : step.arguments) {
    add("--build-arg", name);
    request.environment[name] = value;
  }
  if (!step.target.empty()) add("--target", step.target);
  if (!step.platform.empty()) add("--platform", step.platform);
  if (!step.network.empty()) add("--network", step.network);
  for (const auto& image : step.cache_from) add("--cache-from", image);
  for (const auto& host : step.extra_hosts) add("--add-host", host);
  if (step.shm_size) add("--shm-size", std::to_string(step.shm_size->value));
  for (const auto& limit : step.ulimits) add("--ulimit", format("{}={}:{}", limit.name, limit.soft, limit.hard));
  if (step.no_cache) request.command.emplace_back("--no-cache");
  if (step.pull) request.command.emplace_back("--pull");
  request.command.push_back(step.folder.string());
  // A context has certificates that an address would leave behind.
  const auto at = engine.info(stop);
  if (at.context.empty()) {
    request.environment["DOCKER_HOST"] = at.endpoint;
  } else {
    request.environment["DOCKER_CONTEXT"] = at.context;
  }
  request.deadline = {};
  request.own_group = true;
  if (progress)
    request.on_errors = [&](std::string_view text) {
      progress({.id = "buildx", .status = {}, .current = 0, .total = 0, .done = false, .log = std::string(text)});
    };
  const ProcessResult result = run_process(request, stop);
  if (result.exit_code != 0)
    throw Error(ErrorCode::build_failed, format("docker buildx ended with exit code {}", result.exit_code));
  // With a builder other than the engine's own the file holds another digest: the tag is what counts.
  const auto image = engine.image(step.tags.at(0), stop);
  if (!image) throw Error(ErrorCode::build_failed, "docker buildx built, but the image did not reach the engine");
  return image->id;
}

}  // namespace

std::string build_image(const plan::BuildImage& step, engine::Engine& engine, const engine::ProgressSink& progress,
                        std::stop_token stop) {
  if (step.builder == BuilderChoice::buildx || !step.secrets.empty())
    return build_by_buildx(step, engine, progress, stop);
  const bool buildkit = step.builder == BuilderChoice::buildkit ||
                        (step.builder == BuilderChoice::automatic && engine.info(stop).buildkit);
  const archive::ContextPlan context =
      archive::prepare_context({step.folder, step.dockerfile, buildkit, step.dockerfile_text});
  engine::BuildRequest request;
  request.write_context = [&](const std::function<void(std::string_view)>& sink) {
    archive::write_context(context, sink, stop);
  };
  request.dockerfile = context.dockerfile_name;
  request.tags = step.tags;
  request.arguments = step.arguments;
  request.labels = step.labels;
  request.target = step.target;
  request.platform = step.platform;
  request.network = step.network;
  request.no_cache = step.no_cache;
  request.pull = step.pull;
  request.builder = builder_of(step.builder);
  request.cache_from = step.cache_from;
  request.extra_hosts = step.extra_hosts;
  request.shm_size = step.shm_size;
  request.ulimits = step.ulimits;
  try {
    return engine.build(request, progress, stop);
  } catch (const EngineError& error) {
    // Once the cached step is gone, it is simply run again.
    if (error.cause() != EngineError::Cause::stale_cache) throw;
  }
  return engine.build(request, progress, stop);
}

}  // namespace belay::exec
