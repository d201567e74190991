#include "base/spawn.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"

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

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

int reaped(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of(status);
}

}  // namespace

Spawned spawn(SpawnRequest request) {
  Pipe input, output, errors;
  SpawnActions actions;
  SpawnAttributes attributes(request.own_group);
  const bool has_stream = request.stream >= 0;
  posix_spawn_file_actions_adddup2(actions.raw(), has_stream ? request.stream : input.read.raw(), 0);
  posix_spawn_file_actions_adddup2(actions.raw(), has_stream ? request.stream : output.write.raw(), 1);
  posix_spawn_file_actions_adddup2(actions.raw(), request.errors >= 0 ? request.errors : errors.write.raw(), 2);
  if (!request.folder.empty()) posix_spawn_file_actions_addchdir_np(actions.raw(), request.folder.c_str());
  Spawned spawned;
  const int failure = ::posix_spawn(&spawned.pid, request.program.c_str(), actions.raw(), attributes.raw(),
                                    pointers(request.arguments).data(), pointers(request.environment).data());
  if (failure != 0) throw system_error(format("starting {}", request.program.string()), failure);
  if (!has_stream) {
    spawned.input = std::move(input.write);
    spawned.output = std::move(output.read);
  }
  if (request.errors < 0) spawned.errors = std::move(errors.read);
  return spawned;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added, std::string_view without) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!without.empty() && text.starts_with(without)) continue;
    if (!added.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int end_process(pid_t child, bool group, Milliseconds grace) {
  if (group) {
    ::kill(-child, SIGTERM);
    const Ticks limit = std::chrono::steady_clock::now() + grace;
    siginfo_t info{};
    do {
      info.si_pid = 0;
      // It stays a zombie, so that the group's number cannot be anybody else's yet.
      if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) break;
      ::poll(nullptr, 0, 10);
    } while (std::chrono::steady_clock::now() < limit);
  }
  ::kill(group ? -child : child, SIGKILL);
  return reaped(child);
}

NoSigpipe::NoSigpipe() {
  sigemptyset(&sigpipe_);
  sigaddset(&sigpipe_, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
}

NoSigpipe::~NoSigpipe() {
  if (sigismember(&before_, SIGPIPE) == 1) return;
  const timespec at_once{};
  while (sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace belay
