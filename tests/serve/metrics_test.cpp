#include "serve/metrics.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <thread>

#include "base/errors.h"
#include "base/files.h"
#include "net/http.h"
#include "serve/metrics_server.h"

namespace belay::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, WritesTheTextFormat) {
  Metrics metrics;
  metrics.counter("belay_passes_total", "Looks at the world.", {{"result", "ok"}}).add(3);
  metrics.counter("belay_passes_total", "Looks at the world.", {{"result", "failed"}}).add();
  metrics.gauge("belay_apps", "Declared apps.").set(2.5);
  auto seconds = metrics.histogram("belay_pass_seconds", "How long a look takes.", {0.1, 1});
  for (const double value : {0.05, 0.1, 0.5, 7.0}) seconds.observe(value);
  EXPECT_EQ(metrics.text(),
            "# HELP belay_apps Declared apps.\n"
            "# TYPE belay_apps gauge\n"
            "belay_apps 2.5\n"
            "# HELP belay_pass_seconds How long a look takes.\n"
            "# TYPE belay_pass_seconds histogram\n"
            "belay_pass_seconds_bucket{le=\"0.1\"} 2\n"
            "belay_pass_seconds_bucket{le=\"1\"} 3\n"
            "belay_pass_seconds_bucket{le=\"+Inf\"} 4\n"
            "belay_pass_seconds_sum 7.65\n"
            "belay_pass_seconds_count 4\n"
            "# HELP belay_passes_total Looks at the world.\n"
            "# TYPE belay_passes_total counter\n"
            "belay_passes_total{result=\"failed\"} 1\n"
            "belay_passes_total{result=\"ok\"} 3\n");
}

TEST(Metrics, EscapesWhatTheFormatReserves) {
  Metrics metrics;
  metrics.gauge("belay_info", "A \\ and\na line.", {{"what", "say \"a\\b\"\n"}}).set(1);
  EXPECT_EQ(metrics.text(),
            "# HELP belay_info A \\\\ and\\na line.\n"
            "# TYPE belay_info gauge\n"
            "belay_info{what=\"say \\\"a\\\\b\\\"\\n\"} 1\n");
}

TEST(Metrics, WritesNumbersThatAreNone) {
  Metrics metrics;
  auto gauge = metrics.gauge("g", "A gauge.");
  gauge.set(std::numeric_limits<double>::infinity());
  EXPECT_THAT(metrics.text(), HasSubstr("\ng +Inf\n"));
  gauge.set(-std::numeric_limits<double>::infinity());
  EXPECT_THAT(metrics.text(), HasSubstr("\ng -Inf\n"));
  gauge.set(std::nan(""));
  EXPECT_THAT(metrics.text(), HasSubstr("\ng NaN\n"));
  gauge.set(1769850307);
  EXPECT_THAT(metrics.text(), HasSubstr("\ng 1769850307\n"));
}

TEST(Metrics, RefusesWhatWouldNotBeRead) {
  Metrics metrics;
  EXPECT_THROW(metrics.counter("9lives", "No name."), Error);
  EXPECT_THROW(metrics.counter("a-b", "No name."), Error);
  EXPECT_THROW(metrics.counter("fine", "A label that is none.", {{"a-b", ""}}), Error);
  EXPECT_THROW(metrics.histogram("fine", "Its own label.", {1}, {{"le", "1"}}), Error);
  metrics.counter("one_total", "A counter.");
  EXPECT_THROW(metrics.gauge("one_total", "A gauge."), Error);
}

TEST(Metrics, ForgetsTheSeriesOfAnAppThatIsGone) {
  Metrics metrics;
  auto gone = metrics.gauge("belay_app_up", "Whether it is up.", {{"app", "gone"}});
  metrics.gauge("belay_app_up", "Whether it is up.", {{"app", "web"}}).set(1);
  metrics.forget("app", "gone");
  gone.set(1);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("gone")));
  EXPECT_THAT(metrics.text(), HasSubstr("app=\"web\""));
  metrics.forget("app", "web");
  EXPECT_EQ(metrics.text(), "");
}

TEST(Metrics, CountsFromSeveralThreads) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int at = 0; at < 1000; ++at) {
          metrics.counter("calls_total", "Calls.").add();
          metrics.histogram("seconds", "Times.", {1}).observe(0.5);
        }
      });
  }
  EXPECT_THAT(metrics.text(), HasSubstr("calls_total 4000\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("seconds_count 4000\n"));
}

TEST(MetricsServer, AnswersOnItsSocket) {
  const TemporaryFolder folder;
  const auto socket = folder.path() / "metrics.sock";
  Metrics metrics;
  MetricsServer server("unix:" + socket.string(), false, metrics, [&] { metrics.gauge("belay_up", "Asked.").add(1); });
  EXPECT_EQ(server.address(), "unix:" + socket.string());
  net::HttpClient client(
      [&](std::stop_token stop) { return net::connect_unix(socket, net::deadline_in(Seconds(20)), stop); }, "belay");
  net::Request request;
  request.target = "/metrics";
  const auto answer = client.exchange(request, {});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.find("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("belay_up 1\n"));
}

TEST(MetricsServer, StaysOnThisMachineUnlessToldOtherwise) {
  Metrics metrics;
  EXPECT_THROW(MetricsServer("0.0.0.0:0", false, metrics), Error);
  EXPECT_NO_THROW(MetricsServer("0.0.0.0:0", true, metrics));
  EXPECT_THROW(MetricsServer("everywhere", true, metrics), UsageError);
}

}  // namespace
}  // namespace belay::serve
