#include "contract.h"
#include "engine_memory/memory.h"
#include "support/fake_clock.h"

namespace belay::engine {

namespace {

class MemoryScene final : public ContractScene {
 public:
  MemoryScene() {
    engine_.log_in({registry_with_login(), {"me", "secret", {}}});
    Behaviour talks;
    talks.output = "first line\nsecond line\n";
    add(images_.stays_up, "stays_up", {}, talks);
    Behaviour exits = talks;
    exits.exits_after = Milliseconds(300);
    exits.exit_code = 3;
    add(images_.exits, "exits", {}, exits);

    ImageConfig checked;
    checked.health = HealthCheck{{"CMD", "/bin/true"}, Seconds(1), {}, {}, 1};
    Behaviour heals = talks;
    heals.healthy_after = Seconds(1);
    add(images_.turns_healthy, "turns_healthy", checked, heals);
    Behaviour sickens = talks;
    sickens.unhealthy_after = Seconds(1);
    add(images_.turns_unhealthy, "turns_unhealthy", checked, sickens);

    ImageConfig defaults;
    defaults.exposed_ports = {"8080/tcp"};
    defaults.volumes = {"/data"};
    defaults.working_dir = "/data";
    add(images_.with_defaults, "with_defaults", defaults, talks);
    Behaviour broken;
    broken.start_error = "no such file or directory";
    add(images_.cannot_start, "cannot_start", {}, broken);
  }

  Engine& engine() override { return engine_; }
  const ContractImages& images() const override { return images_; }
  Time now() const override { return clock_.now(); }
  void wait_a_little() override { clock_.advance(Milliseconds(50)); }
  std::string prefix() const override { return "contract"; }
  void write_context(const std::function<void(std::string_view)>&) const override {}
  std::string registry_with_login() const override { return "registry.example:5000"; }
  std::uint16_t free_port() override { return 8080; }
  std::string registry() const override { return "registry.example:5000"; }

 private:
  void add(std::string& reference, const std::string& name, ImageConfig config, const Behaviour& behaviour) {
    reference = "contract-images/" + name + ":1";
    config.labels["contract.image"] = name;
    config.environment["CONTRACT"] = "image";
    engine_.add_image(reference, config, behaviour);
  }

  testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  ContractImages images_;
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(InMemory, EngineContract,
                         ::testing::Values(ContractMaker{"memory", [] { return std::make_unique<MemoryScene>(); }}),
                         [](const auto& made) { return made.param.name; });

}  // namespace belay::engine
