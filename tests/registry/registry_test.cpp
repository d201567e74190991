#include "registry/registry.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/format.h"
#include "base/text.h"
#include "certificates.h"
#include "server.h"

namespace belay::registry {
namespace {

using net::test::answer;
using net::test::Connection;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const std::string& status, const std::string& headers, const std::string& body = "{}") {
  return format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers, body.size(), body);
}

// A registry without TLS that answers by the head of each request.
class FakeRegistry {
 public:
  using Reply = std::function<std::string(const std::string& head)>;
  explicit FakeRegistry(Reply reply)
      : reply_(std::move(reply)), server_(net::test::Server::Family::ipv4, [this](Connection& connection) {
          for (;;) {
            // A TLS client begins like this, and no request does.
            const std::string first = connection.read_exactly(1);
            if (first.empty() || first == "\x16") return;
            const std::string head = first + connection.read_head();
            heads_.with([&](auto& heads) { heads.push_back(head); });
            if (!connection.write(reply_(head))) return;
          }
        }) {}

  std::string host() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<std::string> heads() const {
    return heads_.with([](const auto& heads) { return heads; });
  }
  std::vector<std::string> tags(const Access& access = {}, const std::string& rest = "/team/web:1") const {
    return list_tags(ImageRef::parse(host() + rest), access, {});
  }
  RegistryError failure(const Access& access = {}) const {
    try {
      tags(access);
    } catch (const RegistryError& error) {
      return error;
    }
    throw Error(ErrorCode::internal, "it worked");
  }

 private:
  const Reply reply_;
  Guarded<std::vector<std::string>> heads_;
  net::test::Server server_;
};

Access with_login() {
  Access access;
  access.login = Credentials{"me", "secret", {}};
  return access;
}

TEST(ListTags, ReadsTheListOfTheRepository) {
  const FakeRegistry registry(
      [](const std::string&) { return answer(R"({"name":"team/web","tags":["1.0","latest","no tag!",7]})"); });
  EXPECT_THAT(registry.tags(), ElementsAre("1.0", "latest"));
  EXPECT_THAT(registry.heads().back(), HasSubstr("GET /v2/team/web/tags/list?n=1000 HTTP/1.1\r\n"));
}

TEST(ListTags, TakesARepositoryWhoseTagsAreAllGone) {
  const FakeRegistry registry([](const std::string&) { return answer(R"({"name":"web","tags":null})"); });
  EXPECT_THAT(registry.tags(), IsEmpty());
}

TEST(ListTags, FollowsThePages) {
  const FakeRegistry registry([](const std::string& head) {
    if (head.find("last=b") != std::string::npos) return answer(R"({"tags":["c"]})");
    return refusal("200 OK", "Link: </v2/team/web/tags/list?last=b&n=2>; rel=\"next\"\r\n", R"({"tags":["a","b"]})");
  });
  EXPECT_THAT(registry.tags(), ElementsAre("a", "b", "c"));
}

TEST(ListTags, GivesUpOnAnAnswerThatTricklesIn) {
  const net::test::Server server(net::test::Server::Family::ipv4, [](Connection& connection) {
    const std::string first = connection.read_exactly(1);
    if (first.empty() || first == "\x16") return;
    connection.read_head();
    // It never ends, and is never silent for long.
    bool listens = connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (listens) {
      std::this_thread::sleep_for(Milliseconds(5));
      listens = connection.write(" ");
    }
  });
  Access access;
  access.limit = Milliseconds(200);
  try {
    list_tags(ImageRef::parse(format("127.0.0.1:{}/team/web:1", server.port())), access, {});
    FAIL() << "it had no end";
  } catch (const RegistryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did not answer in time"));
  }
}

TEST(ListTags, RefusesPagesWithoutEnd) {
  const FakeRegistry registry([](const std::string&) {
    return refusal("200 OK", "Link: </v2/team/web/tags/list?last=a>; rel=\"next\"\r\n", R"({"tags":["a"]})");
  });
  EXPECT_THAT(registry.failure().what(), HasSubstr("more tags"));
  EXPECT_EQ(registry.heads().size(), 100u);
}

TEST(ListTags, RefusesANextPageElsewhere) {
  const FakeRegistry registry([](const std::string&) {
    return refusal("200 OK", "Link: </other?last=a>; rel=\"next\"\r\n", R"({"tags":["a"]})");
  });
  EXPECT_THAT(registry.failure().what(), HasSubstr("next page that is not valid"));
}

