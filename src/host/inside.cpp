#include "host/inside.h"

#include "base/format.h"
#include "host/look.h"

namespace belay::host {

namespace {

std::string running_container(Context& context, const AppName& name, std::stop_token stop) {
  const std::string container = container_of(context, name, {}, stop);
  const auto detail = context.engine.container(container, stop);
  if (!detail || detail->container.state != ContainerState::running)
    throw Error(ErrorCode::not_running,
                format("{} does not run (its container {} is {})", name.text(), container,
                       detail ? to_text(detail->container.state) : std::string_view("gone")),
                format("Start it with: belay start {}", name.text()));
  return container;
}

}  // namespace

void logs(Context& context, const AppName& name, const std::string& which, const engine::LogRequest& request,
          const engine::OutputSink& sink, std::stop_token stop) {
  context.engine.logs(container_of(context, name, which, stop), request, sink, stop);
}

int shell(Context& context, const AppName& name, engine::ExecRequest request, engine::Terminal& terminal,
          std::stop_token stop) {
  const std::string container = running_container(context, name, stop);
  if (request.command.empty())
    request.command = {"sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi"};
  return doing(format("in the container {}", container),
               [&] { return context.engine.exec(container, request, terminal, stop); });
}

std::optional<int> attach(Context& context, const AppName& name, engine::Terminal& terminal, std::stop_token stop) {
  const std::string container = running_container(context, name, stop);
  return context.engine.attach(container, terminal, stop);
}

}  // namespace belay::host
