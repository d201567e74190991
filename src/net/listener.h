#pragma once
// Where a server of ours listens: a unix socket or a loopback address, and nothing wider unless told so in words.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/files.h"
#include "net/stream.h"

namespace belay::net {

struct ListenAddress {
  fs::path socket;           // of a unix socket, reached by its owner and group (mode 0660)
  TcpAddress tcp;            // where `socket` is empty; port 0: any free one
  std::string text() const;  // "unix:/run/belay/metrics.sock", "127.0.0.1:9300"
};

// "unix:/PATH", "/PATH", "127.0.0.1:9300", "[::1]:9300", "localhost:9300", ":9300" (loopback); nullopt for anything
// else. Names other than localhost are not looked up.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

enum class Reach { loopback_only, anywhere };

// A socket that listens, without blocking. Takes over a unix socket that a dead process has left; the file goes when
// the listener does.
class Listener {
 public:
  // Throws Conflict where somebody listens there already, Error for an address that is not loopback (unless `reach`
  // allows it) and for every other refusal.
  Listener(const ListenAddress& address, Reach reach);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  int fd() const { return socket_.raw(); }
  // As asked for, with the port that was found.
  const ListenAddress& address() const { return address_; }

 private:
  void listen_on_unix();
  void listen_on_tcp(Reach reach);

  ListenAddress address_;
  Fd socket_;
  bool file_is_ours_ = false;
  unsigned long device_ = 0, inode_ = 0;  // of the socket's file
};

}  // namespace belay::net
