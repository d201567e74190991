// The contract against a real engine, named by BELAY_TEST_ENGINE. Its images are built through the port itself from a
// static busybox (BELAY_TEST_BUSYBOX, else Debian's) and removed in the end.

#include <array>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "base/format.h"
#include "contract.h"
#include "engine/docker.h"
#include "tar_text.h"

namespace belay::engine {

namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string context_of(const std::string& dockerfile) {
  static const std::string busybox = read_file(setting("BELAY_TEST_BUSYBOX", "/bin/busybox"));
  TarText tar;
  tar.add_file("Dockerfile", dockerfile, 0644);
  tar.add_file("bin/busybox", busybox, 0755);
  for (const std::string applet : {"sh", "true", "false", "echo", "sleep"}) tar.add_link("bin/" + applet, "busybox");
  return tar.finished();
}

std::string dockerfile_of(const std::string& name, const std::string& lines) {
  return format("FROM scratch\nCOPY bin /bin\nENV PATH=/bin CONTRACT=image\nLABEL contract.image={}\n{}\n", name,
                lines);
}

constexpr const char* stay_up =
    R"(CMD ["/bin/sh", "-c", "trap 'exit 0' TERM; echo first line; echo second line; while :; do sleep 1000 & wait $!; done"])";

struct Recipe {
  std::string ContractImages::* image;
  const char* name;
  std::string lines;
};

const std::vector<Recipe>& recipes() {
  static const std::string up = stay_up;
  static const std::vector<Recipe> all{
      {&ContractImages::stays_up, "stays_up", up},
      {&ContractImages::exits, "exits",
       R"(CMD ["/bin/sh", "-c", "echo first line; echo second line; sleep 0.3; exit 3"])"},
      {&ContractImages::turns_healthy, "turns_healthy",
       "HEALTHCHECK --interval=300ms --timeout=10s --retries=1 CMD [\"/bin/true\"]\n" + up},
      {&ContractImages::turns_unhealthy, "turns_unhealthy",
       "HEALTHCHECK --interval=300ms --timeout=10s --retries=1 CMD [\"/bin/false\"]\n" + up},
      {&ContractImages::with_defaults, "with_defaults", "EXPOSE 8080\nVOLUME /data\nWORKDIR /data\n" + up},
      {&ContractImages::cannot_start, "cannot_start", R"(CMD ["/no-such-command"])"},
  };
  return all;
}

std::string run_prefix() {
  return format("belay-contract-{}", ::getpid());
}

// The engine and its images, once for all tests of the program.
class LiveEngine final : public ::testing::Environment {
 public:
  void SetUp() override {
    write_file_durably(logins_.path() / "config.json",
                       R"({"auths": {"registry.example:5000": {"auth": "dXNlcjpnZWhlaW0="}}})");
    ::setenv("DOCKER_CONFIG", logins_.path().c_str(), 1);
    engine_ = docker_engine({setting("BELAY_TEST_ENGINE", ""), {}, {}});
    for (const auto& recipe : recipes()) {
      const std::string reference = format("{}-images/{}:1", run_prefix(), recipe.name);
      const std::string context = context_of(dockerfile_of(recipe.name, recipe.lines));
      BuildRequest build;
      build.write_context = [&](const auto& sink) { sink(context); };
      build.tags = {reference};
      (void)engine_->build(build, {}, {});
      images_.*recipe.image = reference;
    }
  }
  void TearDown() override {
    for (const auto& recipe : recipes())
      if (const auto& reference = images_.*recipe.image; !reference.empty()) (void)engine_->remove_image(reference, {});
    engine_.reset();
  }
  Engine& engine() { return *engine_; }
  const ContractImages& images() const { return images_; }

 private:
  TemporaryFolder logins_;
  std::unique_ptr<Engine> engine_;
  ContractImages images_;
};

class LiveScene final : public ContractScene {
 public:
  // A prefix a test: what one test leaves behind when it fails does not disturb the next.
  explicit LiveScene(LiveEngine& live, int number) : live_(live), prefix_(format("{}-{}", run_prefix(), number)) {}

  Engine& engine() override { return live_.engine(); }
  const ContractImages& images() const override { return live_.images(); }
  Time now() const override { return clock_.now(); }
  void wait_a_little() override { (void)clock_.sleep(Milliseconds(50), {}); }
  std::string prefix() const override { return prefix_; }
  void write_context(const std::function<void(std::string_view)>& sink) const override {
    sink(context_of(dockerfile_of("built", "")));
  }
  std::string registry_with_login() const override { return "registry.example:5000"; }
  std::uint16_t free_port() override {
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket.raw(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket.raw(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw system_error("looking for a free port", errno);
    return ntohs(address.sin_port);
  }
  std::string registry() const override { return setting("BELAY_TEST_REGISTRY", ""); }

 private:
  LiveEngine& live_;
  std::string prefix_;
  SystemClock clock_;
};

LiveEngine* live_engine = nullptr;

}  // namespace

INSTANTIATE_TEST_SUITE_P(Live, EngineContract,
                         ::testing::Values(ContractMaker{"docker",
                                                         [] {
                                                           static int number = 0;
                                                           return std::make_unique<LiveScene>(*live_engine, ++number);
                                                         }}),
                         [](const auto& made) { return made.param.name; });

}  // namespace belay::engine

int main(int count, char** words) {
  ::testing::InitGoogleTest(&count, words);
  if (::belay::engine::setting("BELAY_TEST_ENGINE", "").empty()) {
    std::cerr << "BELAY_TEST_ENGINE names no engine to hold the contract against\n";
    return 2;
  }
  // GoogleTest owns it.
  ::belay::engine::live_engine = new ::belay::engine::LiveEngine;
  ::testing::AddGlobalTestEnvironment(::belay::engine::live_engine);
  return RUN_ALL_TESTS();
}
