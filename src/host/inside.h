#pragma once
// What a container writes, and sessions inside it.

#include "host/context.h"

namespace belay::host {

// `which` as in container_of (look.h).
void logs(Context& context, const AppName& name, const std::string& which, const engine::LogRequest& request,
          const engine::OutputSink& sink, std::stop_token stop);

// Runs a command in the app's running container; no command: a shell, bash where the image has it, else sh. The
// command's exit code. Throws Error where the container does not run or has no such program.
int shell(Context& context, const AppName& name, engine::ExecRequest request, engine::Terminal& terminal,
          std::stop_token stop);

// Connects the terminal to the container's own process; its exit code where it ended.
std::optional<int> attach(Context& context, const AppName& name, engine::Terminal& terminal, std::stop_token stop);

}  // namespace belay::host
