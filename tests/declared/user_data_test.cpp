#include "declared/user_data.h"

#include <arpa/inet.h>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::declared {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string answer(int status, const std::string& body) {
  return format("HTTP/1.1 {} Some\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
}

// A metadata service on the loopback interface: one answer a connection. An empty answer is none: the connection stays
// open until the client leaves.
class FakeService {
 public:
  using Reply = std::function<std::string(const std::string& request)>;

  explicit FakeService(Reply reply) : reply_(std::move(reply)) {
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.raw(), 8), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(listener_.raw(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeService() { finish(); }

  UserDataSource source(const std::string& path = "") const {
    return {format("http://127.0.0.1:{}{}", port_, path), Milliseconds(10'000), Milliseconds(20'000)};
  }
  // The first lines of the requests so far; the service is over.
  std::vector<std::string> requests() {
    finish();
    return requests_;
  }

 private:
  void finish() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_.raw(), SHUT_RDWR);
    thread_.join();
  }

  void serve() {
    for (;;) {
      const Fd peer(::accept(listener_.raw(), nullptr, nullptr));
      if (!peer) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::read(peer.raw(), buffer, sizeof buffer);
        if (count <= 0) break;
        request.append(buffer, static_cast<std::size_t>(count));
      }
      requests_.push_back(request.substr(0, request.find(" HTTP")));
      const std::string bytes = reply_(request);
      if (bytes.empty()) {
        while (::read(peer.raw(), buffer, sizeof buffer) > 0) {
        }
      } else {
        // A client that has had enough is no failure of the service.
        (void)!::send(peer.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }
    }
  }

  const Reply reply_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;
};

bool asks_for_token(const std::string& request) {
  return request.starts_with("PUT ");
}

std::string failure(const UserDataSource& source) {
  try {
    const auto found = read_user_data(source, {});
    return found ? "read: " + *found : "there is none";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(UserData, IsReadWithATokenOfVersionTwo) {
  FakeService service([](const std::string& request) {
    const std::string words = lower(request);
    if (asks_for_token(request))
      return words.find("x-aws-ec2-metadata-token-ttl-seconds: 60\r\n") != std::string::npos ? answer(200, "s3cret==\n")
                                                                                             : answer(400, "");
    return words.find("x-aws-ec2-metadata-token: s3cret==\r\n") != std::string::npos
               ? answer(200, R"({"containers": []})")
               : answer(401, "");
  });
  EXPECT_EQ(read_user_data(service.source(), {}), R"({"containers": []})");
  EXPECT_THAT(service.requests(), ElementsAre("PUT /latest/api/token", "GET /latest/user-data"));
}

TEST(UserData, IsReadByVersionOneWhereThereAreNoTokens) {
  for (const int status : {403, 404, 405}) {
    FakeService service([status](const std::string& request) {
      if (asks_for_token(request)) return answer(status, "no");
      return lower(request).find("metadata-token") == std::string::npos ? answer(200, "{}") : answer(400, "");
    });
    EXPECT_EQ(read_user_data(service.source(), {}), "{}") << status;
  }
}

TEST(UserData, IsReadByVersionOneWhereTokensDoNotGetThrough) {
  FakeService service([](const std::string& request) { return asks_for_token(request) ? "" : answer(200, "{}"); });
  UserDataSource source = service.source();
  source.token_deadline = Milliseconds(300);
  EXPECT_EQ(read_user_data(source, {}), "{}");
}

TEST(UserData, ThatTheServiceDoesNotHaveIsNone) {
  FakeService service(
      [](const std::string& request) { return asks_for_token(request) ? answer(200, "t") : answer(404, "x"); });
  EXPECT_EQ(read_user_data(service.source(), {}), std::nullopt);
}

TEST(UserData, MayBeBehindAPath) {
  FakeService service([](const std::string& request) { return answer(200, asks_for_token(request) ? "t" : "{}"); });
  EXPECT_EQ(read_user_data(service.source("/meta/"), {}), "{}");
  EXPECT_THAT(service.requests(), ElementsAre("PUT /meta/latest/api/token", "GET /meta/latest/user-data"));
}

TEST(UserData, ThatWasEncodedTwiceIsDecoded) {
  FakeService service([](const std::string& request) {
    return answer(200, asks_for_token(request) ? "t" : base64(R"({"containers": []})") + "\n");
  });
  EXPECT_EQ(read_user_data(service.source(), {}), R"({"containers": []})");
}

TEST(UserData, ThatCannotBeToldIsAnErrorAndNeverNone) {
  const auto outcome = [](const std::string& to_token, const std::string& to_data,
                          Milliseconds deadline = Milliseconds(20'000)) {
    FakeService service([&](const std::string& request) { return asks_for_token(request) ? to_token : to_data; });
    UserDataSource source = service.source();
    source.deadline = deadline;
    return failure(source);
  };
  const std::string token = answer(200, "t");
  EXPECT_THAT(outcome(answer(500, ""), answer(200, "{}")), HasSubstr("asking for a token was answered by 500"));
  EXPECT_THAT(outcome(answer(200, ""), answer(200, "{}")), HasSubstr("the answer is not a token"));
  EXPECT_THAT(outcome(answer(200, "<html> </html>"), answer(200, "{}")), HasSubstr("the answer is not a token"));
  EXPECT_THAT(outcome(token, answer(500, "{}")), HasSubstr("the answer was 500"));
  EXPECT_THAT(outcome(token, answer(302, "")), HasSubstr("the answer was 302"));
  EXPECT_THAT(outcome(token, answer(401, "")), HasSubstr("the answer was 401"));
  EXPECT_THAT(outcome(answer(403, ""), answer(401, "")), HasSubstr("the service wants a token"));
  EXPECT_THAT(outcome(token, answer(200, "\x1f\x8b...")), HasSubstr("compressed with gzip"));
  EXPECT_THAT(outcome(token, answer(200, std::string(2 << 20, ' '))), HasSubstr("reading user-data from"));
  EXPECT_THAT(outcome("SSH-2.0-OpenSSH\r\n", ""), HasSubstr("reading user-data from"));
  EXPECT_THAT(outcome(token, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), HasSubstr("reading user-data from"));
  EXPECT_THAT(outcome(token, "", Milliseconds(300)), HasSubstr("reading user-data from"));
}

TEST(UserData, OfAServiceThatIsNotThereIsAnError) {
  std::string address;
  {
    const FakeService gone([](const std::string&) { return ""; });
    address = gone.source().address;
  }
  EXPECT_THAT(failure({address, Milliseconds(1'000), Milliseconds(5'000)}), HasSubstr(address));
}

TEST(UserData, NeedsAnAddressThatIsOne) {
  for (const char* address : {"", "169.254.169.254", "https://x", "http://", "http://:80", "http://x:0", "http://x:y",
                              "http://x/a b", "http://x:80\r\n"})
    EXPECT_THAT(failure({address, Milliseconds(10), Milliseconds(10)}), HasSubstr("is not the address")) << address;
}

TEST(UserData, IsNotWaitedForOnceStopIsAsked) {
  FakeService service([](const std::string&) { return ""; });
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(read_user_data(service.source(), stop.get_token()), Cancelled);
}

}  // namespace
}  // namespace belay::declared
