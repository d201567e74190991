#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "net/http.h"
#include "net/proxy.h"
#include "serve/notices.h"

namespace belay::serve {

namespace {

struct Url {
  bool tls = false;
  net::TcpAddress address;
  std::string authority;  // as the Host header says it
  std::string target;
};

Url parse_url(const std::string& text) {
  // The text itself stays out: any part of it may be a secret.
  const UsageError refusal(
      "the address of the webhook cannot be read",
      "It looks like https://HOST[:PORT]/PATH; tokens belong into the file that webhook_headers names.");
  Url url;
  std::string_view rest = text;
  if (lower(rest.substr(0, 8)) == "https://") {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (lower(rest.substr(0, 7)) == "http://") {
    rest.remove_prefix(7);
  } else {
    throw refusal;
  }
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  url.authority = rest.substr(0, end);
  url.target = rest.substr(end, rest.find('#') - end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  if (!visible || url.authority.find('@') != std::string::npos) throw refusal;

  std::string_view host = url.authority;
  url.address.port = url.tls ? 443 : 80;
  const auto bracket = host.find(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_number(host.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) throw refusal;
    url.address.port = static_cast<std::uint16_t>(*port);
    host = host.substr(0, colon);
  }
  if (host.empty()) throw refusal;
  url.address.host = host;
  return url;
}

bool may_pass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

class WebhookSink final : public NoticeSink {
 public:
  WebhookSink(Webhook webhook, Clock& clock)
      : webhook_(std::move(webhook)),
        url_(parse_url(webhook_.url)),
        proxy_(net::proxy_for(net::ProxySettings::from_environment(), url_.tls, url_.address)),
        clock_(clock),
        client_([this](std::stop_token stop) { return connect(std::move(stop)); }, url_.authority) {}

  // The path is left out: with many services it is the secret.
  std::string name() const override { return format("webhook {}", url_.authority); }

  void deliver(const Notice& notice, const std::stop_token& stop) override {
    const auto request = request_for(notice);
    constexpr std::array<Seconds, 2> pauses{Seconds(1), Seconds(5)};
    for (int tried = 1;; ++tried) {
      const bool last = tried >= webhook_.tries;
      try {
        const auto response = post(request, stop);
        if (response.ok()) return;
        const Error refusal(ErrorCode::connection_failed, format("status {} {}", response.status, response.reason));
        if (last || !may_pass(response.status)) throw refusal;
      } catch (const net::StreamError&) {
        if (last) throw;
      }
      const auto pause = pauses[std::min<size_t>(static_cast<size_t>(tried), pauses.size()) - 1];
      if (!clock_.sleep(pause, stop)) throw Cancelled();
    }
  }

 private:
  std::unique_ptr<net::Stream> connect(std::stop_token stop) {
    const auto deadline = net::deadline_in(webhook_.limit);
    if (!proxy_)
      return url_.tls ? tls_.connect(url_.address, deadline, stop) : net::connect_tcp(url_.address, deadline, stop);
    if (!url_.tls) return net::connect_to(*proxy_, deadline, stop);
    return tls_.over(net::connect_through(*proxy_, url_.address, deadline, stop), url_.address.host, deadline, stop);
  }

  net::Request request_for(const Notice& notice) const {
    net::Request request;
    report::Letter letter = report::letter(notice, webhook_.form);
    request.method = letter.method;
    const bool by_proxy = proxy_ && !url_.tls;
    request.target = by_proxy ? format("http://{}{}", url_.authority, url_.target) : url_.target;
    if (!letter.suffix.empty()) {
      const auto path_end = std::min(request.target.find('?'), request.target.size());
      const bool has_slash = path_end > 0 && request.target[path_end - 1] == '/';
      request.target.replace(path_end - (has_slash ? 1 : 0), has_slash ? 1 : 0, letter.suffix);
    }
    if (by_proxy && !proxy_->authorization.empty()) request.headers.add("Proxy-Authorization", proxy_->authorization);
    for (const auto& [name, value] : letter.headers) request.headers.add(name, value);
    request.headers.add("User-Agent", "belay");
    if (!webhook_.headers_file.empty()) add_headers(request.headers);
    request.body = std::move(letter.body);
    request.patience = webhook_.limit;
    request.body_limit = ByteCount{64 << 10};
    // A notice that comes twice is better than one that does not come.
    request.repeatable = true;
    return request;
  }

  void add_headers(net::Headers& headers) const {
    int number = 0;
    for (const auto& line : split(read_file(webhook_.headers_file, ByteCount{64 << 10}), '\n')) {
      ++number;
      const auto text = trim(line);
      if (text.empty() || text.starts_with('#')) continue;
      const auto colon = text.find(':');
      const auto name = text.substr(0, colon);
      const bool fine = colon != std::string_view::npos && colon > 0 &&
                        std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }) &&
                        name.find(' ') == std::string_view::npos;
      // Without the line itself, which may be a token.
      if (!fine) throw ConfigError({webhook_.headers_file.string(), number, 1}, "a header looks like 'Name: value'");
      headers.add(std::string(name), std::string(trim(text.substr(colon + 1))));
    }
  }

  net::Response post(const net::Request& request, const std::stop_token& stop) {
    // Patience alone would let a server drip its answer for ever.
    const TimeLimit limit(webhook_.limit, stop);
    try {
      // The body of a success says nothing that we want to know.
      return client_.stream(request, [](std::string_view) { return false; }, limit.token());
    } catch (const Cancelled&) {
      if (stop.stop_requested()) throw;
      throw net::StreamError(ETIMEDOUT, format("no answer within {}", duration_text(webhook_.limit)));
    }
  }

  const Webhook webhook_;
  const Url url_;
  const std::optional<net::Proxy> proxy_;
  Clock& clock_;
  net::TlsClient tls_{{}};
  net::HttpClient client_;
};

}  // namespace

std::unique_ptr<NoticeSink> webhook_sink(Webhook webhook, Clock& clock) {
  return std::make_unique<WebhookSink>(std::move(webhook), clock);
}

}  // namespace belay::serve
