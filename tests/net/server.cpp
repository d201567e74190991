#include "server.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/format.h"

namespace belay::net::test {

Connection::Connection(int fd, SSL_CTX* tls) : fd_(fd) {
  std::unique_ptr<SSL, void (*)(SSL*)> session(SSL_new(tls), SSL_free);
  SSL_set_fd(session.get(), fd);
  if (SSL_accept(session.get()) == 1) session_ = std::move(session);
}

bool Connection::read_more() {
  char buffer[16384];
  const auto count = session_ ? SSL_read(session_.get(), buffer, sizeof buffer)
                              : static_cast<int>(::recv(fd_, buffer, sizeof buffer, 0));
  if (count <= 0) return false;
  read_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

std::string Connection::read_until(std::string_view mark) {
  while (true) {
    const auto at = read_.find(mark);
    if (at != std::string::npos) {
      auto result = read_.substr(0, at + mark.size());
      read_.erase(0, result.size());
      return result;
    }
    if (!read_more()) return std::exchange(read_, {});
  }
}

std::string Connection::read_all() {
  while (read_more()) {
  }
  return std::exchange(read_, {});
}

std::string Connection::read_exactly(std::size_t count) {
  while (read_.size() < count && read_more()) {
  }
  auto result = read_.substr(0, count);
  read_.erase(0, result.size());
  return result;
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = session_ ? SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void Connection::finish_writing() {
  if (session_)
    SSL_shutdown(session_.get());
  else
    ::shutdown(fd_, SHUT_WR);
}

Server::Server(Serve serve) : serve_(std::move(serve)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
  if (::bind(listener_.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("bind");
  accept_all();
}

Server::Server(Family family, Serve serve, SSL_CTX* tls)
    : serve_(std::move(serve)),
      tls_(tls),
      listener_(::socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* address = family == Family::ipv4 ? reinterpret_cast<sockaddr*>(&four) : reinterpret_cast<sockaddr*>(&six);
  socklen_t size = family == Family::ipv4 ? sizeof four : sizeof six;
  if (::bind(listener_.raw(), address, size) != 0) throw std::runtime_error("bind");
  ::getsockname(listener_.raw(), address, &size);
  port_ = ntohs(family == Family::ipv4 ? four.sin_port : six.sin6_port);
  accept_all();
}

Server::~Server() {
  ::shutdown(listener_.raw(), SHUT_RDWR);
  acceptor_.join();
  open_.with([](auto& open) {
    for (const int fd : open) ::shutdown(fd, SHUT_RDWR);
  });
  workers_.clear();
}

void Server::accept_all() {
  ::listen(listener_.raw(), 16);
  acceptor_ = std::jthread([this] {
    while (true) {
      const int fd = ::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const timeval limit{20, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
      ++connections_;
      open_.with([&](auto& open) { open.push_back(fd); });
      workers_.emplace_back([this, fd] { serve(fd); });
    }
  });
}

void Server::serve(int fd) {
  // OpenSSL writes without MSG_NOSIGNAL. Only here: the client under test has to live without this.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  const Fd owned(fd);
  {
    Connection connection = tls_ != nullptr ? Connection(fd, tls_) : Connection(fd);
    if (tls_ == nullptr || connection.is_secure()) serve_(connection);
  }
  open_.with([&](auto& open) { open.erase(std::find(open.begin(), open.end(), fd)); });
}

std::string answer(std::string_view body, std::string_view status) {
  return format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

}  // namespace belay::net::test
