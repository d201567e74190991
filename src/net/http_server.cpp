#include "net/http_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <exception>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "net/stop_signal.h"

namespace belay::net {

namespace {

using std::chrono::steady_clock;

constexpr std::string_view end_of_head = "\r\n\r\n";
// For a client to read the answer and close: closing before it has sent all would make the kernel throw our answer
// away.
constexpr Seconds farewell{2};
// When the process has no descriptors left, accepting fails at once, again and again.
constexpr Seconds pause_of_accepting{1};

bool is_token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 421:
      return "Misdirected Request";
    case 503:
      return "Service Unavailable";
    default:
      return status < 500 ? "Error" : "Internal Server Error";
  }
}

std::string written(const ServerAnswer& answer, std::string_view more_headers, bool with_body) {
  auto text = format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
      answer.status, reason_of(answer.status), answer.content_type, answer.body.size(), more_headers);
  if (with_body) text += answer.body;
  return text;
}

std::string refusal(int status, std::string_view words, std::string_view more_headers = {}) {
  ServerAnswer answer;
  answer.status = status;
  answer.body = format("{}\n", words);
  return written(answer, more_headers, true);
}

struct Connection {
  enum class Phase { reading, writing, parting };

  Fd socket;
  Ticks deadline;
  Phase phase = Phase::reading;
  std::string head{};
  std::string answer{};
  size_t sent = 0;
  bool closed = false;

  short awaits() const { return phase == Phase::writing ? POLLOUT : POLLIN; }
};

void begin_answer(Connection& connection, std::string answer, Milliseconds patience) {
  connection.answer = std::move(answer);
  connection.phase = Connection::Phase::writing;
  connection.deadline = steady_clock::now() + patience;
  connection.head = {};
}

// Sends what the kernel takes now.
void send_some(Connection& connection) {
  while (connection.sent < connection.answer.size()) {
    const auto count = ::send(connection.socket.raw(), connection.answer.data() + connection.sent,
                              connection.answer.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      connection.closed = errno != EAGAIN;
      return;
    }
    connection.sent += static_cast<size_t>(count);
  }
  ::shutdown(connection.socket.raw(), SHUT_WR);
  connection.phase = Connection::Phase::parting;
  connection.deadline = steady_clock::now() + farewell;
}

// One piece of what has arrived; empty where nothing has, or the connection has ended.
std::string_view receive(Connection& connection, char* buffer, size_t size) {
  const auto count = ::recv(connection.socket.raw(), buffer, size, MSG_DONTWAIT);
  if (count > 0) return {buffer, static_cast<size_t>(count)};
  if (count == 0 || (errno != EAGAIN && errno != EINTR)) connection.closed = true;
  return {};
}

int milliseconds_until(std::optional<Ticks> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(*deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

}  // namespace

namespace {

// "[::1]:9300", "localhost:9300", "10.0.0.1" without the port, and without brackets.
std::string without_port(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') == host.npos ? 0 : host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

}  // namespace

bool is_own_name(std::string_view host, const std::vector<std::string>& names) {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name == "localhost" || name.ends_with(".localhost")) return true;
  in6_addr any{};
  if (::inet_pton(AF_INET, name.c_str(), &any) == 1 || ::inet_pton(AF_INET6, name.c_str(), &any) == 1) return true;
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) { return lower(known) == name; });
}

RequestHead read_request_head(std::string_view head) {
  RequestHead result;
  if (head.ends_with(end_of_head)) head.remove_suffix(2);
  const auto words = split(take_line(head), ' ');
  if (words.size() != 3 || !is_token(words[0]) || !is_visible(words[1])) return result;
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") return result;
  if (!words[1].starts_with('/')) return result;
  bool host = words[2] == "HTTP/1.0";
  while (!head.empty()) {
    const auto line = take_line(head);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return result;
    if (line.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) return result;
    if (lower(line.substr(0, colon)) != "host") continue;
    // Two of them: which one is meant?
    if (!result.request.host.empty()) return result;
    host = true;
    result.request.host = without_port(trim(line.substr(colon + 1)));
  }
  const auto mark = words[1].find('?');
  result.request.method = words[0];
  result.request.path = words[1].substr(0, mark);
  if (mark != std::string::npos) result.request.query = words[1].substr(mark + 1);
  result.valid = host;
  return result;
}

