#pragma once
// A small HTTP/1.1 server for looking: GET and HEAD, one thread, a handful of connections, each closed behind its
// answer. Whatever arrives, it costs bounded memory and time.

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "net/listener.h"

namespace belay::net {

struct ServerRequest {
  std::string method;  // GET or HEAD
  std::string path;    // "/metrics", as it was sent
  std::string query;   // behind the question mark
  std::string host;    // the name under which we were asked, without its port; empty: none was given
};

struct ServerAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Called in the server's thread, one at a time, so it should not wait. What it throws becomes status 500.
using Route = std::function<ServerAnswer(const ServerRequest& request)>;

struct ServerLimits {
  size_t connections = 8;        // more wait their turn in the kernel
  size_t head = 8192;            // bytes of a request
  Milliseconds patience{5'000};  // for the whole request, and again for the whole answer
  // Names under which this machine may be asked over TCP, beside localhost and bare addresses. Under any other one a
  // browser may have been led here by a page of somebody else's, whose name now means this machine.
  std::vector<std::string> names{};
};

// What a request's head asks for.
struct RequestHead {
  bool valid = false;  // else the answer is status 400
  ServerRequest request;
};
// `head`: all up to and including the empty line.
RequestHead read_request_head(std::string_view head);

// Whether a request for this host is meant for us: see ServerLimits::names.
bool is_own_name(std::string_view host, const std::vector<std::string>& names);

class HttpServer {
 public:
  // Serves until its end. `routes` by path. Throws as Listener does.
  HttpServer(const ListenAddress& address, Reach reach, std::map<std::string, Route> routes, ServerLimits limits = {});

  const ListenAddress& address() const { return listener_.address(); }

 private:
  void serve(const std::stop_token& stop);
  std::string answer_to(std::string_view head) const;

  const std::map<std::string, Route> routes_;
  const ServerLimits limits_;
  Listener listener_;
  std::jthread thread_;
};

}  // namespace belay::net
