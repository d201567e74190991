#include "base/process.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/spawn.h"
#include "base/text.h"

namespace belay {

namespace {

template <class Take>
void drain(Fd& from, Take&& take) {
  char buffer[16384];
  const ssize_t count = ::read(from.raw(), buffer, sizeof buffer);
  if (count > 0) take(std::string_view(buffer, static_cast<size_t>(count)));
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) from.close();
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (::access(name.c_str(), X_OK) == 0) return name;
    return {};
  }
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    fs::path candidate = fs::path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0 && fs::is_regular_file(candidate)) return candidate;
  }
  return {};
}

fs::path installed_program(const std::string& name) {
  if (auto program = find_program(name)) return std::move(*program);
  throw NotFound(ErrorCode::program_missing, format("the program {} is not installed", name));
}

ProcessResult run_process(const ProcessRequest& request, std::stop_token stop) {
  SpawnRequest wanted;
  wanted.program = installed_program(request.command.at(0));
  wanted.arguments = request.command;
  wanted.environment = environment_with(request.environment, {});
  wanted.folder = request.folder;
  wanted.own_group = request.own_group;
  Spawned spawned = spawn(std::move(wanted));
  const pid_t child = spawned.pid;
  Fd &input = spawned.input, &output = spawned.output, &errors = spawned.errors;

  constexpr Milliseconds grace{3'000};
  ProcessResult result;
  const NoSigpipe no_sigpipe;
  std::string_view rest = request.input;
  if (rest.empty()) input.close();
  const auto start = std::chrono::steady_clock::now();
  const auto give_up = [&](const Error& error) -> void {
    end_process(child, request.own_group, grace);
    throw error;
  };
  ::fcntl(input ? input.raw() : output.raw(), F_SETFL, O_NONBLOCK);
  const auto give_up_in_time = [&] {
    if (stop.stop_requested()) {
      end_process(child, request.own_group, grace);
      throw Cancelled();
    }
    if (request.deadline.count() > 0 && std::chrono::steady_clock::now() - start > request.deadline)
      give_up(Error(ErrorCode::timed_out,
                    format("{} did not end within {}", request.command[0], duration_text(request.deadline))));
  };
  // Whoever listens may have had enough.
  const auto tell = [&](const auto& listener, const auto& what) {
    try {
      listener(what);
    } catch (...) {
      end_process(child, request.own_group, grace);
      throw;
    }
  };
  const auto take_errors = [&](std::string_view bytes) {
    if (request.on_errors)
      tell(request.on_errors, bytes);
    else
      result.errors += bytes;
  };
  const auto take_output = [&](std::string_view bytes) {
    if (request.on_output)
      tell(request.on_output, bytes);
    else
      result.output += bytes;
  };
  while (output || errors) {
    give_up_in_time();
    pollfd polled[3] = {{output.raw(), POLLIN, 0}, {errors.raw(), POLLIN, 0}, {input.raw(), POLLOUT, 0}};
    if (::poll(polled, 3, 50) < 0 && errno != EINTR) give_up(system_error("waiting for a process", errno));
    if (request.while_it_runs) tell(request.while_it_runs, child);
    if (polled[0].revents != 0) drain(output, take_output);
    if (polled[1].revents != 0) drain(errors, take_errors);
    if (polled[2].revents != 0 && input) {
      const ssize_t count = ::write(input.raw(), rest.data(), rest.size());
      if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
      if (rest.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) input.close();
    }
  }
  // Nobody reads its input any more either, or it will never come.
  input.close();
  // One that closed its streams may still run.
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) throw system_error("waiting for a process", errno);
    give_up_in_time();
    ::poll(nullptr, 0, 1);
  }
  result.exit_code = exit_code_of(status);
  return result;
}

}  // namespace belay
