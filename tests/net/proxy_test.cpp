#include "net/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/text.h"
#include "net/http_date.h"
#include "server.h"

namespace belay::net {
namespace {

using testing::HasSubstr;

bool is_asked(const std::string& none, const TcpAddress& to) {
  return proxy_for({"http://p:1", "http://p:1", none}, true, to).has_value();
}

TEST(Proxy, IsChosenByTheKindOfTheConnection) {
  const ProxySettings settings{"http://plain.example:3128", "https://us%40er:p%3Aw@secure.example", ""};
  const auto secure = proxy_for(settings, true, {"registry.example", 443});
  EXPECT_EQ(secure->address.text(), "secure.example:443");
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->authorization, "Basic " + base64("us@er:p:w"));
  const auto plain = proxy_for(settings, false, {"registry.example", 80});
  EXPECT_EQ(plain->address.text(), "plain.example:3128");
  EXPECT_EQ(plain->authorization, "");
  EXPECT_EQ(proxy_for({}, true, {"registry.example", 443}), std::nullopt);
  EXPECT_EQ(proxy_for({"p:3128", "", ""}, false, {"a.example", 80})->address.text(), "p:3128");
  EXPECT_EQ(proxy_for({"", "http://xxxxx:xxxxx@p:1", ""}, true, {"a.example", 443})->authorization, "")
      << "so engines hide a login";
}

TEST(Proxy, IsNotAskedForWhatIsExcepted) {
  EXPECT_FALSE(is_asked("", {"127.0.0.1", 5000}));
  EXPECT_FALSE(is_asked("", {"localhost", 5000}));
  EXPECT_FALSE(is_asked("", {"[::1]", 5000}));
  EXPECT_FALSE(is_asked("*", {"a.example", 443}));
  EXPECT_FALSE(is_asked("b.example, a.example", {"A.example", 443}));
  EXPECT_FALSE(is_asked("example", {"a.example", 443}));
  EXPECT_FALSE(is_asked(".example", {"a.example", 443}));
  EXPECT_FALSE(is_asked("*.example", {"a.example", 443}));
  EXPECT_TRUE(is_asked("ample", {"a.example", 443}));
  EXPECT_FALSE(is_asked("a.example:443", {"a.example", 443}));
  EXPECT_TRUE(is_asked("a.example:5000", {"a.example", 443}));
  EXPECT_FALSE(is_asked("10.0.0.0/8", {"10.9.9.9", 443}));
  EXPECT_TRUE(is_asked("10.0.0.0/8", {"11.9.9.9", 443}));
  EXPECT_FALSE(is_asked("fd00::/8", {"[fd00::7]", 443}));
  EXPECT_TRUE(is_asked("10.0.0.0/8", {"a.example", 443}));
}

TEST(Proxy, SaysWhatIsNoProxy) {
  for (const char* bad : {"socks5://p:1080", "http://", "http://p:0", "http://p:99999"})
    EXPECT_THROW(proxy_for({bad, bad, ""}, true, {"a.example", 443}), Error) << bad;
}

TEST(Proxy, SaysNothingOfItsLogin) {
  for (const char* bad :
       {"http://user:pa/ss@p:0", "http://user:s3cret/@p:0", "http://us/er:p@ss@", "http://pa/ss:@p:99999"})
    try {
      proxy_for({bad, bad, ""}, true, {"a.example", 443});
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      for (const char* secret : {"ss", "s3cret", "us"}) EXPECT_THAT(error.what(), Not(HasSubstr(secret))) << bad;
    }
}

TEST(Proxy, LeadsThroughATunnel) {
  std::string head;
  test::Server server(test::Server::Family::ipv4, [&](test::Connection& connection) {
    head = connection.read_head();
    connection.write("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello");
    connection.read_until("bye");
  });
  const Proxy proxy{{"127.0.0.1", server.port()}, false, "Basic abc"};
  auto stream = connect_through(proxy, {"registry.example", 5000}, deadline_in(Seconds(10)), {});
  std::array<char, 5> bytes{};
  size_t read = 0;
  while (read < bytes.size()) read += stream->read_some(std::span(bytes).subspan(read), deadline_in(Seconds(10)), {});
  EXPECT_EQ(std::string(bytes.data(), 5), "hello") << "the first bytes behind the head are the tunnel's";
  stream->write_all("bye", deadline_in(Seconds(10)), {});
  EXPECT_THAT(head, HasSubstr("CONNECT registry.example:5000 HTTP/1.1\r\nHost: registry.example:5000\r\n"));
  EXPECT_THAT(head, HasSubstr("Proxy-Authorization: Basic abc\r\n"));
}

TEST(Proxy, TellsWhyItDoesNotLeadThere) {
  std::string reply;
  test::Server server(test::Server::Family::ipv4, [&](test::Connection& connection) {
    connection.read_head();
    connection.write(reply);
  });
  const auto failure = [&](const std::string& answer) -> std::string {
    reply = answer;
    try {
      connect_through({{"127.0.0.1", server.port()}, false, ""}, {"a.example", 443}, deadline_in(Seconds(10)), {});
    } catch (const ConnectError& error) {
      return error.what();
    }
    return "it worked";
  };
  EXPECT_THAT(failure("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), HasSubstr("wants a login"));
  EXPECT_THAT(failure("HTTP/1.1 403 Forbidden\r\n\r\n"),
              HasSubstr("does not lead to a.example:443: HTTP/1.1 403 Forbidden"));
  EXPECT_THAT(failure("SSH-2.0\r\n\r\n"), HasSubstr("does not lead to"));
  EXPECT_THAT(failure(""), HasSubstr("the proxy 127.0.0.1:"));
}

TEST(HttpDate, IsReadInAllThreeForms) {
  const auto expected = parse_time("1994-11-06T08:49:37Z");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
  for (const char* bad : {"", "soon", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"})
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace belay::net
