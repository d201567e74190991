#include "look/inside.h"

#include <algorithm>

#include "base/format.h"
#include "look/look.h"
#include "look/merged_logs.h"

namespace belay::look {

namespace {

std::string running_container(change::Context& context, const Target& target, std::stop_token stop) {
  const std::string container = container_of(context, target, {}, stop);
  const auto detail = context.engine.container(container, stop);
  if (!detail || detail->container.state != ContainerState::running)
    throw Error(ErrorCode::not_running,
                format("{} does not run (its container {} is {})", target.text(), container,
                       detail ? to_text(detail->container.state) : std::string_view("gone")),
                format("Start it with: belay start {}", target.text()));
  return container;
}

// Each container once, however many of the targets it is one of.
std::vector<NamedContainer> containers_of_all(change::Context& context, const std::vector<Target>& targets,
                                              const std::string& which, std::stop_token stop) {
  std::vector<NamedContainer> containers;
  for (const auto& target : targets)
    for (const auto& found : containers_of(context, target, which, stop))
      if (std::none_of(containers.begin(), containers.end(),
                       [&](const NamedContainer& known) { return known.container == found.container; }))
        containers.push_back(found);
  return containers;
}

}  // namespace

std::vector<ContainerProcesses> processes(change::Context& context, const std::vector<Target>& targets,
                                          std::stop_token stop) {
  std::vector<ContainerProcesses> all;
  for (const auto& [service, container] : containers_of_all(context, targets, {}, stop)) {
    try {
      all.push_back({service, container, context.engine.processes(container, stop)});
    } catch (const Conflict&) {
      // It does not run; `belay ps` shows that.
      continue;
    } catch (const NotFound&) {
      continue;
    }
  }
  return all;
}

void logs(change::Context& context, const std::vector<Target>& targets, const std::string& which,
          const LogRequest& request, const LogSink& sink, std::stop_token stop) {
  const auto containers = containers_of_all(context, targets, which, stop);
  if (containers.size() > 1) {
    merged_logs(context.engine, containers, request, sink, stop);
    return;
  }
  context.engine.logs(
      containers.front().container, request,
      [&](OutputStream stream, std::string_view bytes) { sink({}, stream, bytes); }, stop);
}

int shell(change::Context& context, const Target& target, ExecRequest request, Terminal& terminal,
          std::stop_token stop) {
  const std::string container = running_container(context, target, stop);
  if (request.command.empty())
    request.command = {"sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"};
  return doing(format("in the container {}", container),
               [&] { return context.engine.exec(container, request, terminal, stop); });
}

std::optional<int> attach(change::Context& context, const Target& target, Terminal& terminal, std::stop_token stop) {
  const std::string container = running_container(context, target, stop);
  return context.engine.attach(container, terminal, stop);
}

}  // namespace belay::look
