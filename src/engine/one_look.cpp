#include "engine/one_look.h"

#include <algorithm>
#include <stdexcept>

#include "base/format.h"

namespace belay::engine {

namespace {

[[noreturn]] void must_not(const char* what) {
  throw std::logic_error(format("a preview must not {}", what));
}

std::vector<std::string> keys_of(const labels::Labels& labels) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : labels) {
    keys.push_back(key);
    keys.push_back(format("{}={}", key, value));
  }
  return keys;
}

// No label begins so.
std::string repository_key(const std::string& repository) {
  return "\n" + repository;
}

std::vector<std::string> keys_of(const Image& image) {
  auto keys = keys_of(image.config.labels);
  for (const auto& tag : image.tags)
    if (const auto key = repository_key(tag.substr(0, tag.rfind(':')));
        std::find(keys.begin(), keys.end(), key) == keys.end())
      keys.push_back(key);
  return keys;
}

}  // namespace

template <class Thing>
template <class Ask, class Keys>
std::vector<Thing> OneLook::Listed<Thing>::get(const std::optional<std::string>& key, Ask&& ask, Keys&& keys) {
  const std::lock_guard lock(mutex);
  if (!things) {
    things = ask();
    for (size_t i = 0; i < things->size(); ++i)
      for (auto& each : keys((*things)[i])) places[std::move(each)].push_back(i);
  }
  if (!key) return *things;
  std::vector<Thing> found;
  if (const auto known = places.find(*key); known != places.end())
    for (const size_t place : known->second) found.push_back((*things)[place]);
  return found;
}

void OneLook::forget() {
  const auto empty = [](auto& listed) {
    const std::lock_guard lock(listed.mutex);
    listed.things.reset();
    listed.places.clear();
  };
  empty(containers_);
  empty(images_);
  empty(volumes_);
  const auto clear = [](auto& known) {
    const std::lock_guard lock(known.mutex);
    known.answers.clear();
  };
  clear(networks_);
  clear(details_);
  clear(image_details_);
}

std::string OneLook::data_folder(std::stop_token stop) {
  return folder_.get({}, [&] { return inner_.data_folder(stop); });
}

std::vector<Container> OneLook::containers(const ContainerFilter& filter, std::stop_token stop) {
  auto found = containers_.get(
      filter.label, [&] { return inner_.containers({}, stop); },
      [](const Container& container) { return keys_of(container.labels); });
  if (!filter.all) std::erase_if(found, [](const Container& container) { return !container.is_up(); });
  return found;
}

std::optional<ContainerDetail> OneLook::container(const std::string& name, std::stop_token stop) {
  return details_.get(name, [&] { return inner_.container(name, stop); });
}

std::vector<UnkeptSetting> OneLook::unkept_settings(const std::string& name, std::stop_token stop) {
  return inner_.unkept_settings(name, std::move(stop));
}

Processes OneLook::processes(const std::string& name, std::stop_token stop) {
  return inner_.processes(name, std::move(stop));
}

std::vector<Image> OneLook::images(const ImageFilter& filter, std::stop_token stop) {
  auto key = filter.label;
  if (!key && filter.reference) key = repository_key(*filter.reference);
  auto found =
      images_.get(key, [&] { return inner_.images({}, stop); }, [](const Image& image) { return keys_of(image); });
  if (filter.label && filter.reference) {
    const std::string wanted = repository_key(*filter.reference);
    std::erase_if(found, [&](const Image& image) {
      const auto keys = keys_of(image);
      return std::find(keys.begin(), keys.end(), wanted) == keys.end();
    });
  }
  return found;
}

std::optional<Image> OneLook::image(const std::string& reference, std::stop_token stop) {
  return image_details_.get(reference, [&] { return inner_.image(reference, stop); });
}

std::vector<Volume> OneLook::volumes(const std::optional<std::string>& label, std::stop_token stop) {
  return volumes_.get(
      label, [&] { return inner_.volumes({}, stop); }, [](const Volume& volume) { return keys_of(volume.labels); });
}

std::vector<Network> OneLook::networks(std::stop_token stop) {
  return networks_.get({}, [&] { return inner_.networks(stop); });
}

std::map<std::string, ByteCount> OneLook::volume_sizes(std::stop_token stop) {
  return inner_.volume_sizes(std::move(stop));
}

