#include "net/listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::net {

namespace {

constexpr mode_t owner_and_group = 0660;
constexpr int waiting_connections = 16;

sockaddr_un unix_address(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& text = path.native();
  if (text.size() >= sizeof address.sun_path) throw system_error(format("listening on {}", text), ENAMETOOLONG);
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

// A socket without a server refuses connections. Any other failure says nothing: a socket for datagrams may be in use.
bool nobody_listens(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return false;
  return ::connect(probe.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         (errno == ECONNREFUSED || errno == ENOENT);
}

struct InternetAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool loopback = false;
};

std::optional<InternetAddress> internet_address(const TcpAddress& wanted) {
  InternetAddress result;
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, wanted.host.c_str(), &four) == 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(wanted.port);
    address.sin_addr = four;
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
    result.loopback = (ntohl(four.s_addr) >> 24) == 127;
    return result;
  }
  if (::inet_pton(AF_INET6, wanted.host.c_str(), &six) == 1) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(wanted.port);
    address.sin6_addr = six;
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
    result.loopback = IN6_IS_ADDR_LOOPBACK(&six);
    return result;
  }
  return {};
}

}  // namespace

std::string ListenAddress::text() const {
  return socket.empty() ? tcp.text() : "unix:" + socket.string();
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  ListenAddress result;
  if (text.starts_with("unix:")) text.remove_prefix(5);
  if (text.starts_with('/')) {
    result.socket = text;
    return result;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 65535) return {};
  auto host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets has a last part that looks like a port.
  if (!brackets && host.find(':') != std::string_view::npos) return {};
  result.tcp.host = host.empty() || host == "localhost" ? "127.0.0.1" : std::string(host);
  result.tcp.port = static_cast<std::uint16_t>(*port);
  if (!internet_address(result.tcp)) return {};
  return result;
}

Listener::Listener(const ListenAddress& address, Reach reach) : address_(address) {
  if (address_.socket.empty())
    listen_on_tcp(reach);
  else
    listen_on_unix();
}

void Listener::listen_on_unix() {
  const auto activity = format("listening on {}", address_.text());
  const auto& path = address_.socket;
  const auto address = unix_address(path);
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) throw Conflict(format("{}: there is a file that is not a socket", activity));
    if (!nobody_listens(address))
      throw Conflict(ErrorCode::port_held, format("{}: another process listens there", activity));
    ::unlink(path.c_str());
  }
  socket_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) throw system_error(activity, errno);
  // Before bind as well: the file must not be open to others even for a moment.
  ::fchmod(socket_.raw(), owner_and_group);
  if (::bind(socket_.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EADDRINUSE)
      throw Conflict(ErrorCode::port_held, format("{}: another process listens there", activity));
    throw system_error(activity, errno);
  }
  ::chmod(path.c_str(), owner_and_group);
  if (::lstat(path.c_str(), &status) == 0) {
    file_is_ours_ = true;
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  if (::listen(socket_.raw(), waiting_connections) != 0) throw system_error(activity, errno);
}

void Listener::listen_on_tcp(Reach reach) {
  const auto activity = format("listening on {}", address_.text());
  auto address = internet_address(address_.tcp);
  if (!address) throw Error(ErrorCode::bad_value, format("{}: that is not an IP address", activity));
  if (!address->loopback && reach == Reach::loopback_only)
    throw Error(ErrorCode::bad_value, format("{}: other machines could reach that, without a password", activity),
                "Listen on 127.0.0.1 or on a unix socket.");
  socket_ = Fd(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) throw system_error(activity, errno);
  const int on = 1;
  ::setsockopt(socket_.raw(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  auto* raw = reinterpret_cast<sockaddr*>(&address->storage);
  if (::bind(socket_.raw(), raw, address->size) != 0 || ::listen(socket_.raw(), waiting_connections) != 0) {
    if (errno == EADDRINUSE)
      throw Conflict(ErrorCode::port_held, format("{}: another process listens there", activity));
    throw system_error(activity, errno);
  }
  if (::getsockname(socket_.raw(), raw, &address->size) != 0) throw system_error(activity, errno);
  // At the same place in both families.
  sockaddr_in found{};
  std::memcpy(&found, raw, sizeof found);
  address_.tcp.port = ntohs(found.sin_port);
}

Listener::~Listener() {
  struct stat status{};
  // A successor may have put its own socket in the place of ours.
  if (file_is_ours_ && ::lstat(address_.socket.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_)
    ::unlink(address_.socket.c_str());
}

}  // namespace belay::net
