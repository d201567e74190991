#include "serve/metrics_server.h"

#include <utility>

#include "base/errors.h"
#include "base/format.h"
#include "net/http_server.h"

namespace belay::serve {

MetricsServer::MetricsServer(const std::string& address, bool beyond_this_machine, const Metrics& metrics,
                             std::function<void()> refresh, std::vector<std::string> names) {
  const auto where = net::parse_listen_address(address);
  if (!where)
    throw UsageError(format("'{}' is not an address to listen on", address),
                     "Use unix:/PATH, 127.0.0.1:PORT or [::1]:PORT.");
  const net::Route show = [&metrics, refresh = std::move(refresh)](const net::ServerRequest&) {
    if (refresh) refresh();
    net::ServerAnswer answer;
    answer.content_type = Metrics::content_type;
    answer.body = metrics.text();
    return answer;
  };
  const auto reach = beyond_this_machine ? net::Reach::anywhere : net::Reach::loopback_only;
  net::ServerLimits limits;
  limits.names = std::move(names);
  server_ =
      std::make_unique<net::HttpServer>(*where, reach, std::map<std::string, net::Route>{{"/metrics", show}}, limits);
}

MetricsServer::~MetricsServer() = default;

std::string MetricsServer::address() const {
  return server_->address().text();
}

}  // namespace belay::serve
