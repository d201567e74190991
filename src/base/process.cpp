#include "base/process.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

struct Pipe {
  Fd read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
};

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* raw() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// Signals that Belay blocks or ignores must be normal again in the other program.
class SpawnAttributes {
 public:
  explicit SpawnAttributes(bool own_group) {
    posix_spawnattr_init(&attributes_);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGWINCH, SIGQUIT}) sigaddset(&usual, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                              (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
  posix_spawnattr_t* raw() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// A child that does not read its input must not end us by SIGPIPE; the write fails with EPIPE instead. Blocked for this
// thread only, not ignored for the process: that is the program's to choose.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t sigpipe_{}, before_{};
};

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int reaped(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code(status);
}

// Ends the child, or its whole group: that one is asked first, and has a moment to take its work back.
void end(pid_t child, bool group) {
  if (group) {
    ::kill(-child, SIGTERM);
    constexpr int moments = 300;
    siginfo_t info{};
    for (int i = 0; i < moments; ++i) {
      info.si_pid = 0;
      // It stays a zombie, so that the group's number cannot be anybody else's yet.
      if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) break;
      ::poll(nullptr, 0, 10);
    }
  }
  ::kill(group ? -child : child, SIGKILL);
  reaped(child);
}

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

ProcessResult run_process(const ProcessRequest& request, std::stop_token stop) {
  const auto program = find_program(request.command.at(0));
  if (!program) throw NotFound(format("the program {} is not installed", request.command[0]));
  std::vector<std::string> arguments = request.command;
  std::vector<std::string> environment = environment_with(request.environment);

  Pipe input, output, errors;
  SpawnActions actions;
  const bool own_group = request.own_group;
  SpawnAttributes process(own_group);
  posix_spawn_file_actions_adddup2(actions.raw(), input.read.raw(), 0);
  posix_spawn_file_actions_adddup2(actions.raw(), output.write.raw(), 1);
  posix_spawn_file_actions_adddup2(actions.raw(), errors.write.raw(), 2);
  if (!request.folder.empty()) posix_spawn_file_actions_addchdir_np(actions.raw(), request.folder.c_str());
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, program->c_str(), actions.raw(), process.raw(), pointers(arguments).data(),
                                    pointers(environment).data());
  if (failure != 0) throw system_error(format("starting {}", program->string()), failure);
  input.read.close();
  output.write.close();
  errors.write.close();

  ProcessResult result;
  const NoSigpipe no_sigpipe;
  std::string_view rest = request.input;
  if (rest.empty()) input.write.close();
  const auto start = std::chrono::steady_clock::now();
  const auto give_up = [&](const Error& error) -> void {
    end(child, request.own_group);
    throw error;
  };
  ::fcntl(input.write ? input.write.raw() : output.read.raw(), F_SETFL, O_NONBLOCK);
  const auto give_up_in_time = [&] {
    if (stop.stop_requested()) {
      end(child, request.own_group);
      throw Cancelled();
    }
    if (request.deadline.count() > 0 && std::chrono::steady_clock::now() - start > request.deadline)
      give_up(Error(format("{} did not end within {}", request.command[0], duration_text(request.deadline))));
  };
  const auto take_errors = [&](std::string_view bytes) {
    if (!request.on_errors) {
      result.errors += bytes;
      return;
    }
    try {
      request.on_errors(bytes);
    } catch (...) {
      end(child, request.own_group);
      throw;
    }
  };
  while (output.read || errors.read) {
    give_up_in_time();
    pollfd polled[3] = {
        {output.read.raw(), POLLIN, 0}, {errors.read.raw(), POLLIN, 0}, {input.write.raw(), POLLOUT, 0}};
    if (::poll(polled, 3, 50) < 0 && errno != EINTR) give_up(system_error("waiting for a process", errno));
    if (polled[0].revents != 0) drain(output.read, [&](std::string_view bytes) { result.output += bytes; });
    if (polled[1].revents != 0) drain(errors.read, take_errors);
    if (polled[2].revents != 0 && input.write) {
      const ssize_t count = ::write(input.write.raw(), rest.data(), rest.size());
      if (count > 0) rest.remove_prefix(static_cast<size_t>(count));
      if (rest.empty() || (count < 0 && errno != EAGAIN && errno != EINTR)) input.write.close();
    }
  }
  // Nobody reads its input any more either, or it will never come.
  input.write.close();
  // One that closed its streams may still run.
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (ended < 0 && errno != EINTR) throw system_error("waiting for a process", errno);
    give_up_in_time();
    ::poll(nullptr, 0, 1);
  }
  result.exit_code = exit_code(status);
  return result;
}

}  // namespace belay