HttpServer::HttpServer(const ListenAddress& address, Reach reach, std::map<std::string, Route> routes,
                       ServerLimits limits)
    : routes_(std::move(routes)),
      limits_(std::move(limits)),
      listener_(address, reach),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

std::string HttpServer::answer_to(std::string_view head) const {
  const auto [valid, request] = read_request_head(head);
  if (!valid) return refusal(400, "this is not a valid HTTP request");
  if (listener_.address().socket.empty() && !is_own_name(request.host, limits_.names))
    return refusal(421, "this machine is not asked under that name; the setting metrics_names allows more");
  const auto route = routes_.find(request.path);
  if (route == routes_.end()) return refusal(404, "there is nothing at this path");
  if (request.method != "GET" && request.method != "HEAD")
    return refusal(405, "only GET and HEAD are served", "Allow: GET, HEAD\r\n");
  try {
    return written(route->second(request), {}, request.method == "GET");
  } catch (const std::exception& error) {
    return refusal(500, printable(error.what()));
  }
}

void HttpServer::serve(const std::stop_token& stop) {
  const StopSignal stopped(stop);
  std::vector<Connection> connections;
  std::optional<Ticks> accept_again;
  std::vector<pollfd> watched;
  char buffer[4096];

  const auto read_from = [&](Connection& connection) {
    const auto bytes = receive(connection, buffer, sizeof buffer);
    if (connection.phase == Connection::Phase::parting || bytes.empty()) return;
    // From a little before the new bytes: the mark may be split.
    const auto from = connection.head.size() < 3 ? 0 : connection.head.size() - 3;
    connection.head += bytes;
    const auto end = connection.head.find(end_of_head, from);
    if (end != std::string::npos && end + end_of_head.size() <= limits_.head)
      begin_answer(connection, answer_to(connection.head.substr(0, end + end_of_head.size())), limits_.patience);
    else if (connection.head.size() >= limits_.head)
      begin_answer(connection, refusal(400, "the request is too long"), limits_.patience);
  };

  while (!stop.stop_requested()) {
    const auto now = steady_clock::now();
    std::erase_if(connections, [&](const Connection& each) { return each.closed || each.deadline <= now; });
    if (accept_again && *accept_again <= now) accept_again.reset();

    const bool has_room = connections.size() < limits_.connections && !accept_again;
    watched = {{stopped.raw(), POLLIN, 0}, {has_room ? listener_.fd() : -1, POLLIN, 0}};
    auto next = accept_again;
    for (const auto& each : connections) {
      watched.push_back({each.socket.raw(), each.awaits(), 0});
      next = std::min(next.value_or(each.deadline), each.deadline);
    }
    if (::poll(watched.data(), watched.size(), milliseconds_until(next)) <= 0) continue;

    for (size_t at = 0; at < connections.size(); ++at) {
      if (watched[at + 2].revents == 0) continue;
      auto& connection = connections[at];
      if (connection.phase != Connection::Phase::writing) read_from(connection);
      // Most answers fit into the kernel's buffer: no need to ask first.
      if (connection.phase == Connection::Phase::writing) send_some(connection);
    }
    if (watched[1].revents != 0) {
      Fd accepted(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (accepted)
        // From now, and not from before the wait: that may have been long ago.
        connections.push_back({.socket = std::move(accepted), .deadline = steady_clock::now() + limits_.patience});
      else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        accept_again = steady_clock::now() + pause_of_accepting;
    }
  }
}

}  // namespace belay::net
