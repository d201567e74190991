#include "declared/user_data.h"

#include <algorithm>
#include <cerrno>

#include "base/format.h"
#include "base/text.h"
#include "net/http.h"

namespace belay::declared {

namespace {

constexpr ByteCount largest_token{4 << 10};
constexpr ByteCount largest_user_data{1 << 20};

// A stream all of whose calls end by one moment, however lively the peer: a service that sends a byte a second is as
// good as none.
class BoundedStream final : public net::Stream {
 public:
  BoundedStream(std::unique_ptr<net::Stream> stream, Ticks end) : stream_(std::move(stream)), end_(end) {}

  std::size_t read_some(std::span<char> into, Ticks deadline, std::stop_token stop) override {
    return stream_->read_some(into, std::min(deadline, end_), stop);
  }
  void write_all(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    stream_->write_all(bytes, std::min(deadline, end_), stop);
  }
  std::size_t write_until_readable(std::string_view bytes, Ticks deadline, std::stop_token stop) override {
    return stream_->write_until_readable(bytes, std::min(deadline, end_), stop);
  }
  void finish_writing(Ticks deadline, std::stop_token stop) override {
    stream_->finish_writing(std::min(deadline, end_), stop);
  }
  bool is_quiet() override { return stream_->is_quiet(); }

 private:
  const std::unique_ptr<net::Stream> stream_;
  const Ticks end_;
};

struct Address {
  net::TcpAddress peer;
  std::string host;    // for the Host header
  std::string prefix;  // of every path
};

Address parsed(const std::string& text) {
  static constexpr std::string_view scheme = "http://";
  const auto refuse = [&] {
    return Error(ErrorCode::bad_value, format("'{}' is not the address of a metadata service", printable(text)),
                 "Addresses look like http://169.254.169.254.");
  };
  if (!text.starts_with(scheme)) throw refuse();
  const std::string rest = text.substr(scheme.size());
  Address address;
  address.host = rest.substr(0, rest.find('/'));
  if (const size_t slash = rest.find('/'); slash != std::string::npos) address.prefix = rest.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();

  address.peer = {address.host, 80};
  const size_t colon = address.host.rfind(':');
  if (colon != std::string::npos && address.host.find(']', colon) == std::string::npos) {
    const auto port = parse_number(std::string_view(address.host).substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) throw refuse();
    address.peer = {address.host.substr(0, colon), static_cast<std::uint16_t>(*port)};
  }
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (address.peer.host.empty() || !std::all_of(text.begin(), text.end(), is_plain)) throw refuse();
  return address;
}

class MetadataService {
 public:
  MetadataService(const UserDataSource& source, const std::stop_token& stop)
      : address_(parsed(source.address)),
        end_(net::deadline_in(source.deadline)),
        token_deadline_(source.token_deadline),
        stop_(stop) {}

  // nullopt: the service has none, or none that gets here.
  std::optional<std::string> token();
  std::optional<std::string> user_data(const std::optional<std::string>& token);

 private:
  net::Response ask(net::Request request, Ticks end) {
    const Ticks call_end = std::min(end, end_);
    net::HttpClient client(
        [&](const std::stop_token& stop) {
          auto stream = net::connect_tcp(address_.peer, call_end, stop);
          return std::make_unique<BoundedStream>(std::move(stream), call_end);
        },
        address_.host);
    request.target = address_.prefix + request.target;
    return client.exchange(request, stop_);
  }

  const Address address_;
  const Ticks end_;
  const Milliseconds token_deadline_;
  const std::stop_token stop_;
};

std::optional<std::string> MetadataService::token() {
  net::Request request;
  request.method = "PUT";
  request.target = "/latest/api/token";
  request.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "60");
  request.body_limit = largest_token;
  net::Response response;
  try {
    response = ask(std::move(request), net::deadline_in(token_deadline_));
  } catch (const net::ConnectError&) {
    throw;
  } catch (const net::StreamError& error) {
    // Tokens are sent with a limit of hops that often does not reach into a container: connected, but no answer.
    if (error.error_number() == ETIMEDOUT) return {};
    throw;
  }
  if (response.status == 403 || response.status == 404 || response.status == 405) return {};
  if (response.status != 200)
    throw Error(ErrorCode::connection_failed, format("asking for a token was answered by {}", response.status));
  const std::string token(trim(response.body));
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (token.empty() || !std::all_of(token.begin(), token.end(), is_plain))
    throw Error(ErrorCode::connection_failed, "the answer is not a token");
  return token;
}

// Some tools encode twice what the service decodes once.
std::string decoded(const std::string& text) {
  const std::string_view core = trim(text);
  if (core.starts_with('{') || core.starts_with('/')) return text;
  std::string joined;
  for (const char c : core)
    if (!is_space(c)) joined += c;
  const auto inner = base64_decoded(joined);
  return inner && trim(*inner).starts_with('{') ? *inner : text;
}

std::optional<std::string> MetadataService::user_data(const std::optional<std::string>& token) {
  net::Request request;
  request.target = "/latest/user-data";
  if (token) request.headers.add("X-aws-ec2-metadata-token", *token);
  request.body_limit = largest_user_data;
  const net::Response response = ask(std::move(request), end_);
  if (response.status == 404) return {};
  if (response.status == 401 && !token)
    throw Error(ErrorCode::connection_failed, "the service wants a token, but none gets here",
                "In a container, raise the instance's metadata hop limit to 2, or use the host's network.");
  if (response.status != 200) throw Error(ErrorCode::connection_failed, format("the answer was {}", response.status));
  if (response.body.starts_with("\x1f\x8b"))
    throw Error(ErrorCode::unsupported, "the user-data is compressed with gzip", "Belay reads plain JSON.");
  return decoded(response.body);
}

}  // namespace

std::optional<std::string> read_user_data(const UserDataSource& source, std::stop_token stop) {
  return doing(format("reading user-data from {}", printable(source.address)), [&] {
    MetadataService service(source, stop);
    const auto token = service.token();
    return service.user_data(token);
  });
}

}  // namespace belay::declared
