#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>

#include "base/errors.h"
#include "base/format.h"
#include "net/http.h"

namespace belay::net {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Ticks soon() {
  return deadline_in(Milliseconds(20'000));
}

class HttpServerTest : public ::testing::Test {
 protected:
  std::map<std::string, Route> routes() {
    return {{"/hello",
             [](const ServerRequest& request) {
               ServerAnswer answer;
               answer.body = format("{} {} {}\n", request.method, request.path, request.query);
               return answer;
             }},
            {"/fails",
             [](const ServerRequest&) -> ServerAnswer { throw Error(ErrorCode::internal, "the engine is away"); }},
            {"/long", [](const ServerRequest&) {
               ServerAnswer answer;
               answer.body = std::string(4 << 20, 'x');
               return answer;
             }}};
  }
  ListenAddress on_socket() const {
    ListenAddress address;
    address.socket = folder_.path() / "s";
    return address;
  }
  std::unique_ptr<Stream> connect() { return connect_unix(folder_.path() / "s", soon(), {}); }
  static std::string read_all(Stream& stream) {
    std::string all;
    char buffer[4096];
    try {
      while (const auto count = stream.read_some(buffer, soon(), {})) all.append(buffer, count);
    } catch (const StreamError& error) {
      all += format("(broken: {})", error.what());
    }
    return all;
  }
  std::string said(std::string_view request) {
    const auto stream = connect();
    stream->write_all(request, soon(), {});
    return read_all(*stream);
  }
  // Does the server still serve?
  void expect_alive() { EXPECT_THAT(said("GET /hello HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n")); }

  const TemporaryFolder folder_;
};

TEST_F(HttpServerTest, AnswersGet) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  const auto answer = said("GET /hello?a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 15\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /hello a=b\n"));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  const auto answer = said("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 13\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, SaysWhatIsWrong) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  EXPECT_THAT(said("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  const auto refused = said("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refused, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(said("GET /hello HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 ")) << "no Host";
  const auto failed = said("GET /fails HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(failed, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(failed, HasSubstr("the engine is away"));
}

// Metrics over TCP answered under any name, so that a page could read them (DNS rebinding).
TEST(OwnName, IsLocalOrAnAddressOrSaidToBe) {
  for (const char* const name :
       {"", "localhost", "LOCALHOST", "localhost.", "metrics.localhost", "127.0.0.1", "10.0.0.7", "::1"})
    EXPECT_TRUE(is_own_name(name, {})) << name;
  for (const char* const name : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3", "evil"})
    EXPECT_FALSE(is_own_name(name, {})) << name;
  EXPECT_TRUE(is_own_name("Shop.example", {"shop.example"}));
  EXPECT_EQ(read_request_head("GET / HTTP/1.1\r\nHost: shop.example:9323\r\n\r\n").request.host, "shop.example");
  EXPECT_EQ(read_request_head("GET / HTTP/1.1\r\nHost: [::1]:9323\r\n\r\n").request.host, "::1");
  EXPECT_FALSE(read_request_head("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").valid);
}

TEST_F(HttpServerTest, RefusesAStrangeNameOverTcp) {
  ServerLimits limits;
  limits.names = {"shop.example"};
  HttpServer server(*parse_listen_address("127.0.0.1:0"), Reach::loopback_only, routes(), limits);
  const auto asked_as = [&](const std::string& host) {
    const auto stream = connect_tcp(server.address().tcp, soon(), {});
    stream->write_all(format("GET /hello HTTP/1.1\r\nHost: {}\r\n\r\n", host), soon(), {});
    return read_all(*stream).substr(0, 12);
  };
  EXPECT_EQ(asked_as(server.address().text()), "HTTP/1.1 200");
  EXPECT_EQ(asked_as("localhost:9323"), "HTTP/1.1 200");
  EXPECT_EQ(asked_as("shop.example"), "HTTP/1.1 200");
  EXPECT_EQ(asked_as("evil.example"), "HTTP/1.1 421");
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  for (const std::string& garbage : std::vector<std::string>{
           "\r\n\r\n", "GET\r\n\r\n", "GET /hello\r\n\r\n", "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "GET hello HTTP/1.1\r\nHost: x\r\n\r\n", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n",
           "GET /hello HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "GET /hello HTTP/1.1\r\n: x\r\n\r\n",
           std::string("GET /hello HTTP/1.1\r\nHost: \0\r\n\r\n", 32), "G\x01T /hello HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET /h\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /hello HTTP/1.1\nHost: x\n\n\r\n\r\n",
           std::string(10'000, 'a'), "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n",
           "\x16\x03\x01\x02" + std::string(9'000, '\x01')})
    EXPECT_THAT(said(garbage), StartsWith("HTTP/1.1 400 ")) << garbage.substr(0, 60);
  expect_alive();
}

TEST_F(HttpServerTest, SurvivesChance) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  std::minstd_rand chance(7);
  for (int round = 0; round < 200; ++round) {
    std::string request = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int edit = 0; edit < 3; ++edit) request[chance() % request.size()] = static_cast<char>(chance() % 256);
    const auto stream = connect();
    stream->write_all(request, soon(), {});
    stream->finish_writing(soon(), {});
    read_all(*stream);
  }
  expect_alive();
}

TEST_F(HttpServerTest, ReadsARequestThatComesInPieces) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  const auto stream = connect();
  for (const char c : std::string_view("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"))
    stream->write_all(std::string_view(&c, 1), soon(), {});
  EXPECT_THAT(read_all(*stream), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, SendsLongAnswersWhole) {
  HttpServer server(on_socket(), Reach::loopback_only, routes());
  const auto answer = said("GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto begin = answer.find("\r\n\r\n");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(answer.size() - begin - 4, size_t{4 << 20});
}

TEST_F(HttpServerTest, ServesWhoComesAfterALongQuiet) {
  ServerLimits limits;
  limits.patience = Milliseconds(300);
  HttpServer server(on_socket(), Reach::loopback_only, routes(), limits);
  expect_alive();
  // Longer than its patience with a client, which begins with the client.
  std::this_thread::sleep_for(limits.patience * 3);
  expect_alive();
}

TEST_F(HttpServerTest, ClosesConnectionsThatSayNothing) {
  ServerLimits limits;
  limits.patience = Milliseconds(50);
  HttpServer server(on_socket(), Reach::loopback_only, routes(), limits);
  const auto silent = connect();
  const auto slow = connect();
  slow->write_all("GET /hello HT", soon(), {});
  EXPECT_EQ(read_all(*silent), "");
  EXPECT_THAT(read_all(*slow), Not(HasSubstr("200")));
}

TEST_F(HttpServerTest, LetsMoreConnectionsWaitThanItServes) {
  ServerLimits limits;
  limits.patience = Seconds(20);
  limits.connections = 2;
  HttpServer server(on_socket(), Reach::loopback_only, routes(), limits);
  auto first = connect();
  auto second = connect();
  auto third = connect();
  third->write_all("GET /hello HTTP/1.0\r\n\r\n", soon(), {});
  first.reset();
  EXPECT_THAT(read_all(*third), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, EndsInTheMiddleOfAConversation) {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<Stream> stream;
  {
    ServerLimits limits;
    limits.patience = std::chrono::hours(1);
    HttpServer server(on_socket(), Reach::loopback_only, routes(), limits);
    stream = connect();
    stream->write_all("GET /long HTTP/1.0\r\n\r\n", soon(), {});
    char first[1];
    ASSERT_EQ(stream->read_some(first, soon(), {}), 1u);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
  EXPECT_FALSE(fs::exists(folder_.path() / "s"));
}

TEST_F(HttpServerTest, ServesOnLoopback) {
  for (const auto* text : {"127.0.0.1:0", "localhost:0", ":0"}) {
    HttpServer server(*parse_listen_address(text), Reach::loopback_only, routes());
    const auto port = server.address().tcp.port;
    EXPECT_NE(port, 0);
    HttpClient client([&](std::stop_token stop) { return connect_tcp({"127.0.0.1", port}, soon(), stop); },
                      "localhost");
    Request request;
    request.target = "/hello";
    EXPECT_EQ(client.exchange(request, {}).body, "GET /hello \n");
    EXPECT_EQ(client.exchange(request, {}).status, 200) << "each on a connection of its own";
  }
}

TEST(ListenAddress, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(parse_listen_address("unix:/run/x.sock")->socket, "/run/x.sock");
  EXPECT_EQ(parse_listen_address("/run/x.sock")->text(), "unix:/run/x.sock");
  EXPECT_EQ(parse_listen_address("[::1]:9300")->text(), "[::1]:9300");
  EXPECT_EQ(parse_listen_address("10.0.0.1:80")->text(), "10.0.0.1:80");
  EXPECT_EQ(parse_listen_address(":80")->text(), "127.0.0.1:80");
  for (const auto* wrong : {"", "80", "::1:80", "example:80", "1.2.3.4:70000", "1.2.3.4:", "unix:x", "1.2.3.4"})
    EXPECT_FALSE(parse_listen_address(wrong).has_value()) << wrong;
}

TEST(Listener, RefusesAddressesThatOtherMachinesReach) {
  for (const auto* text : {"0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:127.0.0.1]:0"})
    EXPECT_THROW(Listener(*parse_listen_address(text), Reach::loopback_only), Error) << text;
  EXPECT_NO_THROW(Listener(*parse_listen_address("0.0.0.0:0"), Reach::anywhere));
}

TEST(Listener, IsOpenToOwnerAndGroupOnly) {
  const TemporaryFolder folder;
  ListenAddress address;
  address.socket = folder.path() / "s";
  const Listener listener(address, Reach::loopback_only);
  struct stat status{};
  ASSERT_EQ(::lstat(address.socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660u);
}

// A socket of this type (SOCK_STREAM, …) at the path, bound and not listening.
Fd bound_socket(const fs::path& path, int type) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  path.string().copy(raw.sun_path, sizeof raw.sun_path - 1);
  Fd socket(::socket(AF_UNIX, type, 0));
  EXPECT_EQ(::bind(socket.raw(), reinterpret_cast<sockaddr*>(&raw), sizeof raw), 0);
  return socket;
}

TEST(Listener, TakesOverWhatADeadProcessLeft) {
  const TemporaryFolder folder;
  ListenAddress address;
  address.socket = folder.path() / "s";
  std::ignore = bound_socket(address.socket, SOCK_STREAM);
  ASSERT_TRUE(fs::exists(address.socket));
  const Listener listener(address, Reach::loopback_only);
  EXPECT_THROW(Listener(address, Reach::loopback_only), Conflict) << "this one lives";
  EXPECT_TRUE(fs::exists(address.socket)) << "the refused one took nothing away";
}

// Such as the socket of the system's log: nobody can connect to it, and it is in use.
TEST(Listener, LeavesASocketForDatagrams) {
  const TemporaryFolder folder;
  ListenAddress address;
  address.socket = folder.path() / "s";
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    const Fd other = bound_socket(address.socket, type);
    EXPECT_THROW(Listener(address, Reach::loopback_only), Conflict);
    ASSERT_TRUE(fs::exists(address.socket));
    fs::remove(address.socket);
  }
}

TEST(Listener, LeavesFilesAlone) {
  const TemporaryFolder folder;
  ListenAddress address;
  address.socket = folder.path() / "file";
  write_file_durably(address.socket, "text");
  EXPECT_THROW(Listener(address, Reach::loopback_only), Conflict);
  EXPECT_EQ(read_file(address.socket), "text");
}

TEST(Listener, LeavesTheSocketOfASuccessor) {
  const TemporaryFolder folder;
  ListenAddress address;
  address.socket = folder.path() / "s";
  auto first = std::make_unique<Listener>(address, Reach::loopback_only);
  // A successor that starts before we end moves ours away.
  fs::remove(address.socket);
  const Listener second(address, Reach::loopback_only);
  first.reset();
  EXPECT_TRUE(fs::exists(address.socket));
}

}  // namespace
}  // namespace belay::net
