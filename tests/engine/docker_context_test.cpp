#include "engine/docker_context.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace belay::engine {
namespace {

using testing::HasSubstr;

class DockerContext : public testing::Test {
 protected:
  DockerContext() {
    for (const char* name : {"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"})
      ::unsetenv(name);
    ::setenv("DOCKER_CONFIG", folder_.path().c_str(), 1);
  }

  void write(const std::string& file, const std::string& text) {
    make_folder((folder_.path() / file).parent_path());
    write_file_durably(folder_.path() / file, text);
  }
  void add_context(const std::string& id, const std::string& name, const std::string& endpoint) {
    write("contexts/meta/" + id + "/meta.json",
          R"({"Name":")" + name + R"(","Metadata":{},"Endpoints":{"docker":)" + endpoint + "}}");
  }
  static Endpoint find(const DockerOptions& options = {}) { return find_endpoint(options); }
  void expect_missing(const std::string& file) const {
    try {
      find();
      FAIL() << "there is no " << file;
    } catch (const EngineError& error) {
      EXPECT_THAT(error.what(), testing::StartsWith((folder_.path() / file).string() + " is missing: "));
      EXPECT_THAT(error.hint(), testing::AllOf(HasSubstr("ca"), HasSubstr("cert"), HasSubstr("key")));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(DockerContext, FallsBackToTheDefaultSocket) {
  EXPECT_EQ(find().text, "unix:///var/run/docker.sock");
  EXPECT_EQ(find().socket, "/var/run/docker.sock");
  write("config.json", R"({"currentContext":"default"})");
  EXPECT_EQ(find().text, "unix:///var/run/docker.sock");
}

TEST_F(DockerContext, PrefersTheOptionToTheEnvironmentToTheContext) {
  write("config.json", R"({"currentContext":"far"})");
  add_context("f00d", "far", R"({"Host":"unix:///context.sock"})");
  EXPECT_EQ(find().socket, "/context.sock");
  ::setenv("DOCKER_HOST", "unix:///environment.sock", 1);
  EXPECT_EQ(find().socket, "/environment.sock");
  EXPECT_EQ(find({.host = "unix:///option.sock", .tls_verify = {}, .cert_path = {}}).socket, "/option.sock");
}

TEST_F(DockerContext, TakesTheContextOfTheEnvironmentBeforeTheCurrentOne) {
  write("config.json", R"({"currentContext":"one"})");
  add_context("01", "one", R"({"Host":"unix:///one.sock"})");
  add_context("02", "two", R"({"Host":"unix:///two.sock"})");
  ::setenv("DOCKER_CONTEXT", "two", 1);
  EXPECT_EQ(find().socket, "/two.sock");
  EXPECT_EQ(find().context, "two");
  EXPECT_EQ(find({.host = "unix:///option.sock", .tls_verify = {}, .cert_path = {}}).context, "");
}

TEST_F(DockerContext, FindsTheCertificatesOfAContext) {
  add_context("abc", "safe", R"({"Host":"tcp://engine.example","SkipTLSVerify":true})");
  write("contexts/tls/abc/docker/ca.pem", "x");
  ::setenv("DOCKER_CONTEXT", "safe", 1);
  const Endpoint endpoint = find();
  EXPECT_TRUE(endpoint.tls);
  EXPECT_FALSE(endpoint.verify_peer);
  EXPECT_EQ(endpoint.port, 2376);
  EXPECT_EQ(endpoint.ca_file, folder_.path() / "contexts/tls/abc/docker/ca.pem");
  EXPECT_EQ(endpoint.certificate_file, "");
}

TEST_F(DockerContext, UsesTlsWhereTheEnvironmentOrTheOptionWantsIt) {
  write("ca.pem", "x");
  ::setenv("DOCKER_HOST", "tcp://[::1]:4000", 1);
  EXPECT_FALSE(find().tls);
  EXPECT_EQ(find().host, "::1");
  EXPECT_EQ(find().port, 4000);
  ::setenv("DOCKER_TLS_VERIFY", "1", 1);
  EXPECT_TRUE(find().tls);
  EXPECT_TRUE(find().verify_peer);
  EXPECT_EQ(find().ca_file, folder_.path() / "ca.pem");
  EXPECT_FALSE(find({.host = {}, .tls_verify = false, .cert_path = {}}).tls);
}

TEST_F(DockerContext, NamesTheAuthorityThatIsMissing) {
  ::setenv("DOCKER_HOST", "tcp://engine.example:2376", 1);
  ::setenv("DOCKER_TLS_VERIFY", "1", 1);
  expect_missing("ca.pem");
  write("own/cert.pem", "x");
  write("own/key.pem", "x");
  ::setenv("DOCKER_CERT_PATH", (folder_.path() / "own").c_str(), 1);
  expect_missing("own/ca.pem");
  write("own/ca.pem", "x");
  EXPECT_EQ(find().ca_file, folder_.path() / "own/ca.pem");
  ::setenv("DOCKER_CERT_PATH", "/nowhere", 1);
  EXPECT_THROW(find(), EngineError);
}

TEST_F(DockerContext, NamesTheHalfOfACertificateThatIsMissing) {
  ::setenv("DOCKER_HOST", "tcp://engine.example:2376", 1);
  ::setenv("DOCKER_TLS_VERIFY", "1", 1);
  write("ca.pem", "x");
  EXPECT_EQ(find().certificate_file, "");
  write("key.pem", "x");
  expect_missing("cert.pem");
  write("cert.pem", "x");
  EXPECT_EQ(find().certificate_file, folder_.path() / "cert.pem");
  fs::remove(folder_.path() / "key.pem");
  expect_missing("key.pem");
}

TEST_F(DockerContext, NamesTheHalfThatAContextLacks) {
  add_context("abc", "safe", R"({"Host":"tcp://engine.example:2376"})");
  write("contexts/tls/abc/docker/cert.pem", "x");
  ::setenv("DOCKER_CONTEXT", "safe", 1);
  expect_missing("contexts/tls/abc/docker/key.pem");
  write("contexts/tls/abc/docker/key.pem", "x");
  // As docker has it: the context was made for a server that the system's authorities vouch for.
  EXPECT_TRUE(find().tls);
  EXPECT_TRUE(find().verify_peer);
  EXPECT_EQ(find().ca_file, "");
  // Whoever asks for verification in words gets that of the folder that goes with it.
  ::setenv("DOCKER_TLS_VERIFY", "1", 1);
  ::setenv("DOCKER_CERT_PATH", folder_.path().c_str(), 1);
  expect_missing("ca.pem");
}

TEST_F(DockerContext, SpeaksTlsWithAContextThatOnlySkipsVerification) {
  add_context("abc", "careless", R"({"Host":"tcp://engine.example","SkipTLSVerify":true})");
  ::setenv("DOCKER_CONTEXT", "careless", 1);
  EXPECT_TRUE(find().tls);
  EXPECT_FALSE(find().verify_peer);
  EXPECT_EQ(find().port, 2376);
}

TEST_F(DockerContext, ReachesAnEngineThroughSsh) {
  ::setenv("BELAY_SSH", "ssh -F '/etc/my ssh'", 1);
  const auto far = find({.host = "ssh://user@far:2222/run/my docker.sock", .tls_verify = true, .cert_path = {}});
  ::unsetenv("BELAY_SSH");
  EXPECT_THAT(far.command, testing::ElementsAre("ssh", "-F", "/etc/my ssh", "-T", "-o", "BatchMode=yes", "-o",
                                                "ConnectTimeout=10", "-l", "user", "-p", "2222", "--", "far",
                                                "docker -H 'unix:///run/my docker.sock' system dial-stdio"));
  EXPECT_EQ(far.text, "ssh://user@far:2222/run/my docker.sock");
  EXPECT_FALSE(far.tls);
  EXPECT_THAT(find({.host = "ssh://far", .tls_verify = {}, .cert_path = {}}).command.back(),
              "docker system dial-stdio");
  // No password, no host, and no option of ssh's in the place of one.
  for (const char* wrong : {"ssh://user:secret@far", "ssh://", "ssh://-oProxyCommand=x", "ssh://far:x"})
    EXPECT_THROW(find({.host = wrong, .tls_verify = {}, .cert_path = {}}), UsageError) << wrong;
}

TEST_F(DockerContext, RefusesWhatIsNoAddress) {
  for (const char* host : {"tcp://", "unix://", "fd://", "nonsense", "tcp://host:0", "tcp://host:x"})
    EXPECT_THROW(find({.host = host, .tls_verify = {}, .cert_path = {}}), UsageError) << host;
}

TEST_F(DockerContext, NamesAContextThatIsNotThere) {
  add_context("01", "office", R"({"Host":"unix:///one.sock"})");
  ::setenv("DOCKER_CONTEXT", "offise", 1);
  try {
    find();
    FAIL() << "there is none";
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("offise"));
    EXPECT_EQ(error.hint(), "Did you mean 'office'?");
  }
}

TEST_F(DockerContext, NamesADamagedConfiguration) {
  write("config.json", "{");
  try {
    find();
    FAIL() << "it is damaged";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("config.json"));
  }
}

}  // namespace
}  // namespace belay::engine
