#include "net/http.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <exception>

#include "base/format.h"
#include "base/text.h"
#include "net/answer.h"

namespace belay::net {

namespace {

// More connections than any command keeps busy at once would only wait to become stale.
constexpr std::size_t idle_limit = 8;

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  });
}

// What a name from outside could smuggle in would be read as another header or another request.
void check(const Request& request) {
  if (has_controls(request.method) || has_controls(request.target) ||
      request.target.find_first_of(" \t") != std::string::npos)
    throw Error(ErrorCode::bad_value,
                format("the request target '{}' holds a character that has to be encoded", printable(request.target)));
  for (const auto& [name, value] : request.headers.fields())
    if (has_controls(name) || has_controls(value))
      throw Error(ErrorCode::bad_value,
                  format("the value of the HTTP header {} holds a control character", printable(name)));
}

std::string head_of(const Request& request, const std::string& host, bool upgrade) {
  check(request);
  std::string head = format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, host);
  for (const auto& [name, value] : request.headers.fields()) head += format("{}: {}\r\n", name, value);
  if (upgrade) head += "Connection: Upgrade\r\nUpgrade: tcp\r\n";
  if (const auto* body = std::get_if<std::string>(&request.body))
    head += format("Content-Length: {}\r\n", body->size());
  else if (std::holds_alternative<Producer>(request.body))
    head += "Transfer-Encoding: chunked\r\n";
  else if (request.method == "POST" || request.method == "PUT")
    head += "Content-Length: 0\r\n";
  return head + "\r\n";
}

bool may_repeat(const Request& request) {
  if (std::holds_alternative<Producer>(request.body)) return false;
  static constexpr std::array<std::string_view, 5> harmless{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
  return request.repeatable || std::find(harmless.begin(), harmless.end(), request.method) != harmless.end();
}

// One request and its answer on one connection.
class Exchange {
 public:
  Exchange(Stream& stream, const Request& request, const AnswerOptions& options, std::stop_token stop)
      : stream_(stream), request_(request), answer_(options), stop_(std::move(stop)) {}

  void run(std::string head) {
    if (const auto* body = std::get_if<std::string>(&request_.body)) {
      // In one piece where that is cheap: the server is then woken once.
      constexpr std::size_t worth_joining = 16 << 10;
      if (body->size() <= worth_joining) {
        head += *body;
        send(head);
      } else {
        send(head);
        send(*body);
      }
    } else {
      send(head);
      if (const auto* producer = std::get_if<Producer>(&request_.body)) upload(*producer);
    }
    while (!answer_.is_over()) receive();
  }

  Answer& answer() { return answer_; }
  bool leaves_connection_usable() const { return !cut_short_ && answer_.leaves_connection_usable(); }

 private:
  static constexpr std::size_t chunk_size = 32 << 10;
  static constexpr std::size_t chunk_head_size = 10;  // eight hexadecimal digits and CR LF

  Ticks until() const {
    const Ticks silence = deadline_in(request_.patience);
    return request_.deadline ? std::min(silence, *request_.deadline) : silence;
  }

  bool has_enough() const { return answer_.is_over() || answer_.is_refusal(); }

  void receive() { answer_.received(stream_.read_some(answer_.room(), until(), stop_)); }

  // Sends, and takes in what the server says meanwhile: an early answer of refusal ends the sending, any other only
  // makes room, so that the server never waits for us while we wait for it.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      if (has_enough()) {
        cut_short_ = true;
        return;
      }
      bytes.remove_prefix(stream_.write_until_readable(bytes, until(), stop_));
      if (!bytes.empty()) receive();
    }
  }

  void upload(const Producer& producer) {
    std::exception_ptr failure;
    std::string chunk(chunk_head_size, '\0');
    producer([&](std::string_view bytes) {
      if (failure || has_enough()) return false;
      try {
        chunk += bytes;
        if (chunk.size() >= chunk_size) send_chunk(chunk);
      } catch (...) {
        failure = std::current_exception();
      }
      return !failure && !has_enough();
    });
    if (failure) std::rethrow_exception(failure);
    if (chunk.size() > chunk_head_size) send_chunk(chunk);
    send("0\r\n\r\n");
  }

  // `chunk` begins with room for its size; empties it.
  void send_chunk(std::string& chunk) {
    const auto head = format("{:08x}\r\n", chunk.size() - chunk_head_size);
    chunk.replace(0, chunk_head_size, head);
    chunk += "\r\n";
    send(chunk);
    chunk.resize(chunk_head_size);
  }

  Stream& stream_;
  const Request& request_;
  Answer answer_;
  std::stop_token stop_;
  bool cut_short_ = false;  // the request was not sent to its end
};

