#include "base/errors.h"
#include "base/files.h"
#include "base/format.h"
#include "engine/docker_encode.h"
#include "engine/docker_engine.h"
#include "engine/log_rotation.h"

namespace belay::engine {

namespace {

bool says(const std::string& message, std::string_view words) {
  return message.find(words) != std::string::npos;
}

bool is_absent_container(const net::Response& response, const std::string& message) {
  return response.status == 404 && says(message, "No such container");
}

// "No such container: shop" → "shop"; an id as short as people know it.
std::string container_named(const std::string& message) {
  static constexpr std::string_view words = "No such container: ";
  const size_t found = message.find(words);
  if (found == std::string::npos) return {};
  std::string name = message.substr(found + words.size());
  name = name.substr(0, name.find_first_of(" \n\""));
  const bool is_id = name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? name.substr(0, 12) : name;
}

}  // namespace

// What the admin wrote for all containers of this machine's engine; the engine itself does not tell it.
bool DockerEngine::has_own_log_options() const {
  if (connection_.endpoint().socket.empty()) return true;
  try {
    const auto text = read_file_if_present("/etc/docker/daemon.json", ByteCount{1 << 20});
    return text && !JsonDocument::parse(*text).root()["log-opts"].text_map().empty();
  } catch (const Error&) {
    return true;
  }
}

void DockerEngine::create_container(const ContainerRequest& wanted, std::stop_token stop) {
  ContainerRequest request = wanted;
  Service& service = request.service;
  if (service.log_driver.empty() && service.log_options.empty() && defaults(stop).log_driver == "json-file" &&
      !has_own_log_options()) {
    service.log_driver = "json-file";
    service.log_options = usual_log_rotation();
  }
  Target target("/containers/create");
  target.with("name", request.name);
  if (!request.service.platform.empty()) target.with("platform", request.service.platform);
  const auto response = connection_.work(target, create_body(request, connection_.version(stop).minor), stop);
  if (!says_done(response, {201})) {
    const std::string message = refusal_text(response);
    if (response.status == 409 && says(message, "already in use"))
      throw Conflict(ErrorCode::name_taken, format("there is already a container called {}", request.name));
    if (response.status == 404 && says(message, "No such image"))
      throw NotFound(ErrorCode::image_not_found, format("there is no image {} on this engine", request.image));
    refuse(response.status, message);
  }
  try {
    for (const auto& link : later_networks(request.service)) connect_network(request.name, link, stop);
  } catch (...) {
    // Half made it would be in the way of the next attempt. It never ran: nothing is lost with it.
    try {
      remove_container(request.name, {});
    } catch (const Error&) {
      // The reason why it could not be made is the one to tell.
    }
    throw;
  }
}

void DockerEngine::start_container(const std::string& name, std::stop_token stop) {
  const auto response = connection_.work(container_target(name, "/start", stop), "", stop);
  if (says_done(response, {204, 304})) return;
  const std::string message = refusal_text(response);
  if (says(message, "paused")) {
    const auto unpaused = connection_.work(container_target(name, "/unpause", stop), "", stop);
    if (says_done(unpaused, {204})) return;
  }
  // Which one is missing only the engine knows: it may be another whose network or volumes are shared. Of such a one
  // engines before 28 answer 404, later ones 500.
  if (const std::string missing = container_named(message); !missing.empty() && missing != name)
    throw NotFound(ErrorCode::container_not_found, format("it needs the container {}, which is not there", missing));
  if (is_absent_container(response, message))
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  refuse_start(response.status, message, response.body);
}

void DockerEngine::stop_container(const std::string& name, std::optional<Seconds> timeout, std::stop_token stop) {
  const auto inspection = inspect_present(name, stop);
  // A paused process cannot act on its stop signal.
  if (inspection.root()["State"]["Paused"].truth())
    connection_.work(container_target(name, "/unpause", stop), "", stop);
  const Seconds patience = timeout.value_or(Seconds(inspection.root()["Config"]["StopTimeout"].number(10)));
  Target target = container_target(name, "/stop", stop);
  if (timeout) target.with("t", std::to_string(timeout->count()));
  const bool for_ever = patience.count() < 0;
  constexpr Milliseconds weeks = std::chrono::weeks(4);
  const auto response = connection_.work(target, "", stop, for_ever ? weeks : Milliseconds(patience));
  if (!says_done(response, {204, 304})) refuse(response);
  await_end_in_list(std::string(inspection.root()["Id"].text()), std::move(stop));
}

// Engine 26 answers a stop some milliseconds before its lists show it.
void DockerEngine::await_end_in_list(const std::string& id, std::stop_token stop) {
  constexpr Milliseconds pause{5};
  constexpr int most_looks = 200;
  Target target("/containers/json");
  target.with("filters", filters_json({{"id", {id}}, {"status", {"running", "paused", "restarting"}}}));
  for (int looks = 0; looks < most_looks; ++looks) {
    const auto response = connection_.get(target, stop);
    if (response.status != 200 || response.body.starts_with("[]")) return;
    if (!SystemClock().sleep(pause, stop)) return;
  }
}

void DockerEngine::signal_container(const std::string& name, const std::string& signal, std::stop_token stop) {
  Target target = container_target(name, "/kill", stop);
  const auto response = connection_.post(target.with("signal", signal), "", stop);
  if (says_done(response, {204})) return;
  const std::string message = refusal_text(response);
  if (response.status == 409 || says(message, "is not running")) return;
  if (is_absent_container(response, message))
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  refuse(response.status, message);
}

Processes DockerEngine::processes(const std::string& name, std::stop_token stop) {
  const auto response = connection_.get(container_target(name, "/top", stop), stop);
  if (response.status != 200) {
    // How an engine says that it does not run differs by its age.
    if (!inspect_present(name, stop).root()["State"]["Running"].truth())
      throw Conflict(ErrorCode::not_running, format("the container {} is not running", name));
    refuse(response);
  }
  const auto answer = accepted_object(response);
  Processes found{answer.root()["Titles"].texts(), {}};
  answer.root()["Processes"].each_item([&](JsonView row) { found.rows.push_back(row.texts()); });
  return found;
}

// What the engine says of a pause that was none differs by its age; what the container is now does not.
void DockerEngine::pause_container(const std::string& name, std::stop_token stop) {
  const auto response = connection_.work(container_target(name, "/pause", stop), "", stop);
  if (says_done(response, {204})) return;
  const auto inspection = inspect_present(name, stop);
  const auto state = inspection.root()["State"];
  if (state["Paused"].truth()) return;
  if (!state["Running"].truth() || state["Restarting"].truth())
    throw Conflict(ErrorCode::not_running, format("the container {} is not running", name));
  refuse(response);
}

void DockerEngine::unpause_container(const std::string& name, std::stop_token stop) {
  const auto response = connection_.work(container_target(name, "/unpause", stop), "", stop);
  if (says_done(response, {204})) return;
  const auto inspection = inspect_present(name, stop);
  if (inspection.root()["State"]["Paused"].truth()) refuse(response);
}

void DockerEngine::rename_container(const std::string& from, const std::string& to, std::stop_token stop) {
  if (from == to) return;
  Target target = container_target(from, "/rename", stop);
  const auto response = connection_.post(target.with("name", to), "", stop);
  if (says_done(response, {204})) return;
  const std::string message = refusal_text(response);
  if (response.status == 409 || says(message, "already in use"))
    throw Conflict(ErrorCode::name_taken, format("there is already a container called {}", to));
  if (response.status == 404) throw NotFound(ErrorCode::container_not_found, format("there is no container {}", from));
  refuse(response.status, message);
}

void DockerEngine::remove_container(const std::string& name, std::stop_token stop) {
  if (looks_like_id(name) && !inspect(name, stop)) return;
  const auto response = connection_.remove(Target("/containers/" + escaped(name)), stop);
  if (says_done(response, {204, 404})) return;
  const std::string message = refusal_text(response);
  if (says(message, "already in progress")) {
    // Somebody else is about it: its name is free once it is gone.
    const Ticks deadline = SystemClock().ticks() + Seconds(60);
    while (inspect(name, stop)) {
      if (SystemClock().ticks() > deadline)
        throw Conflict(ErrorCode::being_removed, format("the container {} is being removed already", name));
      if (!SystemClock().sleep(Milliseconds(100), stop)) throw Cancelled();
    }
    return;
  }
  if (response.status == 409 && says(message, "running"))
    throw Conflict(format("the container {} is running", name), "Stop it first.");
  refuse(response.status, message);
}

void DockerEngine::update(const std::string& name, const std::string& body, std::stop_token stop) {
  const auto response = connection_.post(container_target(name, "/update", stop), body, stop);
  if (!says_done(response, {200})) refuse(response);
  // Every engine lists its warnings, if only as null.
  if (!JsonDocument::parse(response.body).root().has("Warnings"))
    throw EngineError(response.status, format("the engine does not say that {} was updated", name),
                      "Is the endpoint really a container engine?");
}

void DockerEngine::set_restart_policy(const std::string& name, const RestartPolicy& policy, std::stop_token stop) {
  // A container that dies this very moment refuses ("cannot update a stopped container") until the engine has noticed;
  // in a restart loop that moment comes again and again.
  constexpr int attempts = 20;
  for (int attempt = 1;; ++attempt) {
    try {
      update(name, restart_policy_body(policy), stop);
      return;
    } catch (const EngineError& error) {
      // "task … not found", "container not created: not found": that of its process. One that is not there at all is
      // "No such container".
      const bool is_dying = says(error.what(), "cannot update a stopped container") ||
                            says(error.what(), "container not running") ||
                            (says(error.what(), "Cannot update container") && says(error.what(), "not found"));
      if (attempt == attempts || !is_dying) throw;
    }
    SystemClock clock;
    if (!clock.sleep(Milliseconds(50), stop)) throw Cancelled();
  }
}

void DockerEngine::update_resources(const std::string& name, const Resources& resources, std::stop_token stop) {
  update(name, resources_body(resources), stop);
}

void DockerEngine::connect_network(const std::string& name, const NetworkLink& link, std::stop_token stop) {
  if (looks_like_id(name)) static_cast<void>(inspect_present(name, stop));
  const Target target("/networks/" + escaped(link.network) + "/connect");
  const auto response = connection_.post(target, connect_body(name, link), stop);
  if (says_done(response, {200})) return;
  const std::string message = refusal_text(response);
  if (says(message, "already exists in network") || says(message, "is already attached to network")) return;
  if (is_absent_container(response, message))
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  if (response.status == 404) throw NotFound(format("there is no network {}", link.network));
  refuse(response.status, message);
}

void DockerEngine::remove_link(const std::string& name, const std::string& alias, std::stop_token stop) {
  Target target("/containers/" + escaped(name) + "/" + escaped(alias));
  target.with("link", "1");
  const auto response = connection_.remove(target, stop);
  if (says_done(response, {204, 404})) return;
  refuse(response);
}

void DockerEngine::disconnect_network(const std::string& name, const std::string& network, std::stop_token stop) {
  if (looks_like_id(name)) static_cast<void>(inspect_present(name, stop));
  JsonWriter json;
  json.object([&] { json.member("Container", name); });
  const auto response = connection_.post(Target("/networks/" + escaped(network) + "/disconnect"), json.text(), stop);
  if (says_done(response, {200})) return;
  const std::string message = refusal_text(response);
  if (is_absent_container(response, message))
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  if (response.status == 404 || says(message, "is not connected to")) return;
  refuse(response.status, message);
}

}  // namespace belay::engine
