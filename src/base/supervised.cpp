#include "base/supervised.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/spawn.h"

namespace belay {

namespace {

constexpr int cannot_start = 127;

struct PipeEnds {
  Fd read, write;
};

PipeEnds make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> addresses(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// All that the two processes below need, made before the fork: between fork and exec of a program with several threads
// nothing may be allocated.
struct Prepared {
  std::vector<std::string> arguments, environment;
  std::vector<char*> argv, envp;
  std::string folder;
  int output = -1;  // -1: our own streams
  int null_input = -1;
  int alive = -1;     // ends when we do
  int failure = -1;   // gets errno where the program cannot be started
  int terminal = -1;  // that the group gets; -1: none
  timespec grace{};
};

void usual_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGWINCH, SIGQUIT, SIGTTOU, SIGTTIN, SIGTSTP, SIGCHLD})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become_program(const Prepared& prepared) {
  usual_signals();
  if (prepared.output >= 0 &&
      (::dup2(prepared.null_input, 0) < 0 || ::dup2(prepared.output, 1) < 0 || ::dup2(prepared.output, 2) < 0))
    ::_exit(cannot_start);
  if (prepared.folder.empty() || ::chdir(prepared.folder.c_str()) == 0)
    ::execve(prepared.argv.front(), prepared.argv.data(), prepared.envp.data());
  const int error = errno;
  static_cast<void>(!::write(prepared.failure, &error, sizeof error));
  ::_exit(cannot_start);
}

void ignore_it(int) {}

// The keeper leads the group and outlives us: when we are gone, killed or not, it ends the group. It is told so by the
// pipe that only we hold open.
[[noreturn]] void keep(const Prepared& prepared) {
  ::setpgid(0, 0);
  // The terminal is the group's before the program can read from it.
  if (prepared.terminal >= 0) {
    ::signal(SIGTTOU, SIG_IGN);
    ::tcsetpgrp(prepared.terminal, ::getpgrp());
  }
  // What ends the group must not end its keeper first.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP}) ::signal(signal, SIG_IGN);
  struct sigaction on_child{};
  on_child.sa_handler = ignore_it;
  ::sigaction(SIGCHLD, &on_child, nullptr);
  sigset_t child, none;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &child, nullptr);
  const pid_t program = ::fork();
  if (program == 0) become_program(prepared);
  if (program < 0) {
    const int error = errno;
    static_cast<void>(!::write(prepared.failure, &error, sizeof error));
    ::_exit(cannot_start);
  }
  ::close(prepared.failure);
  if (prepared.output >= 0) ::close(prepared.output);
  for (;;) {
    int status = 0;
    if (::waitpid(program, &status, WNOHANG | WUNTRACED) == program) {
      if (!WIFSTOPPED(status)) ::_exit(exit_code_of(status));
      // Nobody could continue it: the shell only knows of us.
      ::kill(0, SIGCONT);
    }
    pollfd us{prepared.alive, POLLIN, 0};
    if (::ppoll(&us, 1, nullptr, &none) <= 0) continue;
    // We are gone.
    ::kill(0, SIGTERM);
    timespec rest = prepared.grace;
    ::sigtimedwait(&child, nullptr, &rest);
    ::kill(0, SIGKILL);
  }
}

class TerminalLoan {
 public:
  explicit TerminalLoan(bool wanted) {
    if (!wanted || ::isatty(0) == 0 || ::tcgetpgrp(0) != ::getpgrp()) return;
    lent_ = true;
    before_ = ::signal(SIGTTOU, SIG_IGN);
  }
  TerminalLoan(const TerminalLoan&) = delete;
  TerminalLoan& operator=(const TerminalLoan&) = delete;
  ~TerminalLoan() {
    if (!lent_) return;
    take();
    ::signal(SIGTTOU, before_);
  }
  int terminal() const { return lent_ ? 0 : -1; }
  void give(pid_t group) const {
    if (lent_) ::tcsetpgrp(0, group);
  }
  void take() const {
    if (lent_) ::tcsetpgrp(0, ::getpgrp());
  }

