#pragma once
// An HTTP/1.1 client over any Stream.

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "net/stream.h"

namespace belay::net {

// Header fields in their order; names are compared without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // The first field of this name.
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Takes a piece of an upload. Never throws, so that a producer may call it through C code. False: no more is wanted
// (the server has answered, the connection failed, or stop was asked); the producer should return soon, the client then
// reports what happened.
using UploadSink = std::function<bool(std::string_view bytes)>;
// Makes the body of a request; called once at most, in the calling thread. What it throws ends the request and reaches
// the caller.
using Producer = std::function<void(const UploadSink& sink)>;
// Takes a piece of an answer's body as it arrives. False: no more is wanted; the connection is closed.
using BodySink = std::function<bool(std::string_view bytes)>;

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, already percent-encoded
  // Host, Content-Length, Transfer-Encoding, Connection and Upgrade are the client's business.
  Headers headers;
  std::variant<std::monostate, std::string, Producer> body;
  // The longest silence: how long one wait for the peer (to send or to take something) may last; 0: no limit.
  Milliseconds patience{60'000};
  // When all of it has to be over, however much there is to hear meanwhile.
  std::optional<Ticks> deadline = {};
  // Of a body that is returned as a whole.
  ByteCount body_limit{64 << 20};
  // Doing it twice is as good as once. GET, HEAD, OPTIONS, PUT and DELETE are repeatable without this word.
  bool repeatable = false;
};

struct Response {
  int status = 0;
  std::string reason;
  Headers headers;
  std::string body;
  bool ok() const { return status >= 200 && status < 300; }
};

// What became of a request for a connection of one's own.
struct Upgrade {
  Response response;
  // Set where the server agreed. Begins with the first byte behind the answer's head; belongs to the caller alone.
  std::unique_ptr<Stream> stream;
};

// Keeps idle connections and uses them again. Thread-safe: requests in parallel run on connections of their own.
//
// A request that fails on a used connection before the first byte of an answer is sent once more on a fresh one, if
// it is repeatable: the server may have closed the idle connection meanwhile. Requests with a producer and upgrades
// always get a fresh connection.
//
// All throw ConnectError, StreamError (EPROTO for an answer that is not HTTP, EMSGSIZE for one larger than its limit),
// Cancelled. A status of any kind is a response, not an error.
class HttpClient {
 public:
  using Connect = std::function<std::unique_ptr<Stream>(std::stop_token stop)>;

  // `connect` is called from any thread that sends; `host` is what the Host header says.
  HttpClient(Connect connect, std::string host);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The answer with its whole body.
  Response exchange(const Request& request, std::stop_token stop);
  // The body of a 2xx answer goes to `sink` as it arrives (and Response::body stays empty); that of any other is
  // returned as a whole. `sink` is called in this thread, for a request with a producer perhaps within the producer.
  Response stream(const Request& request, const BodySink& sink, std::stop_token stop);
  // Asks to turn the connection into a raw stream (`Upgrade: tcp`). Agreed is 101, or the 200 without a length that
  // older engines give. Otherwise the answer is returned with its body.
  Upgrade upgrade(const Request& request, std::stop_token stop);

 private:
  Response run(const Request& request, const BodySink* sink, std::stop_token stop);
  std::unique_ptr<Stream> take_idle();
  void keep_idle(std::unique_ptr<Stream> stream);

  const Connect connect_;
  const std::string host_;
  Guarded<std::vector<std::unique_ptr<Stream>>> idle_;
};

}  // namespace belay::net
