#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/process.h"
#include "base/spawn.h"
#include "base/text.h"
#include "net/stream.h"
#include "net/wait.h"

namespace belay::net {

namespace {

class SocketStream : public Stream {
 public:
  explicit SocketStream(Fd socket) : socket_(std::move(socket)) {}

  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    while (true) {
      obey(stop);
      const auto count = ::recv(socket_.raw(), into.data(), into.size(), MSG_DONTWAIT);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EAGAIN)
        wait_until(POLLIN, deadline, stop);
      else if (errno != EINTR)
        fail("reading from the connection", errno);
    }
  }

  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    while (!bytes.empty()) {
      obey(stop);
      const auto count = ::send(socket_.raw(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0)
        bytes.remove_prefix(static_cast<std::size_t>(count));
      else if (errno == EAGAIN)
        wait_until(POLLOUT, deadline, stop);
      else if (errno != EINTR)
        fail("writing to the connection", errno);
    }
  }

  std::size_t write_until_readable(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
      obey(stop);
      short ready = ready_now(POLLIN | POLLOUT);
      if (ready == 0) ready = wait_until(POLLIN | POLLOUT, deadline, stop);
      // Includes POLLHUP and POLLERR: the next reading finds out what they mean.
      if (ready != POLLOUT) break;
      const auto count = ::send(socket_.raw(), bytes.data() + taken, bytes.size() - taken, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0)
        taken += static_cast<std::size_t>(count);
      else if (errno == EPIPE || errno == ECONNRESET)
        break;
      else if (errno != EINTR && errno != EAGAIN)
        fail("writing to the connection", errno);
    }
    return taken;
  }

  void finish_writing(Ticks, std::stop_token) override {
    // A peer that is gone already needs no word that we are done.
    if (::shutdown(socket_.raw(), SHUT_WR) != 0 && errno != ENOTCONN) fail("ending the connection", errno);
  }

  bool is_quiet() override { return ready_now(POLLIN) == 0; }

 private:
  short ready_now(short events) const {
    pollfd watched{socket_.raw(), events, 0};
    return ::poll(&watched, 1, 0) > 0 ? watched.revents : short{0};
  }

  short wait_until(short events, Ticks deadline, const std::stop_token& stop) const {
    const short ready = wait_for(socket_.raw(), events, deadline, stop);
    if (ready == 0) throw StreamError(ETIMEDOUT, "the peer was silent for too long");
    return ready;
  }

  [[noreturn]] static void fail(std::string_view activity, int error_number) {
    throw StreamError(error_number, system_error(activity, error_number).what());
  }

  Fd socket_;
};

// Ends with the stream. What it says is told where it never answered.
class ProgramStream final : public SocketStream {
 public:
  ProgramStream(Fd socket, Fd errors, pid_t program, std::string name)
      : SocketStream(std::move(socket)), errors_(std::move(errors)), program_(program), name_(std::move(name)) {}
  ~ProgramStream() override {
    constexpr Milliseconds grace{500};
    end_process(program_, true, grace);
  }

 private:
  // First, because its type is deduced.
  template <class Work>
  auto heeding_its_end(Work&& work) {
    try {
      return work();
    } catch (const StreamError& error) {
      const bool is_gone = error.error_number() == ECONNRESET || error.error_number() == EPIPE;
      if (is_gone && !has_answered_) throw never_answered();
      throw;
    }
  }

 public:
  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    const std::size_t count = heeding_its_end([&] { return SocketStream::read_some(into, deadline, std::move(stop)); });
    if (count == 0 && !has_answered_) throw never_answered();
    has_answered_ = true;
    return count;
  }
  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    heeding_its_end([&] { SocketStream::write_all(bytes, deadline, std::move(stop)); });
  }

 private:
  ConnectError never_answered() const {
    std::string said(4096, '\0');
    const auto size = ::pread(errors_.raw(), said.data(), said.size(), 0);
    said.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::string words = last_words(said);
    return {EHOSTUNREACH, format("{} made no connection{}", name_, words.empty() ? "" : ": " + words)};
  }

  const Fd errors_;
  const pid_t program_;
  const std::string name_;
  bool has_answered_ = false;
};

ConnectError connect_error(const std::string& peer, int error_number) {
  return ConnectError(error_number, system_error(format("connecting to {}", peer), error_number).what());
}