TEST(ListTags, RefusesAnAnswerThatIsTooLongOrNoList) {
  const FakeRegistry large([](const std::string&) { return answer(std::string(5 << 20, ' ')); });
  EXPECT_THAT(large.failure().what(), HasSubstr("too long"));
  const FakeRegistry page([](const std::string&) { return answer("<html>"); });
  EXPECT_THAT(page.failure().what(), HasSubstr("is not a registry"));
  const FakeRegistry other([](const std::string&) { return answer(R"({"tags":"a"})"); });
  EXPECT_THAT(other.failure().what(), HasSubstr("lists no tags"));
}

TEST(ListTags, ShowsALoginOnlyWhenItIsAskedFor) {
  const std::string wanted = "Authorization: Basic " + base64("me:secret") + "\r\n";
  const FakeRegistry registry([&](const std::string& head) {
    if (head.find(wanted) != std::string::npos) return answer(R"({"tags":["1"]})");
    return refusal("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n",
                   R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})");
  });
  EXPECT_THAT(registry.tags(with_login()), ElementsAre("1"));
  EXPECT_EQ(registry.heads().front().find("Authorization"), std::string::npos);
  const RegistryError stranger = registry.failure();
  EXPECT_EQ(stranger.status(), 401);
  EXPECT_THAT(stranger.what(), HasSubstr("authentication required"));
  EXPECT_THAT(stranger.hint(), HasSubstr("docker login 127.0.0.1:"));
  Access wrong;
  wrong.login = Credentials{"me", "wrong", {}};
  EXPECT_EQ(registry.failure(wrong).status(), 401);
}

// The registry is its own token server.
class TokenRegistry : public FakeRegistry {
 public:
  TokenRegistry()
      : FakeRegistry([this](const std::string& head) -> std::string {
          if (head.find(" /token") != std::string::npos) {
            if (head.find("Basic " + base64("me:secret")) != std::string::npos || head.starts_with("POST"))
              return answer(R"({"access_token":"abc"})");
            return refusal("401 Unauthorized", "", R"({"details":"incorrect username or password"})");
          }
          if (head.find("Authorization: Bearer abc\r\n") != std::string::npos) return answer(R"({"tags":["1"]})");
          return refusal("401 Unauthorized", format("WWW-Authenticate: Bearer realm=\"http://{}/token\",service=\"the "
                                                    "service\",scope=\"repository:team/web:pull\"\r\n",
                                                    host()));
        }) {}
};

TEST(ListTags, FetchesATokenWhereOneIsWanted) {
  const TokenRegistry registry;
  EXPECT_THAT(registry.tags(with_login()), ElementsAre("1"));
  EXPECT_THAT(registry.heads().at(1),
              HasSubstr("GET /token?service=the%20service&scope=repository%3Ateam%2Fweb%3Apull HTTP/1.1"));
  const RegistryError stranger = registry.failure();
  EXPECT_EQ(stranger.status(), 401);
  EXPECT_THAT(stranger.what(), HasSubstr("incorrect username or password"));
}

TEST(ListTags, FetchesATokenForAnIdentity) {
  const TokenRegistry registry;
  Access access;
  access.login = Credentials{"<token>", {}, "refresh me"};
  EXPECT_THAT(registry.tags(access), ElementsAre("1"));
  EXPECT_THAT(registry.heads().at(1), HasSubstr("POST /token HTTP/1.1"));
}

