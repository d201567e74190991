#include "net/http.h"

#include <atomic>
#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <thread>

#include "base/format.h"
#include "server.h"

namespace belay::net {
namespace {

using test::answer;
using test::Connection;
using test::Server;
using testing::HasSubstr;

constexpr Milliseconds generous{20'000};

struct Client : HttpClient {
  explicit Client(const Server& server)
      : HttpClient(
            [&server](std::stop_token stop) { return connect_unix(server.socket(), deadline_in(generous), stop); },
            "engine") {}
};

Request get(std::string target) {
  Request request;
  request.target = std::move(target);
  request.patience = generous;
  return request;
}

Request post(std::variant<std::monostate, std::string, Producer> body) {
  Request request;
  request.method = "POST";
  request.body = std::move(body);
  request.patience = generous;
  return request;
}

std::string read_chunked(Connection& connection) {
  std::string body;
  while (true) {
    const auto line = connection.read_until("\r\n");
    if (line.empty()) return body + "(cut off)";
    const auto size = std::stoul(line, nullptr, 16);
    const auto chunk = connection.read_exactly(size + 2);
    if (size == 0) return body;
    body += chunk.substr(0, size);
  }
}

// Until the client has read all that was written: only then is what follows truly split from it.
void wait_until_taken(const Connection& connection) {
  int unread = 1;
  while (::ioctl(connection.fd(), SIOCOUTQ, &unread) == 0 && unread > 0) std::this_thread::yield();
}

std::string read_to_end(Stream& stream) {
  std::string all;
  char buffer[7];
  while (const auto count = stream.read_some(buffer, deadline_in(generous), {})) all.append(buffer, count);
  return all;
}

TEST(HttpClient, SendsARequestAndReturnsTheAnswer) {
  std::string head;
  Server server([&](Connection& connection) {
    head = connection.read_head();
    connection.write("HTTP/1.1 404 Not Found\r\nApi-Version: 1.41\r\nContent-Length: 4\r\n\r\nnone");
  });
  {
    Client client(server);
    auto request = get("/containers/json?all=1");
    request.headers.add("X-Registry-Auth", "abc");
    const auto response = client.exchange(request, {});
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.reason, "Not Found");
    EXPECT_EQ(response.headers.find("api-VERSION"), "1.41");
    EXPECT_EQ(response.headers.find("absent"), std::nullopt);
    EXPECT_EQ(response.body, "none");
    EXPECT_FALSE(response.ok());
  }
  EXPECT_EQ(head, "GET /containers/json?all=1 HTTP/1.1\r\nHost: engine\r\nX-Registry-Auth: abc\r\n\r\n");
}

TEST(HttpClient, UsesAConnectionAgain) {
  Server server([](Connection& connection) {
    while (!connection.read_head().empty()) connection.write(answer("x"));
  });
  Client client(server);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.exchange(get("/"), {}).body, "x");
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, LeavesAConnectionThatTheServerCloses) {
  Server server([](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  });
  Client client(server);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.exchange(get("/"), {}).body, "x");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, RunsParallelRequestsOnConnectionsOfTheirOwn) {
  std::latch both(2);
  Server server([&](Connection& connection) {
    connection.read_head();
    // Neither is answered before the other has come.
    both.arrive_and_wait();
    connection.write(answer("x"));
    connection.read_all();
  });
  Client client(server);
  std::string other;
  std::jthread thread([&] { other = client.exchange(get("/"), {}).body; });
  EXPECT_EQ(client.exchange(get("/"), {}).body, "x");
  thread.join();
  EXPECT_EQ(other, "x");
}

// Answers once on each connection, and closes when the second request has come.
void answer_once(Connection& connection) {
  connection.read_head();
  connection.write(answer("x"));
  connection.read_head();
}