RegistryImage OneLook::registry_image(const std::string& reference, std::stop_token stop) {
  return inner_.registry_image(reference, std::move(stop));
}

std::optional<Login> OneLook::login_for(const std::string& registry, std::stop_token stop) {
  return inner_.login_for(registry, std::move(stop));
}

RegistryWays OneLook::registry_ways(std::stop_token stop) {
  return inner_.registry_ways(std::move(stop));
}

void OneLook::save_images(const std::vector<std::string>& references, const Sink& sink, std::stop_token stop) {
  inner_.save_images(references, sink, std::move(stop));
}

void OneLook::read_archive(const std::string& container, const std::string& path, const Sink& sink,
                           std::stop_token stop) {
  inner_.read_archive(container, path, sink, std::move(stop));
}

void OneLook::logs(const std::string& name, const LogRequest& request, const OutputSink& sink, std::stop_token stop) {
  inner_.logs(name, request, sink, std::move(stop));
}

void OneLook::events(const std::optional<Time>& since, const EventFilter& filter,
                     const std::function<bool(const Event&)>& sink, std::stop_token stop) {
  inner_.events(since, filter, sink, std::move(stop));
}

void OneLook::create_container(const ContainerRequest&, std::stop_token) {
  must_not("create a container");
}
void OneLook::start_container(const std::string&, std::stop_token) {
  must_not("start a container");
}
void OneLook::stop_container(const std::string&, std::optional<Seconds>, std::stop_token) {
  must_not("stop a container");
}
void OneLook::signal_container(const std::string&, const std::string&, std::stop_token) {
  must_not("signal a container");
}
void OneLook::pause_container(const std::string&, std::stop_token) {
  must_not("pause a container");
}
void OneLook::unpause_container(const std::string&, std::stop_token) {
  must_not("unpause a container");
}
void OneLook::rename_container(const std::string&, const std::string&, std::stop_token) {
  must_not("rename a container");
}
void OneLook::remove_container(const std::string&, std::stop_token) {
  must_not("remove a container");
}
void OneLook::set_restart_policy(const std::string&, const RestartPolicy&, std::stop_token) {
  must_not("set a restart policy");
}
void OneLook::update_resources(const std::string&, const Resources&, std::stop_token) {
  must_not("set limits");
}
void OneLook::connect_network(const std::string&, const NetworkLink&, std::stop_token) {
  must_not("connect a network");
}
void OneLook::remove_link(const std::string&, const std::string&, std::stop_token) {
  must_not("remove a link");
}
void OneLook::disconnect_network(const std::string&, const std::string&, std::stop_token) {
  must_not("disconnect a network");
}
void OneLook::create_volume(const VolumeRequest&, std::stop_token) {
  must_not("create a volume");
}
void OneLook::remove_volume(const std::string&, std::stop_token) {
  must_not("remove a volume");
}
void OneLook::create_network(const NetworkRequest&, std::stop_token) {
  must_not("create a network");
}
void OneLook::remove_network(const std::string&, std::stop_token) {
  must_not("remove a network");
}
void OneLook::tag_image(const std::string&, const std::string&, std::stop_token) {
  must_not("tag an image");
}
ImageRemoval OneLook::remove_image(const UnwantedImage&, std::stop_token) {
  must_not("remove an image");
}
std::string OneLook::commit_container(const CommitRequest&, std::stop_token) {
  must_not("commit a container");
}
void OneLook::pull(const std::string&, const ProgressSink&, std::stop_token) {
  must_not("pull an image");
}
void OneLook::push(const std::string&, const ProgressSink&, std::stop_token) {
  must_not("push an image");
}
std::string OneLook::build(const BuildRequest&, const ProgressSink&, std::stop_token) {
  must_not("build an image");
}
std::vector<std::string> OneLook::load_images(const StreamWriter&, const ProgressSink&, std::stop_token) {
  must_not("load images");
}
void OneLook::write_archive(const std::string&, const std::string&, const StreamWriter&, std::stop_token) {
  must_not("write into a container");
}
void OneLook::remove_path(const std::string&, const std::string&, std::stop_token) {
  must_not("remove a file of a container");
}
int OneLook::exec(const std::string&, const ExecRequest&, Terminal&, std::stop_token) {
  must_not("run a command");
}
std::optional<int> OneLook::attach(const std::string&, Terminal&, std::stop_token) {
  must_not("attach to a container");
}

}  // namespace belay::engine