Fd new_socket(int family, const std::string& peer) {
  Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) throw connect_error(peer, errno);
  return socket;
}

// errno's value, 0 when connected.
int try_to_connect(const Fd& socket, const sockaddr* address, socklen_t size, Ticks deadline,
                   const std::stop_token& stop) {
  obey(stop);
  while (::connect(socket.raw(), address, size) != 0) {
    if (errno == EAGAIN) {
      // Only unix sockets: the server's queue is full, and nothing tells when it has room again.
      constexpr Milliseconds pause{10};
      const auto now = std::chrono::steady_clock::now();
      if (now >= deadline) return ETIMEDOUT;
      wait_for(-1, 0, std::min(deadline, now + pause), stop);
      continue;
    }
    if (errno == EISCONN) return 0;
    if (errno != EINPROGRESS && errno != EINTR && errno != EALREADY) return errno;
    if (wait_for(socket.raw(), POLLOUT, deadline, stop) == 0) return ETIMEDOUT;
    int error_number = 0;
    socklen_t length = sizeof error_number;
    ::getsockopt(socket.raw(), SOL_SOCKET, SO_ERROR, &error_number, &length);
    return error_number;
  }
  return 0;
}

struct FreeAddresses {
  void operator()(addrinfo* first) const { ::freeaddrinfo(first); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string without_brackets(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') return host.substr(1, host.size() - 2);
  return host;
}

Addresses look_up(const TcpAddress& address) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int result =
      ::getaddrinfo(without_brackets(address.host).c_str(), std::to_string(address.port).c_str(), &wanted, &found);
  if (result == EAI_SYSTEM) throw connect_error(address.text(), errno);
  if (result != 0)
    throw ConnectError(EHOSTUNREACH, format("looking up the host {}: {}", address.host, ::gai_strerror(result)));
  return Addresses(found);
}

// A share of the time that is left, so that an address that swallows packets leaves some for those behind it.
Ticks share_of(Ticks deadline, int addresses_left) {
  if (deadline == no_deadline) return deadline;
  const auto now = std::chrono::steady_clock::now();
  return now + (deadline - now) / addresses_left;
}

}  // namespace

std::unique_ptr<Stream> connect_by_program(const std::vector<std::string>& command) {
  const auto program = find_program(command.at(0));
  if (!program) throw NotFound(format("the program {} is not installed", printable(command[0])));
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw system_error("making a socket", errno);
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  Fd errors(::memfd_create("errors", MFD_CLOEXEC));
  if (!errors) throw system_error("keeping what a program says", errno);
  SpawnRequest request{*program, command, environment_with({}, "BELAY_")};
  request.own_group = true;
  request.stream = theirs.raw();
  request.errors = errors.raw();
  const Spawned spawned = spawn(std::move(request));
  return std::make_unique<ProgramStream>(std::move(ours), std::move(errors), spawned.pid, command[0]);
}

std::unique_ptr<Stream> connect_unix(const fs::path& socket, Ticks deadline, const std::stop_token& stop) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& path = socket.native();
  if (path.size() >= sizeof address.sun_path) throw connect_error(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd connection = new_socket(AF_UNIX, path);
  const int error_number =
      try_to_connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline, stop);
  if (error_number != 0) throw connect_error(path, error_number);
  return std::make_unique<SocketStream>(std::move(connection));
}

std::string TcpAddress::text() const {
  const auto bare = without_brackets(host);
  return bare.find(':') == std::string::npos ? format("{}:{}", bare, port) : format("[{}]:{}", bare, port);
}

std::unique_ptr<Stream> connect_tcp(const TcpAddress& address, Ticks deadline, const std::stop_token& stop) {
  obey(stop);
  const Addresses addresses = look_up(address);
  int left = 0;
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next) ++left;
  int error_number = EHOSTUNREACH;
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next, --left) {
    Fd connection(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // A host without IPv6 still has IPv4.
    if (!connection) {
      error_number = errno;
      continue;
    }
    error_number = try_to_connect(connection, each->ai_addr, each->ai_addrlen, share_of(deadline, left), stop);
    if (error_number != 0) continue;
    const int on = 1;
    ::setsockopt(connection.raw(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Events and logs may be silent for days: without this, a peer that lost its power would never be noticed.
    ::setsockopt(connection.raw(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return std::make_unique<SocketStream>(std::move(connection));
  }
  throw connect_error(address.text(), error_number);
}

}  // namespace belay::net