TEST(HttpClient, RepeatsAHarmlessRequestOnceOnAFreshConnection) {
  Server server(answer_once);
  Client client(server);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.exchange(get("/"), {}).body, "x");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClient, DoesNotRepeatWhatMayHaveHadAnEffect) {
  Server server(answer_once);
  Client client(server);
  client.exchange(get("/"), {});
  EXPECT_THROW(client.exchange(post({}), {}), StreamError);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, RepeatsWhatItsCallerCallsRepeatable) {
  Server server(answer_once);
  Client client(server);
  client.exchange(get("/"), {});
  auto request = post(std::string("body"));
  request.repeatable = true;
  EXPECT_EQ(client.exchange(request, {}).body, "x");
}

TEST(HttpClient, DoesNotRepeatOnAFreshConnection) {
  Server server([](Connection& connection) { connection.read_head(); });
  Client client(server);
  EXPECT_THROW(client.exchange(get("/"), {}), StreamError);
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, SendsATextWithItsLength) {
  std::string head, body;
  Server server([&](Connection& connection) {
    head = connection.read_head();
    body = connection.read_exactly(5);
    connection.write(answer(""));
  });
  Client client(server);
  EXPECT_TRUE(client.exchange(post(std::string("hello")), {}).ok());
  EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(body, "hello");
}

TEST(HttpClient, SendsWhatAProducerMakesInChunks) {
  std::string head, body;
  Server server([&](Connection& connection) {
    for (int i = 0; i < 2; ++i) {
      head = connection.read_head();
      body = read_chunked(connection);
      connection.write(answer("taken"));
    }
  });
  Client client(server);
  std::string all;
  const auto response = client.exchange(
      post([&](const UploadSink& sink) {
        for (int i = 0; i < 3000; ++i) {
          const auto piece = format("piece {:40} {}\n", i, std::string(static_cast<std::size_t>(i % 200), 'x'));
          all += piece;
          EXPECT_TRUE(sink(piece));
        }
        EXPECT_TRUE(sink({}));
      }),
      {});
  EXPECT_EQ(response.body, "taken");
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(body == all);
}

TEST(HttpClient, StopsAnUploadThatTheServerRefusesEarly) {
  std::latch done(1);
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\nno such");
    wait_until_taken(connection);
    connection.write("ref");
    done.wait();
  });
  Client client(server);
  const std::string piece(100'000, 'x');
  const auto response = client.exchange(post([&](const UploadSink& sink) {
                                          while (sink(piece)) {
                                          }
                                          EXPECT_FALSE(sink(piece));
                                        }),
                                        {});
  done.count_down();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "no suchref");
}

TEST(HttpClient, StopsALargeTextThatTheServerRefusesEarly) {
  std::latch done(1);
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write(answer("too much", "413 Too Large"));
    done.wait();
  });
  Client client(server);
  const auto response = client.exchange(post(std::string(32 << 20, 'x')), {});
  done.count_down();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "too much");
}