TEST(ListTags, SaysWhatARegistryRefuses) {
  const auto refused = [](const std::string& status, const std::string& headers) {
    const FakeRegistry registry([&](const std::string&) { return refusal(status, headers); });
    return registry.failure();
  };
  EXPECT_EQ(refused("403 Forbidden", "").status(), 403);
  const RegistryError limited = refused("429 Too Many Requests", "Retry-After: 120\r\n");
  EXPECT_EQ(limited.status(), 429);
  EXPECT_EQ(limited.retry_after(), Seconds(120));
  EXPECT_EQ(refused("429 Too Many Requests", "Retry-After: 99999999999999\r\n").retry_after(), std::chrono::days(1));
  EXPECT_EQ(
      refused("429 Slow down", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n")
          .retry_after(),
      Seconds(120))
      << "by the registry's own clock";
  EXPECT_EQ(refused("429 Slow down", "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\n").retry_after(), Milliseconds(0));
  EXPECT_EQ(refused("429 Slow down", "Retry-After: Sun, 06 Nov 2094 08:51:37 GMT\r\n").retry_after(),
            std::chrono::days(1));
  EXPECT_EQ(refused("503 Busy", "Retry-After: soon\r\n").retry_after(), std::nullopt);
  EXPECT_EQ(refused("307 Elsewhere", "Location: http://evil.example/\r\n").status(), 307);
  const FakeRegistry registry([&](const std::string&) { return refusal("404 Not Found", ""); });
  EXPECT_THROW(registry.tags(), NotFound);
}

TEST(ListTags, SaysWhoCannotBeReached) {
  std::string host;
  {
    const FakeRegistry gone([](const std::string&) { return std::string(); });
    host = gone.host();
  }
  try {
    list_tags(ImageRef::parse(host + "/web:1"), {}, {});
    FAIL();
  } catch (const RegistryError& error) {
    EXPECT_EQ(error.status(), 0);
    EXPECT_THAT(error.what(), HasSubstr("nothing listens at " + host));
  }
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(list_tags(ImageRef::parse(host + "/web:1"), {}, stop.get_token()), Cancelled);
}

TEST(PlatformDigest, FindsThePlatformInsideAnIndex) {
  const FakeRegistry registry([](const std::string& head) {
    if (head.find("/manifests/single ") != std::string::npos) return answer(R"({"config":{},"layers":[]})");
    return answer(R"({"manifests":[
      {"digest":"sha256:a","platform":{"os":"linux","architecture":"amd64"}},
      {"digest":"sha256:6","platform":{"os":"linux","architecture":"arm","variant":"v6"}},
      {"digest":"sha256:7","platform":{"os":"linux","architecture":"arm","variant":"v7"}},
      {"digest":"sha256:x"}]})");
  });
  const auto digest = [&](const std::string& tag, const std::string& architecture, const std::string& variant) {
    return platform_digest(ImageRef::parse(registry.host() + "/web" + tag), "linux", architecture, variant, {}, {});
  };
  EXPECT_EQ(digest(":1", "amd64", ""), "sha256:a");
  EXPECT_EQ(digest(":1", "arm", "v7"), "sha256:7");
  EXPECT_EQ(digest(":1", "arm", ""), "sha256:6");
  EXPECT_EQ(digest(":1", "s390x", ""), std::nullopt);
  EXPECT_EQ(digest(":single", "amd64", ""), std::nullopt);
  EXPECT_THAT(registry.heads().back(), HasSubstr("image.index.v1+json"));
}

// A registry with TLS that answers each request with one tag.
class SecureRegistry {
 public:
  explicit SecureRegistry(const net::test::Authority* clients = nullptr)
      : context_(net::test::server_context(identity_, clients)),
        server_(
            net::test::Server::Family::ipv4,
            [](Connection& connection) {
              while (!connection.read_head().empty() && connection.write(answer(R"({"tags":["1.0"]})"))) {
              }
            },
            context_.get()) {}

  std::string host() const { return format("registry.example:{}", server_.port()); }
  std::uint16_t port() const { return server_.port(); }
  const net::test::Authority& authority() const { return authority_; }

 private:
  net::test::Authority authority_;
  net::test::Identity identity_ = authority_.issue("registry", "DNS:registry.example");
  net::test::ServerContext context_;
  net::test::Server server_;
};

// Leads to the port it is told to, whatever name it is asked for; so names of no network can be used.
class Tunnel {
 public:
  explicit Tunnel(std::uint16_t port)
      : server_(net::test::Server::Family::ipv4, [this, port](Connection& connection) {
          heads_.with([head = connection.read_head()](auto& heads) { heads.push_back(head); });
          auto to = net::connect_tcp({"127.0.0.1", port}, net::deadline_in(Seconds(10)), {});
          connection.write("HTTP/1.1 200 OK\r\n\r\n");
          const std::jthread back([&] {
            std::array<char, 4096> bytes{};
            try {
              while (const size_t count = to->read_some(bytes, net::deadline_in(Seconds(10)), {}))
                connection.write({bytes.data(), count});
            } catch (const Error&) {
              return;
            }
          });
          try {
            for (std::string byte = connection.read_exactly(1); !byte.empty(); byte = connection.read_exactly(1))
              to->write_all(byte, net::deadline_in(Seconds(10)), {});
            to->finish_writing(net::deadline_in(Seconds(1)), {});
          } catch (const Error&) {
            return;
          }
        }) {}
  net::ProxySettings settings() const { return {"", format("http://me:pw@127.0.0.1:{}", server_.port()), ""}; }
  std::vector<std::string> heads() const {
    return heads_.with([](const auto& heads) { return heads; });
  }

