#pragma once
// What every engine behind the port must do, as one suite. Each program that holds an engine against it instantiates
// EngineContract with a maker of its scene: contract_memory_test.cpp, contract_live.cpp.

#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace belay::engine {

// The images a scene offers. All have the label contract.image and the variable CONTRACT=image.
struct ContractImages {
  std::string stays_up;       // writes "first line", "second line"; stops at once when asked to
  std::string exits;          // with code 3 after 0.3 s
  std::string turns_healthy;  // its health check passes
  std::string turns_unhealthy;
  std::string with_defaults;  // stays up; EXPOSE 8080, VOLUME /data, WORKDIR /data
  std::string cannot_start;   // its command does not exist
};

// An engine with these images, and names that are this test's own.
class ContractScene {
 public:
  virtual ~ContractScene() = default;
  virtual Engine& engine() = 0;
  virtual const ContractImages& images() const = 0;
  virtual Time now() const = 0;
  // Lets a little time pass.
  virtual void wait_a_little() = 0;
  // Put in front of every name that the tests make.
  virtual std::string prefix() const = 0;
  // A context for build(): a Dockerfile that makes a small image.
  virtual void write_context(const std::function<void(std::string_view)>& sink) const = 0;
  // A registry for which there is a login.
  virtual std::string registry_with_login() const = 0;
  // Host ports that nothing listens on.
  virtual std::uint16_t free_port() = 0;
  // "host:port" of a registry that anybody may push to; empty: this scene has none.
  virtual std::string registry() const = 0;
};

struct ContractMaker {
  std::string name;
  std::function<std::unique_ptr<ContractScene>()> make;
};

class EngineContract : public ::testing::TestWithParam<ContractMaker> {
 protected:
  void SetUp() override;
  // Removes whatever the test made.
  void TearDown() override;

  Engine& engine() { return scene_->engine(); }
  const ContractImages& images() const { return scene_->images(); }
  // A name of this run's own; what bears it is removed in the end.
  std::string own(const std::string& name);
  std::string own_tag(const std::string& name);
  // The same in the scene's registry.
  std::string own_registry_tag(const std::string& name);
  // What the tag's repository has under the digest.
  std::string own_pinned(const std::string& tag, const std::string& digest);
  static Mount volume_at(const std::string& name, const std::string& target);
  ContainerRequest request(const std::string& name, const std::string& image);
  // Creates and starts it, and waits for its first line.
  void run(const std::string& name, const std::string& image);
  std::string output(const std::string& name, const LogRequest& wanted = {});
  ContainerDetail detail(const std::string& name);
  Container listed(const std::string& name);
  // A request for a container with the volume "v" at /var/data.
  ContainerRequest holder(const std::string& name, bool read_only = false);
  // Puts some files into /var/data of this container.
  void fill(const std::string& name);
  std::string archive(const std::string& name, const std::string& path);
  // Builds an image of this test alone, which is gone when its last tag goes. Its id.
  std::string build_own(const std::string& tag);
  std::string saved(const std::vector<std::string>& references);
  bool has_volume(const std::string& name);
  // Waits at most a minute of the scene's time.
  [[nodiscard]] bool eventually(const std::function<bool()>& holds);

  std::unique_ptr<ContractScene> scene_;
  std::stop_token stop_;

 private:
  std::vector<std::string> names_, tags_;
};

}  // namespace belay::engine