TEST(HttpClient, FinishesAnUploadThatIsAnsweredWellEarly) {
  std::string body;
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // More than the socket holds: the client has to take it in while it sends.
    for (int i = 0; i < 100; ++i) connection.write("2710\r\n" + std::string(10'000, 'a') + "\r\n");
    body = read_chunked(connection);
    connection.write("0\r\n\r\n");
    connection.read_all();
  });
  {
    Client client(server);
    const auto response = client.exchange(post([&](const UploadSink& sink) {
                                            for (int i = 0; i < 100; ++i) EXPECT_TRUE(sink(std::string(10'000, 'b')));
                                          }),
                                          {});
    EXPECT_EQ(response.body.size(), 1'000'000U);
  }
  EXPECT_EQ(body.size(), 1'000'000U);
}

TEST(HttpClient, PassesOnWhatAProducerThrows) {
  Server server([](Connection& connection) { connection.read_all(); });
  Client client(server);
  EXPECT_THROW(client.exchange(post([](const UploadSink&) { throw NotFound("no context"); }), {}), NotFound);
}

TEST(HttpClient, ReportsALostConnectionAfterTheProducerHasReturned) {
  Server server([](Connection& connection) { connection.read_head(); });
  Client client(server);
  bool returned = false;
  EXPECT_THROW(client.exchange(post([&](const UploadSink& sink) {
                                 while (sink(std::string(10'000, 'x'))) {
                                 }
                                 returned = true;
                               }),
                               {}),
               StreamError);
  EXPECT_TRUE(returned);
}

TEST(HttpClient, UnderstandsAnAnswerSplitAtAnyByte) {
  const std::vector<std::string> answers{
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: y\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
      "HTTP/1.1 200 OK\r\n\r\nhello world",
  };
  for (const auto& whole : answers) {
    std::atomic<std::size_t> split = 0;
    Server server([&](Connection& connection) {
      connection.read_head();
      connection.write(std::string_view(whole).substr(0, split));
      wait_until_taken(connection);
      connection.write(std::string_view(whole).substr(split));
    });
    for (split = 1; split < whole.size(); ++split) {
      Client client(server);
      EXPECT_EQ(client.exchange(get("/"), {}).body, "hello world") << split;
    }
  }
}

TEST(HttpClient, StreamsABodyAsItArrives) {
  std::latch first(1);
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    first.wait();
    connection.write("3\r\ntwo\r\n0\r\n\r\n");
    connection.read_all();
  });
  Client client(server);
  std::vector<std::string> pieces;
  const auto response = client.stream(get("/"),
                                      [&](std::string_view bytes) {
                                        pieces.emplace_back(bytes);
                                        if (pieces.size() == 1) first.count_down();
                                        return true;
                                      },
                                      {});
  EXPECT_EQ(pieces, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(response.body, "");
}

TEST(HttpClient, EndsAStreamWhenItsSinkHasEnough) {
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.write("3\r\none\r\n")) {
    }
  });
  Client client(server);
  int calls = 0;
  EXPECT_TRUE(client.stream(get("/"), [&](std::string_view) { return ++calls < 3; }, {}).ok());
  EXPECT_EQ(calls, 3);
}

TEST(HttpClient, ReturnsTheBodyOfARefusalInsteadOfStreamingIt) {
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write(answer("{\"message\":\"no\"}", "409 Conflict"));
  });
  Client client(server);
  const auto response = client.stream(get("/"),
                                      [](std::string_view) {
                                        ADD_FAILURE();
                                        return true;
                                      },
                                      {});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, "{\"message\":\"no\"}");
}

int error_of(HttpClient& client, const Request& request) {
  try {
    client.exchange(request, {});
  } catch (const StreamError& error) {
    return error.error_number();
  }
  return 0;
}

TEST(HttpClient, RefusesABodyAboveItsLimit) {
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write(answer("12345"));
  });
  Client client(server);
  auto request = get("/");
  request.body_limit = {4};
  EXPECT_EQ(error_of(client, request), EMSGSIZE);
  request.body_limit = {5};
  EXPECT_EQ(error_of(client, request), 0);
}

TEST(HttpClient, TellsABrokenAnswerFromNone) {
  std::string said;
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write(said);
  });
  Client client(server);
  said = "SSH-2.0-x\r\n\r\n";
  EXPECT_EQ(error_of(client, get("/")), EPROTO);
  said = "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x');
  EXPECT_EQ(error_of(client, get("/")), EPROTO);
  said = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
  EXPECT_EQ(error_of(client, get("/")), ECONNRESET);
  said = "HTTP/1.1 200 OK\r\nConte";
  EXPECT_EQ(error_of(client, get("/")), ECONNRESET);
  said = "";
  EXPECT_EQ(error_of(client, get("/")), ECONNRESET);
}

TEST(HttpClient, EndsAWaitForASilentServer) {
  Server server([&](Connection& connection) { connection.read_all(); });
  Client client(server);
  auto request = get("/");
  request.patience = Milliseconds(30);
  EXPECT_EQ(error_of(client, request), ETIMEDOUT);
}