 private:
  Guarded<std::vector<std::string>> heads_;
  net::test::Server server_;
};

std::string tags_or_why(const std::string& host, const Access& access) {
  try {
    return join(list_tags(ImageRef::parse(host + "/web:1"), access, {}), ",");
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Certificates, EveryCrtIsAnAuthorityAndTheSystemsOnesStay) {
  const SecureRegistry registry;
  const Tunnel tunnel(registry.port());
  const TemporaryFolder folder;
  const fs::path own = folder.path() / registry.host();
  fs::create_directories(own);
  Access access;
  access.certificates = folder.path();
  access.proxy = tunnel.settings();
  EXPECT_THAT(tags_or_why(registry.host(), access), HasSubstr("cannot be trusted"));
  write_file_durably(own / "a-note.crt", "no certificate");
  fs::copy_file(registry.authority().file(), own / "company-root.crt");
  EXPECT_EQ(tags_or_why(registry.host(), access), "1.0");
  fs::rename(own / "company-root.crt", own / "company-root.pem");
  EXPECT_THAT(tags_or_why(registry.host(), access), HasSubstr("cannot be trusted")) << "the engine's rule: only *.crt";
}

TEST(Certificates, APairOfCertAndKeyIsShown) {
  const net::test::Authority clients;
  const auto me = clients.issue("belay", "DNS:belay");
  const SecureRegistry registry(&clients);
  const Tunnel tunnel(registry.port());
  const TemporaryFolder folder;
  const fs::path own = folder.path() / registry.host();
  fs::create_directories(own);
  fs::copy_file(registry.authority().file(), own / "root.crt");
  Access access;
  access.certificates = folder.path();
  access.proxy = tunnel.settings();
  EXPECT_NE(tags_or_why(registry.host(), access), "1.0");
  fs::copy_file(me.certificate_file, own / "host.cert");
  EXPECT_THAT(tags_or_why(registry.host(), access), HasSubstr("host.key is missing"));
  fs::copy_file(me.key_file, own / "host.key");
  EXPECT_EQ(tags_or_why(registry.host(), access), "1.0");
}

TEST(Proxies, ARegistryIsAskedThroughTheProxy) {
  const SecureRegistry registry;
  const Tunnel tunnel(registry.port());
  const TemporaryFolder folder;
  fs::create_directories(folder.path() / registry.host());
  fs::copy_file(registry.authority().file(), folder.path() / registry.host() / "ca.crt");
  Access access;
  access.certificates = folder.path();
  access.proxy = tunnel.settings();
  EXPECT_EQ(tags_or_why(registry.host(), access), "1.0");
  ASSERT_FALSE(tunnel.heads().empty());
  EXPECT_THAT(tunnel.heads()[0], HasSubstr("CONNECT " + registry.host() + " HTTP/1.1\r\n"));
  EXPECT_THAT(tunnel.heads()[0], HasSubstr("Proxy-Authorization: Basic " + base64("me:pw")));
}

TEST(Mirrors, StandInForTheDefaultRegistryOnly) {
  const FakeRegistry mirror([](const std::string& head) {
    return head.find("/v2/library/nginx/") != std::string::npos ? answer(R"({"tags":["1.27.0"]})")
                                                                : refusal("404 Not Found", "");
  });
  Access access;
  access.mirrors = {"not a url", "http://127.0.0.1:1", "http://" + mirror.host() + "/"};
  access.login = Credentials{"me", "secret", {}};
  EXPECT_THAT(list_tags(ImageRef::parse("nginx:1"), access, {}), ElementsAre("1.27.0"));
  EXPECT_THAT(mirror.heads().back(), testing::Not(HasSubstr("Authorization"))) << "the login is the default registry's";
  const FakeRegistry other([](const std::string&) { return answer(R"({"tags":["7"]})"); });
  EXPECT_THAT(other.tags(access), ElementsAre("7"));
}

}  // namespace
}  // namespace belay::registry
