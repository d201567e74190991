#pragma once
// What a container writes, and sessions inside it.

#include <functional>

#include "change/context.h"
#include "engine/engine.h"

namespace belay::look {

// What a log is handed to: of one container its bytes as they are, with no service; of several whole lines without
// their ends, with the service that wrote each ("web", "web/2").
using LogSink = std::function<void(const std::string& service, OutputStream stream, std::string_view bytes_or_line)>;

// The logs of the targets' containers, of several as one by time. `which` as in container_of (look.h).
void logs(change::Context& context, const std::vector<Target>& targets, const std::string& which,
          const LogRequest& request, const LogSink& sink, std::stop_token stop);

// Runs a command in the target's running container, of several the first; no command: a shell, bash where the image has
// it, else sh. The command's exit code. Throws Error where the container does not run or has no such program.
int shell(change::Context& context, const Target& target, ExecRequest request, Terminal& terminal,
          std::stop_token stop);

// What runs in the target's containers, of those that do not run nothing.
struct ContainerProcesses {
  std::string service, container;  // the service as in LogSink
  engine::Processes processes;
};
std::vector<ContainerProcesses> processes(change::Context& context, const std::vector<Target>& targets,
                                          std::stop_token stop);

// Connects the terminal to the container's own process; its exit code where it ended.
std::optional<int> attach(change::Context& context, const Target& target, Terminal& terminal, std::stop_token stop);

}  // namespace belay::look
