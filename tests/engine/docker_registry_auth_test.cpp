#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/text.h"
#include "engine/registry_auth.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;

class RegistryAuth : public testing::Test {
 protected:
  void configure(const std::string& text) { write_file_durably(folder_.path() / "config.json", text); }
  // A helper that is found on the PATH for as long as this process lives.
  void add_helper(const std::string& name, const std::string& script) {
    write_file_durably(folder_.path() / ("docker-credential-" + name), "#!/bin/sh\n" + script, 0755);
    ::setenv("PATH", (folder_.path().string() + ":/usr/bin:/bin").c_str(), 1);
  }
  std::string auth(const std::string& registry) {
    return base64_decoded(RegistryLogins(folder_.path()).auth_header(registry, {})).value();
  }
  std::string config() { return base64_decoded(RegistryLogins(folder_.path()).config_header({})).value(); }

  TemporaryFolder folder_;
};

TEST_F(RegistryAuth, SendsTheEmptyObjectWhereNoLoginIsKnown) {
  EXPECT_EQ(RegistryLogins(folder_.path()).auth_header("docker.io", {}), "e30=");
  configure("");
  EXPECT_EQ(auth("docker.io"), "{}");
  configure(R"({"auths":{"registry.example":{}}})");
  EXPECT_EQ(auth("registry.example"), "{}");
}

TEST_F(RegistryAuth, ReadsTheLoginsOfTheFile) {
  configure(R"({"auths":{
    "https://index.docker.io/v1/":{"auth":")" +
            base64("me:a:b") + R"("},
    "https://registry.example:5000/v2/":{"username":"you","password":"ü"},
    "token.example":{"auth":")" +
            base64("x:") + R"(","identitytoken":"tok"}}})");
  EXPECT_EQ(auth("docker.io"), R"({"username":"me","password":"a:b","serveraddress":"https://index.docker.io/v1/"})");
  EXPECT_EQ(auth("registry.example:5000"),
            R"({"username":"you","password":"ü","serveraddress":"registry.example:5000"})");
  EXPECT_EQ(auth("token.example"), R"({"username":"x","identitytoken":"tok","serveraddress":"token.example"})");
  EXPECT_EQ(auth("registry.example"), "{}");
  EXPECT_THAT(config(), HasSubstr(R"("token.example":{"username":"x","identitytoken":"tok")"));
  EXPECT_THAT(config(), HasSubstr(R"("https://index.docker.io/v1/":{"username":"me")"));
}

TEST_F(RegistryAuth, PrefersTheLoginOfTheSettingsForItsServerOnly) {
  configure(R"({"auths":{
    "https://index.docker.io/v1/":{"username":"me","password":"a"},
    "registry.example":{"username":"you","password":"b"}}})");
  const auto user = [&](const std::string& server, const std::string& registry) {
    const auto found = RegistryLogins(folder_.path(), ServerLogin{server, {"given", "c", {}}}).login(registry, {});
    return found ? found->username : "nobody";
  };
  EXPECT_EQ(user("registry.example", "registry.example"), "given");
  EXPECT_EQ(user("https://registry.example/v2/", "registry.example"), "given");
  EXPECT_EQ(user("registry.example", "docker.io"), "me");
  EXPECT_EQ(user("registry.example", "other.example"), "nobody");
  for (const std::string hub : {"", "docker.io", "https://index.docker.io/v1/"})
    EXPECT_EQ(user(hub, "docker.io"), "given");
  const std::string all =
      base64_decoded(
          RegistryLogins(folder_.path(), ServerLogin{"registry.example", {"given", "c", {}}}).config_header({}))
          .value();
  EXPECT_THAT(all, HasSubstr(R"("registry.example":{"username":"given","password":"c")"));
  EXPECT_THAT(all, HasSubstr(R"("username":"me")"));
  EXPECT_EQ(all.find("you"), std::string::npos);
}

TEST_F(RegistryAuth, EncodesForUrlsWithPadding) {
  configure(R"({"auths":{"r.example":{"username":"???","password":"~~~>>"}}})");
  const std::string header = RegistryLogins(folder_.path()).auth_header("r.example", {});
  EXPECT_EQ(header.size() % 4, 0U);
  EXPECT_EQ(header.find_first_of("+/"), std::string::npos);
}

