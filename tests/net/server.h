#pragma once
// A server of a few lines: what it does with each connection is the test's own function.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/files.h"
#include "base/guarded.h"

namespace belay::net::test {

// The server's end of a connection. Blocking; gives up after 20 s, so that a broken client fails its test instead of
// hanging it.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(int fd, SSL_CTX* tls);

  bool is_secure() const { return session_ != nullptr; }
  // Up to and including `mark`; what was read where the client ended before.
  std::string read_until(std::string_view mark);
  // Up to the client's end.
  std::string read_all();
  // The head of a request; empty at the client's end.
  std::string read_head() { return read_until("\r\n\r\n"); }
  std::string read_exactly(std::size_t count);
  // False when the client is gone.
  bool write(std::string_view bytes);
  void finish_writing();
  int fd() const { return fd_; }

 private:
  // False at the end.
  bool read_more();

  int fd_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_{nullptr, SSL_free};
  std::string read_;
};

class Server {
 public:
  using Serve = std::function<void(Connection&)>;

  // On a unix socket in a folder of its own.
  explicit Server(Serve serve);
  enum class Family { ipv4, ipv6 };
  // On a free port of the loopback interface; with TLS where `tls` is set. Connections whose handshake fails are not
  // served.
  Server(Family family, Serve serve, SSL_CTX* tls = nullptr);
  ~Server();

  const fs::path& socket() const { return socket_; }
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int fd);

  const TemporaryFolder folder_;
  const fs::path socket_ = folder_.path() / "s";
  std::uint16_t port_ = 0;
  const Serve serve_;
  SSL_CTX* tls_ = nullptr;
  Fd listener_;
  std::atomic<int> connections_ = 0;
  Guarded<std::vector<int>> open_;
  std::vector<std::jthread> workers_;
  std::jthread acceptor_;
};

// "HTTP/1.1 200 OK" with a length.
std::string answer(std::string_view body, std::string_view status = "200 OK");

}  // namespace belay::net::test
