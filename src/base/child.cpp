#include "base/child.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/text.h"

namespace belay {

namespace {

constexpr std::size_t errors_limit = 16 << 10;
// How often a wait looks for a stop.
constexpr int tick_ms = 50;

Spawned started(const ChildRequest& request) {
  SpawnRequest wanted;
  wanted.program = installed_program(request.command.at(0));
  wanted.arguments = request.command;
  wanted.environment = environment_with(request.environment, "BELAY_");
  wanted.own_group = true;
  return spawn(std::move(wanted));
}

Ticks now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Child::Child(const ChildRequest& request)
    : name_(fs::path(request.command.at(0)).filename().string()), grace_(request.grace) {
  Spawned spawned = started(request);
  pid_ = spawned.pid;
  input_ = std::move(spawned.input);
  output_ = std::move(spawned.output);
  errors_pipe_ = std::move(spawned.errors);
  for (const Fd* pipe : {&input_, &output_, &errors_pipe_}) ::fcntl(pipe->raw(), F_SETFL, O_NONBLOCK);
  // Larger pipes, fewer changes between the two programs; where that is not allowed, the usual ones do.
  for (const Fd* pipe : {&input_, &output_}) ::fcntl(pipe->raw(), F_SETPIPE_SZ, 256 << 10);
}

Child::~Child() {
  end();
}

void Child::write(std::string_view bytes, std::stop_token stop) {
  while (!bytes.empty()) bytes.remove_prefix(write_some(bytes, stop));
}

std::size_t Child::write_some(std::string_view bytes, std::stop_token stop) {
  const NoSigpipe no_sigpipe;
  const Ticks since = now();
  for (;;) {
    if (stop.stop_requested()) throw Cancelled();
    if (!input_) throw failure();
    const ssize_t count = ::write(input_.raw(), bytes.data(), bytes.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw failure();
    await(input_, POLLOUT, since, stop);
  }
}

void Child::close_input() {
  input_.close();
}

std::size_t Child::read(std::span<char> room, std::stop_token stop) {
  const Ticks since = now();
  while (output_) {
    // Also where more is always there.
    if (stop.stop_requested()) throw Cancelled();
    const ssize_t count = ::read(output_.raw(), room.data(), room.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) {
      output_.close();
      break;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) throw system_error(format("reading from {}", name_), errno);
    await(output_, POLLIN, since, stop);
  }
  return 0;
}

int Child::wait(std::stop_token stop) {
  close_input();
  const Ticks since = now();
  // The end of its streams is no sign: something that it started and that goes on may hold them open.
  while (!reap()) {
    give_up_in_time(since, stop);
    pollfd polled[2] = {{output_.raw(), POLLIN, 0}, {errors_pipe_.raw(), POLLIN, 0}};
    ::poll(polled, 2, output_ || errors_pipe_ ? 20 : 1);
    take_errors();
    char thrown_away[16384];
    if (output_) {
      const ssize_t count = ::read(output_.raw(), thrown_away, sizeof thrown_away);
      if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) output_.close();
    }
  }
  return *exit_code_;
}

void Child::end() noexcept {
  if (!exit_code_) {
    exit_code_ = end_process(pid_, true, grace_);
    take_errors();
  }
  input_.close();
  output_.close();
  errors_pipe_.close();
}

Error Child::failure() {
  constexpr std::chrono::seconds moment{2};
  const Ticks limit = now() + moment;
  while (!reap() && now() < limit) {
    pollfd polled{errors_pipe_.raw(), POLLIN, 0};
    ::poll(&polled, 1, errors_pipe_ ? 20 : 1);
    take_errors();
  }
  const std::string how =
      exit_code_ ? format("{} ended with exit code {}", name_, *exit_code_) : format("{} stopped responding", name_);
  const std::string words = last_words(errors_);
  return Error(ErrorCode::program_failed, words.empty() ? how : format("{}: {}", how, words));
}

void Child::await(const Fd& pipe, short events, Ticks since, std::stop_token stop) {
  give_up_in_time(since, stop);
  pollfd polled[2] = {{pipe.raw(), events, 0}, {errors_pipe_.raw(), POLLIN, 0}};
  if (::poll(polled, 2, tick_ms) < 0 && errno != EINTR) throw system_error(format("waiting for {}", name_), errno);
  if (polled[1].revents != 0) take_errors();
}

void Child::give_up_in_time(Ticks since, const std::stop_token& stop) const {
  if (stop.stop_requested()) throw Cancelled();
  if (patience_.count() > 0 && now() - since > patience_)
    throw Error(ErrorCode::program_failed, format("{} did nothing for {}", name_, duration_text(patience_)));
}

void Child::take_errors() {
  char buffer[4096];
  while (errors_pipe_) {
    const ssize_t count = ::read(errors_pipe_.raw(), buffer, sizeof buffer);
    if (count > 0) {
      errors_.append(buffer, static_cast<std::size_t>(count));
      if (errors_.size() > 2 * errors_limit) errors_.erase(0, errors_.size() - errors_limit);
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || errno != EAGAIN) errors_pipe_.close();
    return;
  }
}

bool Child::reap() {
  if (exit_code_) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  exit_code_ = exit_code_of(status);
  take_errors();
  return true;
}

std::string last_words(std::string_view errors) {
  constexpr std::size_t lines_limit = 4, length_limit = 600;
  std::vector<std::string> lines;
  for (const auto& line : split(errors, '\n')) {
    // A line without a letter is decoration.
    const auto words = trim(line);
    if (words.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos)
      lines.push_back(printable(words));
  }
  if (lines.size() > lines_limit) lines.erase(lines.begin(), lines.end() - lines_limit);
  std::string text = join(lines, "; ");
  if (text.size() > length_limit) text = "…" + text.substr(text.size() - length_limit);
  return text;
}

}  // namespace belay