TEST_F(RegistryAuth, AsksTheHelperOfTheRegistryThenTheStore) {
  add_helper("store", R"(read server; test "$1" = list && { echo '{"from.store":"a"}'; exit; }
[ "$server" = from.store ] || { echo "credentials not found in native keychain"; exit 1; }
echo '{"ServerURL":"from.store","Username":"stored","Secret":"s1"}')");
  add_helper("special", R"(read server; echo '{"Username":"<token>","Secret":"t-'$server'"}')");
  configure(R"({"credsStore":"store","credHelpers":{"special.example":"special"},
                "auths":{"plain.example":{"username":"p","password":"q"},"from.store":{}}})");
  EXPECT_EQ(auth("from.store"), R"({"username":"stored","password":"s1","serveraddress":"from.store"})");
  EXPECT_EQ(auth("special.example"), R"({"identitytoken":"t-special.example","serveraddress":"special.example"})");
  EXPECT_EQ(auth("plain.example"), R"({"username":"p","password":"q","serveraddress":"plain.example"})");
  EXPECT_EQ(auth("unknown.example"), "{}");
  for (const char* known : {"from.store", "special.example", "plain.example"}) EXPECT_THAT(config(), HasSubstr(known));
}

TEST_F(RegistryAuth, GoesWithoutAHelperThatFailsAndSaysSoOnce) {
  struct Case {
    std::string helper, script, words;
  };
  for (const Case& each : {Case{"not-installed", "", "docker-credential-not-installed"},
                           Case{"broken", "echo 'the keychain is locked'; exit 1", "the keychain is locked"},
                           Case{"silent", "exit 7", "docker-credential-silent could not give the login"},
                           Case{"chatty", "echo 'Welcome!'; echo '{\"Username\":\"a\",\"Secret\":\"b\"}'",
                                "answered something that is not JSON"}}) {
    if (!each.script.empty())
      add_helper(each.helper, "echo asked >>" + (folder_.path() / "asked").string() + "\n" + each.script);
    configure(R"({"credsStore":")" + each.helper + R"(","auths":{"plain.example":{"username":"p","password":"q"}}})");
    std::vector<std::string> warnings;
    const RegistryLogins logins(folder_.path(), {}, [&](const std::string& trouble) { warnings.push_back(trouble); });
    EXPECT_EQ(logins.auth_header("docker.io", {}), "e30=") << each.helper;
    EXPECT_EQ(logins.auth_header("docker.io", {}), "e30=");
    EXPECT_EQ(logins.login("plain.example", {})->username, "p") << "what the file says still counts";
    EXPECT_EQ(base64_decoded(logins.config_header({})).value().find("docker.io"), std::string::npos);
    ASSERT_EQ(warnings.size(), 1U) << each.helper;
    EXPECT_THAT(warnings[0], HasSubstr(each.words));
    EXPECT_THAT(warnings[0], HasSubstr("going on without that login"));
    EXPECT_THAT(logins.trouble(), HasSubstr(each.words));
    const auto asked = read_file_if_present(folder_.path() / "asked").value_or("");
    EXPECT_LE(asked.size(), std::string("asked\n").size()) << each.helper << " was asked more than once";
    fs::remove(folder_.path() / "asked");
  }
}

TEST_F(RegistryAuth, GoesWithoutAFileThatCannotBeRead) {
  for (const char* text : {"{", "[1]x", "\xff"}) {
    configure(text);
    std::vector<std::string> warnings;
    const RegistryLogins logins(folder_.path(), {}, [&](const std::string& trouble) { warnings.push_back(trouble); });
    EXPECT_EQ(logins.auth_header("docker.io", {}), "e30=");
    EXPECT_EQ(logins.auth_header("registry.example", {}), "e30=");
    ASSERT_EQ(warnings.size(), 1U) << text;
    EXPECT_THAT(warnings[0], HasSubstr("not valid JSON"));
  }
}

TEST_F(RegistryAuth, AHelperOfAnotherRegistryIsNotAsked) {
  add_helper("other", "touch " + (folder_.path() / "asked").string() + "; exit 1");
  configure(R"({"credHelpers":{"other.example":"other"}})");
  EXPECT_EQ(auth("docker.io"), "{}");
  EXPECT_FALSE(fs::exists(folder_.path() / "asked"));
}

}  // namespace
}  // namespace belay::engine
