#include "scene.h"

#include "base/format.h"
#include "model/naming.h"

namespace belay::plan {

std::string image_id(int number) {
  return "sha256:" + std::string(64, static_cast<char>('0' + number % 10));
}

Service Scene::service(const std::vector<std::uint16_t>& host_ports, const std::vector<std::string>& volumes) {
  Service made;
  made.name = made.image = "web";
  for (const auto port : host_ports) made.ports.push_back({80, "tcp", "", port});
  for (const auto& volume : volumes) made.mounts.push_back({Mount::Kind::volume, volume, "/" + volume, false, ""});
  return made;
}

Release& Scene::release(int number, const std::vector<Service>& services, Verdict verdict) {
  Release made;
  made.number = {number};
  made.spec.services = services;
  made.verdict = verdict;
  for (const auto& each : services) {
    made.images[each.name] = image_id(number);
    made.containers[each.name] = container_name(app, each, made.number, now, [](const auto&) { return false; });
    Image& image = world.images[image_id(number)];
    image.id = image_id(number);
    image.config.labels = labels::for_image(app.name);
    image.tags.push_back(pin_tag(app.name, each.name, made.number));
  }
  app.highest_release = number;
  app.releases.push_back(made);
  return app.releases.back();
}

Container& Scene::container(int release, ContainerState state, const std::string& policy,
                            const std::string& service_name) {
  const Release& of = app.release({release});
  const Service& what = of.spec.service(service_name);
  Container made;
  made.name = of.containers.at(service_name);
  made.image_id = of.images.at(service_name);
  made.state = state;
  made.labels = labels::for_container({app.name.text(), service_name, of.number, app.scheme});
  if (made.is_up()) made.ports = what.ports;
  made.mounts = what.mounts;
  made.network_mode = what.network_mode;
  for (const auto& link : what.networks) made.networks.push_back(link.network);
  ContainerDetail detail;
  detail.container = made;
  detail.service = what;
  detail.restart = {policy, 0};
  world.details[made.name] = detail;
  world.containers.push_back(made);
  for (const auto& mount : what.mounts)
    if (mount.kind == Mount::Kind::volume && world.find_volume(mount.source) == nullptr)
      world.volumes.push_back({mount.source, "local", "", labels::for_volume(app.name, mount.target), {}});
  return world.containers.back();
}

Container& Scene::stranger(const std::string& name, ContainerState state) {
  Container made;
  made.name = name;
  made.state = state;
  world.containers.push_back(made);
  return world.containers.back();
}

void Scene::wish_up(int release, bool unfinished) {
  app.wish = {};
  app.wish.goal = goal::Run{ReleaseNumber{release}};
  if (unfinished) app.wish.progress = Wish::Progress::under_way;
}

void Scene::wish_down() {
  app.wish = {};
  app.wish.goal = goal::Stopped{};
}

std::string Scene::plan() const {
  return text_of([&] { return plan_wish(situation()); });
}

}  // namespace belay::plan
