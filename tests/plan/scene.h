#pragma once
// An app called "web" and the world around it, built by hand.

#include <string>

#include "plan/planner.h"

namespace belay::plan {

std::string image_id(int number);

struct Scene {
  App app{AppName("web")};
  World world;
  Time now{std::chrono::sys_days(std::chrono::year(2026) / 1 / 31)};

  // A service "web" that publishes these host ports and writes to these volumes.
  static Service service(const std::vector<std::uint16_t>& host_ports = {},
                         const std::vector<std::string>& volumes = {});

  // Release `number` with image `number`, which is on this host.
  Release& release(int number, const std::vector<Service>& services = {service()}, Verdict verdict = Verdict::passed);
  void forget_image(int number) { world.images.erase(image_id(number)); }
  // The container of a release's service, as the engine shows it. Holds its ports while it is up.
  Container& container(int release, ContainerState state, const std::string& policy = "no",
                       const std::string& service_name = "web");
  // One that is not the app's.
  Container& stranger(const std::string& name, ContainerState state = ContainerState::running);
  void wish_up(int release, bool unfinished = true);
  void wish_down();

  Situation situation() const { return {app, world, now}; }
  // The plan of the wish as text, or the error it ends with.
  std::string plan() const;
};

// `make`'s plan as text, or its error.
template <class Make>
std::string text_of(Make&& make) {
  try {
    const std::string text = plan_text(make());
    return text.empty() ? "nothing to do\n" : text;
  } catch (const Error& error) {
    return std::string("error: ") + error.what() + "\nhint: " + error.hint() + "\n";
  }
}

}  // namespace belay::plan
