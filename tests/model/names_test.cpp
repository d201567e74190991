#include "model/names.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(AppName, FollowsItsRules) {
  for (const std::string& name :
       std::vector<std::string>{"ab", "web", "Web-1_2.x", "9lives", "a-", "a..", std::string(63, 'a')})
    EXPECT_EQ(AppName(name).text(), name);
}

TEST(AppName, RefusesEverythingElse) {
  for (const std::string& name : {std::string(), std::string("a"), std::string("-web"), std::string(".web"),
                                  std::string("_web"), std::string("we b"), std::string("web/1"), std::string("wéb"),
                                  std::string("web\n"), std::string(64, 'a'), std::string("we\0b", 4)})
    EXPECT_THROW(AppName{name}, UsageError) << name;
}

TEST(AppName, ARefusalIsReadableAndHasAHint) {
  try {
    AppName("\x1b[2J" + std::string(1000, 'x'));
    FAIL() << "it was accepted";
  } catch (const UsageError& error) {
    const std::string text = error.what();
    EXPECT_LT(text.size(), 200U);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(error.hint().find("2 to 63"), std::string::npos);
  }
}

TEST(ReleaseNumber, ReadsWhatItWrites) {
  for (const int value : {1, 12, 9'999'999}) EXPECT_EQ(ReleaseNumber::parse(ReleaseNumber{value}.text()).value, value);
}

TEST(ReleaseNumber, RefusesEverythingElse) {
  for (const char* text : {"", "r", "r0", "r01", "12", "R1", "r-1", "r1 ", "r1.0", "r99999999999"}) {
    EXPECT_FALSE(ReleaseNumber::is_valid(text)) << text;
    EXPECT_THROW(ReleaseNumber::parse(text), UsageError) << text;
  }
}

const std::string digest = "sha256:" + std::string(60, '0') + "beef";

TEST(ImageRef, HasItsParts) {
  struct Case {
    std::string text, repository, tag, digest, registry, written;
  };
  const Case cases[] = {
      {"web", "web", "latest", "", "docker.io", "web:latest"},
      {"web:1.2", "web", "1.2", "", "docker.io", "web:1.2"},
      {"team/web:_x", "team/web", "_x", "", "docker.io", "team/web:_x"},
      {"registry.example/team/web", "registry.example/team/web", "latest", "", "registry.example",
       "registry.example/team/web:latest"},
      {"localhost/web", "localhost/web", "latest", "", "localhost", "localhost/web:latest"},
      {"localhost:5000/web:1", "localhost:5000/web", "1", "", "localhost:5000", "localhost:5000/web:1"},
      {"[::1]:5000/web", "[::1]:5000/web", "latest", "", "[::1]:5000", "[::1]:5000/web:latest"},
      {"web@" + digest, "web", "", digest, "docker.io", "web@" + digest},
      {"web:1@" + digest, "web", "1", digest, "docker.io", "web:1@" + digest},
      {"x/a.b-c__d_e---f", "x/a.b-c__d_e---f", "latest", "", "docker.io", "x/a.b-c__d_e---f:latest"},
  };
  for (const auto& expected : cases) {
    const ImageRef ref = ImageRef::parse(expected.text);
    EXPECT_EQ(ref.repository, expected.repository) << expected.text;
    EXPECT_EQ(ref.tag, expected.tag) << expected.text;
    EXPECT_EQ(ref.digest, expected.digest) << expected.text;
    EXPECT_EQ(ref.registry(), expected.registry) << expected.text;
    EXPECT_EQ(ref.text(), expected.written) << expected.text;
    EXPECT_EQ(ImageRef::parse(ref.text()), ref) << expected.text;
  }
}

TEST(ImageRef, RefusesWhatNoEngineTakes) {
  const std::string cases[] = {"",
                               ":1",
                               "web:",
                               "web:1 ",
                               "we b",
                               "Web",
                               "web:" + std::string(129, 'x'),
                               "web:.x",
                               "web:-x",
                               "web:a/b:c!",
                               "/web",
                               "web/",
                               "team//web",
                               "-web",
                               "web-",
                               "a..b",
                               "a___b",
                               "a_-b",
                               "a.-b",
                               "exa mple.com/web",
                               "a_b.example/web",
                               "host:port/web",
                               "host:/web",
                               "registry.example/",
                               "[::x]:5000/web",
                               "web@sha256:beef",
                               "web@sha512:" + std::string(64, '0'),
                               "web@sha256:" + std::string(64, 'x'),
                               "web@sha256:" + std::string(64, 'A'),
                               "web@" + digest + "@" + digest,
                               "@" + digest,
                               "wéb",
                               std::string(256, 'a')};
  for (const auto& text : cases) EXPECT_THROW(ImageRef::parse(text), UsageError) << text;
}

TEST(ShortDigest, IsWhatTablesShow) {
  EXPECT_EQ(short_digest("sha256:0123456789abcdef"), "0123456789ab");
  EXPECT_EQ(short_digest("web:1"), "1");
  EXPECT_EQ(short_digest(""), "");
}

}  // namespace
}  // namespace belay
