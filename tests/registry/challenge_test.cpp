#include "registry/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registry/origin.h"

namespace belay::registry {
namespace {

TEST(Challenge, IsReadWithItsQuotedParameters) {
  const auto found = parse_challenges(
      R"(Bearer realm="https://auth.example/token",Service="r \"x\"", scope="repository:web:pull,push", BASIC realm=r)");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].parameter("realm"), "https://auth.example/token");
  EXPECT_EQ(found[0].parameter("service"), "r \"x\"");
  EXPECT_EQ(found[0].parameter("scope"), "repository:web:pull,push");
  EXPECT_EQ(found[0].parameter("absent"), "");
  EXPECT_EQ(found[1].scheme, "basic");
  EXPECT_EQ(found[1].parameter("realm"), "r");
}

TEST(Challenge, SurvivesNonsense) {
  for (const char* text :
       {"", ",,", "\"", "=x", "a=b", "Bearer realm=\"open", "Bearer realm=\"\\", "Bearer realm=", "\x01"})
    for (const auto& challenge : parse_challenges(text)) EXPECT_NE(challenge.scheme, "") << text;
}

TEST(Url, IsReadInParts) {
  const auto url = Url::parse("HTTPS://auth.example:5001/token?x=1#y");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "auth.example:5001");
  EXPECT_EQ(url->target, "/token?x=1");
  EXPECT_EQ(Url::parse("http://a")->target, "/");
  EXPECT_EQ(Url::parse("http://a?x")->target, "/?x");
  for (const char* bad :
       {"", "ftp://a/b", "a/b", "https://", "https:///x", "https://user@a/", "https://a/ b", "https://a/\r\nx"})
    EXPECT_FALSE(Url::parse(bad)) << bad;
}

TEST(Url, NamesHostAndPort) {
  EXPECT_EQ(address_of("registry.example:5000", 443).text(), "registry.example:5000");
  EXPECT_EQ(address_of("registry.example", 443).text(), "registry.example:443");
  EXPECT_EQ(address_of("[::1]:5000", 443).port, 5000);
  EXPECT_EQ(address_of("[::1]", 443).port, 443);
  EXPECT_THROW(address_of("registry.example:0", 443), RegistryError);
  EXPECT_TRUE(is_loopback("127.0.0.1:5000"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("[::1]:5000"));
  EXPECT_FALSE(is_loopback("127.evil.example:5000"));
  EXPECT_FALSE(is_loopback("172.17.0.1:5000"));
}

}  // namespace
}  // namespace belay::registry