// A stream of which a part was read already.
class ContinuedStream final : public Stream {
 public:
  ContinuedStream(std::string_view rest, std::unique_ptr<Stream> stream) : rest_(rest), stream_(std::move(stream)) {}

  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    if (given_ == rest_.size()) return stream_->read_some(into, deadline, std::move(stop));
    const auto count = rest_.copy(into.data(), into.size(), given_);
    given_ += count;
    return count;
  }
  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    stream_->write_all(bytes, deadline, std::move(stop));
  }
  std::size_t write_until_readable(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    if (given_ < rest_.size()) return 0;
    return stream_->write_until_readable(bytes, deadline, std::move(stop));
  }
  void finish_writing(Ticks deadline, std::stop_token stop) override {
    stream_->finish_writing(deadline, std::move(stop));
  }
  bool is_quiet() override { return given_ == rest_.size() && stream_->is_quiet(); }

 private:
  const std::string rest_;
  std::size_t given_ = 0;
  std::unique_ptr<Stream> stream_;
};

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
  const auto wanted = lower(name);
  for (const auto& [field, value] : fields_)
    if (lower(field) == wanted) return value;
  return {};
}

HttpClient::HttpClient(Connect connect, std::string host) : connect_(std::move(connect)), host_(std::move(host)) {}

Response HttpClient::exchange(const Request& request, std::stop_token stop) {
  return run(request, nullptr, std::move(stop));
}

Response HttpClient::stream(const Request& request, const BodySink& sink, std::stop_token stop) {
  return run(request, &sink, std::move(stop));
}

Response HttpClient::run(const Request& request, const BodySink* sink, std::stop_token stop) {
  const auto head = head_of(request, host_, false);
  const AnswerOptions options{request.method == "HEAD", false, sink, request.body_limit};
  const auto finish = [this](Exchange& exchange, std::unique_ptr<Stream> stream) {
    if (exchange.leaves_connection_usable()) keep_idle(std::move(stream));
    return exchange.answer().take_response();
  };

  if (!std::holds_alternative<Producer>(request.body)) {
    if (auto stream = take_idle()) {
      Exchange exchange(*stream, request, options, stop);
      try {
        exchange.run(head);
        return finish(exchange, std::move(stream));
      } catch (const StreamError& error) {
        const bool was_stale = !exchange.answer().has_begun() && error.error_number() != ETIMEDOUT;
        if (!was_stale || !may_repeat(request)) throw;
      }
    }
  }
  auto stream = connect_(stop);
  Exchange exchange(*stream, request, options, stop);
  exchange.run(head);
  return finish(exchange, std::move(stream));
}

Upgrade HttpClient::upgrade(const Request& request, std::stop_token stop) {
  const auto head = head_of(request, host_, true);
  auto stream = connect_(stop);
  Exchange exchange(*stream, request, {false, true, nullptr, request.body_limit}, stop);
  exchange.run(head);
  auto& answer = exchange.answer();
  if (answer.is_upgrade()) {
    auto continued = std::make_unique<ContinuedStream>(answer.rest(), std::move(stream));
    return {answer.take_response(), std::move(continued)};
  }
  if (exchange.leaves_connection_usable()) keep_idle(std::move(stream));
  return {answer.take_response(), nullptr};
}

// The one used last, for it is the least likely to have gone stale.
std::unique_ptr<Stream> HttpClient::take_idle() {
  while (true) {
    auto stream = idle_.with([](auto& idle) {
      if (idle.empty()) return std::unique_ptr<Stream>();
      auto last = std::move(idle.back());
      idle.pop_back();
      return last;
    });
    // Where the server has closed meanwhile, its end of stream waits to be read.
    if (!stream || stream->is_quiet()) return stream;
  }
}

void HttpClient::keep_idle(std::unique_ptr<Stream> stream) {
  idle_.with([&](auto& idle) {
    if (idle.size() < idle_limit) idle.push_back(std::move(stream));
  });
}

}  // namespace belay::net