TEST(HttpClient, StopsAStreamThatWaits) {
  Server server([&](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 200 OK\r\n\r\nx");
    connection.read_all();
  });
  Client client(server);
  std::stop_source stop;
  auto request = get("/");
  request.patience = Milliseconds(0);
  std::latch streaming(1);
  std::jthread stopper([&] {
    streaming.wait();
    stop.request_stop();
  });
  const auto sink = [&](std::string_view) {
    streaming.count_down();
    return true;
  };
  EXPECT_THROW(client.stream(request, sink, stop.get_token()), Cancelled);
}

TEST(HttpClient, RefusesTextThatWouldSmuggleAHeader) {
  Server server([](Connection& connection) { connection.read_all(); });
  Client client(server);
  EXPECT_THROW(client.exchange(get("/x\r\nEvil: 1"), {}), Error);
  EXPECT_THROW(client.exchange(get("/a b"), {}), Error);
  auto request = get("/");
  request.headers.add("X", "a\r\nEvil: 1");
  EXPECT_THROW(client.exchange(request, {}), Error);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, WaitsForNoBodyWhereThereIsNone) {
  Server server([](Connection& connection) {
    while (true) {
      const auto head = connection.read_head();
      if (head.empty()) return;
      connection.write(head.substr(0, 4) == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
                                                   : "HTTP/1.1 204 No Content\r\n\r\n");
    }
  });
  Client client(server);
  auto request = get("/");
  request.method = "HEAD";
  EXPECT_EQ(client.exchange(request, {}).headers.find("Content-Length"), "10");
  EXPECT_EQ(client.exchange(get("/"), {}).status, 204);
  EXPECT_EQ(server.connections(), 1);
}

class UpgradeAnswers : public testing::TestWithParam<std::string> {};

TEST_P(UpgradeAnswers, TurnTheConnectionIntoAStreamWithNothingLost) {
  std::string head, body;
  Server server([&](Connection& connection) {
    head = connection.read_head();
    body = connection.read_exactly(2);
    connection.write(GetParam() + "early");
    connection.write(", then all of " + connection.read_all());
  });
  Client client(server);
  auto upgrade = client.upgrade(post(std::string("{}")), {});
  ASSERT_TRUE(upgrade.stream);
  upgrade.stream->write_all("the input", deadline_in(generous), {});
  upgrade.stream->finish_writing(deadline_in(generous), {});
  EXPECT_EQ(read_to_end(*upgrade.stream), "early, then all of the input");
  EXPECT_THAT(head, HasSubstr("Connection: Upgrade\r\nUpgrade: tcp\r\n"));
  EXPECT_EQ(body, "{}");
}

INSTANTIATE_TEST_SUITE_P(, UpgradeAnswers,
                         testing::Values("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"));

TEST(HttpClient, ReturnsTheAnswerOfARefusedUpgrade) {
  Server server([](Connection& connection) {
    connection.read_head();
    connection.write(answer("not running", "409 Conflict"));
  });
  Client client(server);
  const auto upgrade = client.upgrade(post({}), {});
  EXPECT_FALSE(upgrade.stream);
  EXPECT_EQ(upgrade.response.status, 409);
  EXPECT_EQ(upgrade.response.body, "not running");
}

TEST(HttpClient, ReadsAndWritesAnUpgradedStreamFromTwoThreads) {
  Server server([](Connection& connection) {
    connection.read_head();
    connection.write("HTTP/1.1 101 UPGRADED\r\n\r\n");
    while (true) {
      const auto piece = connection.read_until("\n");
      if (piece.empty()) return;
      connection.write(piece);
    }
  });
  Client client(server);
  auto upgrade = client.upgrade(post({}), {});
  ASSERT_TRUE(upgrade.stream);
  std::string sent;
  for (int i = 0; i < 20'000; ++i) sent += format("line {}\n", i);
  std::jthread writer([&] {
    upgrade.stream->write_all(sent, deadline_in(generous), {});
    upgrade.stream->finish_writing(deadline_in(generous), {});
  });
  std::string received;
  char buffer[4096];
  while (const auto count = upgrade.stream->read_some(buffer, deadline_in(generous), {}))
    received.append(buffer, count);
  EXPECT_TRUE(received == sent);
}

}  // namespace
}  // namespace belay::net