 private:
  bool lent_ = false;
  void (*before_)(int) = nullptr;
};

class Supervision {
 public:
  Supervision(const SupervisedRequest& request, std::stop_token stop)
      : request_(request), stop_(std::move(stop)), terminal_(!request.on_output) {}

  int run() {
    start();
    const Ticks begun = std::chrono::steady_clock::now();
    try {
      while (!has_ended()) {
        take_output(50);
        if (stop_.stop_requested()) throw Cancelled();
        if (request_.watch) request_.watch();
        if (request_.deadline && std::chrono::steady_clock::now() - begun > *request_.deadline)
          throw Error(ErrorCode::timed_out, format("it took longer than {}", duration_text(*request_.deadline)),
                      "The option --timeout says how long it may take.");
      }
    } catch (...) {
      alive_.write.close();
      end_process(keeper_, true, request_.grace);
      throw;
    }
    // Our end closes only now: the keeper has gone.
    while (take_output(0)) {
    }
    return exit_code_;
  }

 private:
  void start() {
    Prepared prepared;
    prepared.arguments = request_.command;
    for (const auto& [name, value] : request_.environment) prepared.environment.push_back(name + "=" + value);
    prepared.argv = addresses(prepared.arguments);
    prepared.envp = addresses(prepared.environment);
    prepared.folder = request_.folder.string();
    prepared.terminal = terminal_.terminal();
    alive_ = make_pipe();
    PipeEnds failure = make_pipe();
    PipeEnds output;
    Fd null_input;
    if (request_.on_output) {
      output = make_pipe();
      null_input = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      prepared.output = output.write.raw();
      prepared.null_input = null_input.raw();
    }
    prepared.alive = alive_.read.raw();
    prepared.failure = failure.write.raw();
    const auto seconds = std::chrono::duration_cast<Seconds>(request_.grace);
    prepared.grace = {seconds.count(), 0};
    keeper_ = ::fork();
    if (keeper_ < 0) throw system_error(format("starting {}", request_.command.front()), errno);
    if (keeper_ == 0) {
      ::close(alive_.write.raw());
      keep(prepared);
    }
    ::setpgid(keeper_, keeper_);
    terminal_.give(keeper_);
    alive_.read.close();
    failure.write.close();
    output.write.close();
    output_ = std::move(output.read);
    if (output_) ::fcntl(output_.raw(), F_SETFL, O_NONBLOCK);
    int error = 0;
    ssize_t got = 0;
    while ((got = ::read(failure.read.raw(), &error, sizeof error)) < 0 && errno == EINTR) {
    }
    if (got <= 0) return;
    end_process(keeper_, true, Milliseconds(0));
    throw system_error(format("starting {}", request_.command.front()), error);
  }

  bool has_ended() {
    int status = 0;
    const pid_t changed = ::waitpid(keeper_, &status, WNOHANG);
    if (changed != keeper_) return false;
    exit_code_ = exit_code_of(status);
    // A keeper that was killed has left the rest of its group behind.
    if (WIFSIGNALED(status)) ::kill(-keeper_, SIGKILL);
    return true;
  }

  // False: there is none now.
  bool take_output(int milliseconds) {
    if (!output_) {
      if (milliseconds > 0) ::poll(nullptr, 0, milliseconds);
      return false;
    }
    pollfd ready{output_.raw(), POLLIN, 0};
    if (::poll(&ready, 1, milliseconds) <= 0) return false;
    char room[16 << 10];
    const ssize_t got = ::read(output_.raw(), room, sizeof room);
    if (got <= 0) {
      if (got == 0) output_.close();
      return false;
    }
    request_.on_output({room, static_cast<size_t>(got)});
    return true;
  }

  const SupervisedRequest& request_;
  const std::stop_token stop_;
  const TerminalLoan terminal_;
  PipeEnds alive_;
  Fd output_;
  pid_t keeper_ = 0;
  int exit_code_ = 0;
};

}  // namespace

int run_supervised(const SupervisedRequest& request, std::stop_token stop) {
  return Supervision(request, std::move(stop)).run();
}

}  // namespace belay
