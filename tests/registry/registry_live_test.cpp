// Against real registries, that tests/real/registry_test.sh runs: BELAY_TEST_OPEN_REGISTRY lets anybody in and has
// web:1, web:2 and web:latest; BELAY_TEST_REGISTRY_LOGIN wants "belay" with "geheim" and TLS, with the authority in
// BELAY_TEST_CERTIFICATES, and has web:1; nothing listens at BELAY_TEST_DEAD_REGISTRY. All are "host:port".

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/docker.h"
#include "registry/registry.h"

namespace belay::registry {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

class LiveRegistry : public testing::Test {
 protected:
  void SetUp() override {
    if (open_.empty() || login_.empty() || dead_.empty()) GTEST_SKIP() << "no registries are named";
    access_.certificates = setting("BELAY_TEST_CERTIFICATES");
  }
  static ImageRef image(const std::string& host, const std::string& rest) { return ImageRef::parse(host + "/" + rest); }
  static std::unique_ptr<engine::Engine> engine(const std::optional<engine::ServerLogin>& login = {}) {
    return engine::docker_engine(
        {.host = setting("BELAY_TEST_ENGINE"), .tls_verify = {}, .cert_path = {}, .login = login});
  }
  template <class Work>
  static int status_of(Work&& work) {
    try {
      work();
    } catch (const RegistryError& error) {
      return error.status();
    } catch (const EngineError& error) {
      return error.status();
    }
    return 200;
  }

  const std::string open_ = setting("BELAY_TEST_OPEN_REGISTRY");
  const std::string login_ = setting("BELAY_TEST_REGISTRY_LOGIN");
  const std::string dead_ = setting("BELAY_TEST_DEAD_REGISTRY");
  Access access_;
};

TEST_F(LiveRegistry, ListsTags) {
  EXPECT_THAT(list_tags(image(open_, "web"), access_, {}), UnorderedElementsAre("1", "2", "latest"));
  EXPECT_THROW(list_tags(image(open_, "absent"), access_, {}), NotFound);
  EXPECT_EQ(platform_digest(image(open_, "web:1"), "linux", "amd64", "", access_, {}), std::nullopt);
}

TEST_F(LiveRegistry, ListsTagsBehindTlsAndALogin) {
  EXPECT_EQ(status_of([&] { list_tags(image(login_, "web"), access_, {}); }), 401);
  access_.login = Credentials{"belay", "falsch", {}};
  EXPECT_EQ(status_of([&] { list_tags(image(login_, "web"), access_, {}); }), 401);
  access_.login = Credentials{"belay", "geheim", {}};
  EXPECT_THAT(list_tags(image(login_, "web"), access_, {}), UnorderedElementsAre("1"));
  access_.certificates.clear();
  EXPECT_EQ(status_of([&] { list_tags(image(login_, "web"), access_, {}); }), 0);
  access_.insecure = true;
  EXPECT_THAT(list_tags(image(login_, "web"), access_, {}), UnorderedElementsAre("1"));
}

TEST_F(LiveRegistry, AsksTheEngineForADigest) {
  const auto one = engine()->registry_image(open_ + "/web:1", {});
  EXPECT_THAT(one.digest, testing::StartsWith("sha256:"));
  EXPECT_EQ(one.platforms.size(), 1u);
  EXPECT_NE(engine()->registry_image(open_ + "/web:2", {}).digest, one.digest);
  EXPECT_THROW(engine()->registry_image(open_ + "/web:3", {}), NotFound);
  EXPECT_THROW(engine()->registry_image(open_ + "/absent:1", {}), NotFound);
}

TEST_F(LiveRegistry, AsksTheEngineWithTheLoginOfTheSettings) {
  const auto ask = [&](const std::optional<engine::ServerLogin>& login) {
    return status_of([&] { engine(login)->registry_image(login_ + "/web:1", {}); });
  };
  EXPECT_EQ(ask({}), 401);
  EXPECT_EQ(ask(engine::ServerLogin{login_, {"belay", "falsch", {}}}), 401);
  EXPECT_EQ(ask(engine::ServerLogin{login_, {"belay", "geheim", {}}}), 200);
  EXPECT_EQ(ask(engine::ServerLogin{"other.example", {"belay", "geheim", {}}}), 401);
}

TEST_F(LiveRegistry, SaysThatARegistryIsDown) {
  EXPECT_EQ(status_of([&] { list_tags(image(dead_, "web"), access_, {}); }), 0);
  try {
    engine()->registry_image(dead_ + "/web:1", {});
    FAIL();
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("refused"));
  }
}

}  // namespace
}  // namespace belay::registry
