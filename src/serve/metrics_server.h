#pragma once
// Metrics at http://ADDRESS/metrics.

#include <functional>
#include <memory>
#include <string>

#include "serve/metrics.h"

namespace belay::net {
class HttpServer;
}

namespace belay::serve {

class MetricsServer {
 public:
  // `address`: "unix:/PATH" (mode 0660), "127.0.0.1:9300", "[::1]:9300"; others only with `beyond_this_machine`.
  // `names`: as net::ServerLimits has them. `refresh` is called in the server's thread before each answer, to set what
  // is only known when asked. Throws UsageError for what is no address, Conflict where somebody listens there already,
  // Error for every other refusal.
  MetricsServer(const std::string& address, bool beyond_this_machine, const Metrics& metrics,
                std::function<void()> refresh = {}, std::vector<std::string> names = {});
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  ~MetricsServer();

  // With the port that was found where 0 was asked for.
  std::string address() const;

 private:
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace belay::serve
