#include "engine/docker.h"

#include <algorithm>
#include <map>

#include "base/errors.h"
#include "base/format.h"
#include "engine/docker_encode.h"
#include "engine/docker_engine.h"
#include "engine/docker_unkept.h"

namespace belay::engine {

std::unique_ptr<Engine> docker_engine(const DockerOptions& options) {
  return std::make_unique<DockerEngine>(find_endpoint(options), options.login, options.warn);
}

bool looks_like_id(const std::string& name) {
  return name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

namespace {
const std::string shared_namespace = "container:";
}

EngineInfo DockerEngine::info(std::stop_token stop) {
  const ApiVersion api = connection_.version(stop);
  const auto answer = accepted(connection_.get(Target("/version"), stop));
  return {.endpoint = connection_.endpoint().text,
          .context = connection_.endpoint().context,
          .version = answer.root()["Version"].text(),
          .api_version = api.text(),
          .os = answer.root()["Os"].text(),
          .architecture = answer.root()["Arch"].text(),
          .buildkit = api.buildkit};
}

std::string DockerEngine::data_folder(std::stop_token stop) {
  return accepted_object(connection_.get(Target("/info"), stop)).root()["DockerRootDir"].text();
}

bool DockerEngine::maps_ids(std::stop_token stop) {
  const auto answer = accepted_object(connection_.get(Target("/info"), stop));
  const auto options = answer.root()["SecurityOptions"].texts();
  return std::any_of(options.begin(), options.end(), [](const std::string& option) {
    return option.starts_with("name=userns") || option.starts_with("name=rootless");
  });
}

std::vector<Container> DockerEngine::containers(const ContainerFilter& filter, std::stop_token stop) {
  Target target("/containers/json");
  if (filter.all) target.with("all", "1");
  if (filter.label) target.with("filters", filters_json({{"label", {*filter.label}}}));
  const auto answer = accepted_list(connection_.get(target, stop));
  std::vector<Container> found;
  // Most shared namespaces are of containers in the same list: no question for each of them.
  std::map<std::string, std::string> names;
  answer.root().each_item([&](JsonView entry) {
    found.push_back(decode_list_entry(entry));
    names.emplace(shared_namespace + entry["Id"].text(), shared_namespace + found.back().name);
  });
  for (auto& container : found)
    if (const auto known = names.find(container.network_mode); known != names.end())
      container.network_mode = known->second;
    else
      use_name(container.network_mode, stop);
  return found;
}

void DockerEngine::use_name(std::string& mode, std::stop_token stop) {
  if (!mode.starts_with(shared_namespace)) return;
  const std::string id = mode.substr(std::string_view(shared_namespace).size());
  if (id.size() != 64 || !looks_like_id(id)) return;
  const auto response = connection_.get(Target("/containers/" + id + "/json"), stop);
  if (response.status == 404) return;
  const std::string name = accepted(response).root()["Name"].text();
  if (name.starts_with('/')) mode = shared_namespace + name.substr(1);
}

std::optional<JsonDocument> DockerEngine::inspect(const std::string& name, std::stop_token stop) {
  const auto response = connection_.get(Target("/containers/" + escaped(name) + "/json"), stop);
  if (response.status == 404) return {};
  auto document = accepted_object(response);
  if (document.root()["Id"].text().empty())
    throw EngineError(0, format("the engine's answer about the container {} does not describe one", name));
  // A whole id cannot be mistaken: it is how a program in a container knows itself.
  const bool is_full_id = name.size() == 64 && document.root()["Id"].text() == name;
  if (!is_full_id && document.root()["Name"].text() != "/" + name) return {};
  return document;
}

JsonDocument DockerEngine::inspect_present(const std::string& name, std::stop_token stop) {
  auto found = inspect(name, stop);
  if (!found) throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  return std::move(*found);
}

Target DockerEngine::container_target(const std::string& name, const std::string& rest, std::stop_token stop) {
  if (looks_like_id(name)) static_cast<void>(inspect_present(name, stop));
  return Target("/containers/" + escaped(name) + rest);
}

EngineDefaults DockerEngine::defaults(std::stop_token stop) {
  std::ignore = connection_.version(stop);
  const int session = connection_.session();
  if (const auto known = defaults_.with([](auto& value) { return value; }); known && known->session == session)
    return known->defaults;
  const EngineDefaults asked = decode_defaults(accepted_object(connection_.get(Target("/info"), stop)).root());
  defaults_.with([&](auto& value) { value = KnownDefaults{asked, session}; });
  return asked;
}

std::optional<ImageConfig> DockerEngine::image_config(const std::string& id, std::stop_token stop) {
  constexpr size_t most = 256;
  const auto known = configs_.with([&](const auto& configs) -> std::optional<ImageConfig> {
    const auto found = configs.find(id);
    return found == configs.end() ? std::nullopt : std::optional(found->second);
  });
  if (known) return known;
  auto asked = image(id, stop);
  if (!asked) return {};
  configs_.with([&](auto& configs) {
    if (configs.size() >= most) configs.clear();
    configs.emplace(id, asked->config);
  });
  return std::move(asked->config);
}

std::optional<ContainerDetail> DockerEngine::container(const std::string& name, std::stop_token stop) {
  const auto inspection = inspect(name, stop);
  if (!inspection) return {};
  const auto base = image_config(inspection->root()["Image"].text(), stop);
  auto detail = decode_inspection(inspection->root(), base ? &*base : nullptr, defaults(stop));
  for (auto* mode : {&detail.container.network_mode, &detail.service.network_mode, &detail.service.pid_mode,
                     &detail.service.ipc_mode})
    use_name(*mode, stop);
  return detail;
}

std::vector<UnkeptSetting> DockerEngine::unkept_settings(const std::string& name, std::stop_token stop) {
  const auto inspection = inspect_present(name, stop);
  const auto response =
      connection_.get(Target("/images/" + escaped(inspection.root()["Image"].text()) + "/json"), stop);
  const JsonDocument image = response.status == 404 ? JsonDocument::parse("null") : accepted(response);
  return engine::unkept_settings(inspection.root(), image.root(), defaults(stop), connection_.version(stop).minor);
}

std::vector<Volume> DockerEngine::volumes(const std::optional<std::string>& label, std::stop_token stop) {
  Target target("/volumes");
  if (label) target.with("filters", filters_json({{"label", {*label}}}));
  const auto answer = accepted_object(connection_.get(target, stop));
  const JsonView volumes = answer.root()["Volumes"];  // null: none
  if (!answer.root().has("Volumes") || (volumes && !volumes.is_list()))
    throw EngineError(0, "the engine's answer is not the list of volumes that was asked for");
  std::vector<Volume> found;
  volumes.each_item([&](JsonView volume) { found.push_back(decode_volume(volume)); });
  return found;
}

std::vector<Network> DockerEngine::networks(std::stop_token stop) {
  const auto answer = accepted_list(connection_.get(Target("/networks"), stop));
  std::vector<Network> found;
  answer.root().each_item([&](JsonView network) { found.push_back(decode_network(network)); });
  return found;
}

std::map<std::string, ByteCount> DockerEngine::volume_sizes(std::stop_token stop) {
  Target target("/system/df");
  if (connection_.version(stop).minor >= 42) target.with("type", "volume");
  const auto answer = accepted(connection_.get(target, stop));
  std::map<std::string, ByteCount> sizes;
  answer.root()["Volumes"].each_item([&](JsonView volume) {
    const std::int64_t size = volume["UsageData"]["Size"].number(-1);
    if (size >= 0) sizes[volume["Name"].text()] = {size};  // -1: the driver cannot tell
  });
  return sizes;
}

void DockerEngine::create_volume(const VolumeRequest& request, std::stop_token stop) {
  JsonWriter json;
  json.object([&] {
    json.member("Name", request.name);
    json.optional("Driver", request.definition.driver);
    json.optional("DriverOpts", request.definition.options);
    json.optional("Labels", all_labels(request));
  });
  const auto response = connection_.post(Target("/volumes/create"), json.text(), stop);
  if (!says_done(response, {201})) refuse(response);
}

void DockerEngine::remove_volume(const std::string& name, std::stop_token stop) {
  const auto response = connection_.remove(Target("/volumes/" + escaped(name)), stop);
  if (!says_done(response, {204, 404})) refuse(response);
}

void DockerEngine::create_network(const NetworkRequest& request, std::stop_token stop) {
  std::lock_guard held(making_network_);
  const auto response = connection_.post(Target("/networks/create"), network_body(request), stop);
  if (!says_done(response, {201, 409})) refuse(response);
}

bool DockerEngine::has_network(const std::string& name, std::stop_token stop) {
  const auto response = connection_.get(Target("/networks/" + escaped(name)), stop);
  return response.ok() && JsonDocument::parse(response.body).root()["Name"].text() == name;
}

void DockerEngine::remove_network(const std::string& name, std::stop_token stop) {
  if (looks_like_id(name) && !has_network(name, stop)) return;
  const auto response = connection_.remove(Target("/networks/" + escaped(name)), stop);
  if (says_done(response, {204, 404})) return;
  const std::string message = refusal_text(response);
  if (message.find("active endpoints") != std::string::npos)
    throw Conflict(ErrorCode::data_in_use, format("the network {} is in use by containers", name));
  refuse(response.status, message);
}

}  // namespace belay::engine
