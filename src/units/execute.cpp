#include "units/execute.h"

#include <algorithm>

#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/temporary.h"
#include "declared/project_images.h"
#include "units/own_container.h"

namespace belay::units {

namespace {

using formats::dockerstra::Execution;

int run_on_the_host(const Command& command, Terminal& terminal, std::stop_token stop) {
  ProcessRequest request;
  request.command = command.execution.command;
  request.deadline = Milliseconds(0);
  request.own_group = true;
  request.on_output = [&](std::string_view bytes) { terminal.write(OutputStream::out, bytes); };
  request.on_errors = [&](std::string_view bytes) { terminal.write(OutputStream::err, bytes); };
  return run_process(request, std::move(stop)).exit_code;
}

// A container that lives as long as its command.
class Passing {
 public:
  Passing(change::Context& context, const AppName& unit, std::string image, Service service)
      : context_(context),
        unit_(unit),
        name_(change::temporary_name(unit, "execute")),
        image_(std::move(image)),
        service_(std::move(service)) {}

  // `at_the_end` sees the container once its command has ended.
  int run(Terminal& terminal, const std::function<void()>& before_the_session, std::stop_token stop,
          const std::function<void(const std::string& container)>& at_the_end = {}) {
    const FileLock lock = change::lock_app(context_, unit_, stop);
    change::clear_announced(context_, unit_, stop);
    change::announce_temporary(context_, unit_, {});
    int code = 0;
    try {
      change::carry_out_whole(context_, plan_of_creation(stop), {}, stop);
      if (before_the_session) before_the_session();
      code = exit_code(context_.engine.attach(name_, terminal, stop), stop);
      if (at_the_end) at_the_end(name_);
    } catch (...) {
      change::discard_temporary(context_, unit_);
      throw;
    }
    change::discard_temporary(context_, unit_);
    return code;
  }

 private:
  // The mount points of the image get volumes of a name: the engine's own would be left behind.
  plan::Plan plan_of_creation(const std::stop_token& stop) {
    plan::Plan plan;
    std::vector<size_t> volumes;
    const auto image = context_.engine.image(image_, stop);
    if (!image) throw NotFound(ErrorCode::image_not_found, format("the image {} is not there", image_));
    std::vector<std::string> covered;
    // With ":ro" perhaps.
    for (const auto& from : service_.volumes_from)
      if (const auto detail = context_.engine.container(from.substr(0, from.find(':')), stop))
        for (const auto& mount : detail->container.mounts) covered.push_back(mount.target);
    for (const auto& mount : service_.mounts) covered.push_back(mount.target);
    for (const auto& point : image->config.volumes) {
      if (std::find(covered.begin(), covered.end(), point) != covered.end()) continue;
      Mount mount;
      mount.source = format("{}-{}", name_, volumes.size() + 1);
      mount.target = point;
      volumes.push_back(plan.add(plan::CreateVolume{mount.source, change::temporary_labels(context_, unit_)},
                                 "the image wants one there"));
      service_.mounts.push_back(std::move(mount));
    }
    plan.add(plan::CreateContainer{name_, image->id, service_, change::temporary_labels(context_, unit_), {"no", 0}},
             "for one command", volumes);
    return plan;
  }

  // Its output may end before it does.
  int exit_code(std::optional<int> told, const std::stop_token& stop) const {
    while (!told) {
      const auto detail = context_.engine.container(name_, stop);
      if (!detail)
        throw NotFound(ErrorCode::container_not_found, format("the container {} is gone before it ended", name_));
      if (!detail->container.is_up()) return detail->exit_code;
      if (!context_.clock.sleep(Milliseconds(100), stop)) throw Cancelled();
    }
    return *told;
  }

  change::Context& context_;
  const AppName unit_;
  const std::string name_, image_;
  Service service_;
};

Service service_for(const Command& command) {
  Service service;
  service.name = command.service;
  service.entrypoint = {command.execution.command.front()};
  service.command = {command.execution.command.begin() + 1, command.execution.command.end()};
  service.mounts = command.execution.binds;
  return service;
}

// The image of the composition, brought here where it is missing.
std::string image_for(change::Context& context, const Declaration& unit, const Command& command,
                      const std::stop_token& stop) {
  const Service& service = unit.spec.service(command.service);
  const plan::Plan plan = declared::plan_of_missing_image(context, unit, service, service.image, stop);
  if (!plan.empty()) change::carry_out_whole(context, plan, {}, stop);
  return service.image;
}

std::string words_of(const Command& command) {
  std::vector<std::string> words;
  for (const auto& word : command.execution.command) words.push_back(shell_quoted(word));
  return join(words, " ");
}

}  // namespace

std::string command_text(const Command& command) {
  const std::string words = words_of(command);
  switch (command.execution.place) {
    case Execution::Place::host:
      return format("run on this host: {}", words);
    case Execution::Place::in_running:
      return format("run in {}, or where it does not run in a container of its image: {}", command.container, words);
    case Execution::Place::temporary:
      return format("run in a container of the image of {}: {}", command.container, words);
    case Execution::Place::file_system:
      return format("run in a container with the image and volumes of {}: {}", command.container, words);
  }
  return words;
}

int run_passing(change::Context& context, const AppName& unit, const std::string& image, const Service& service,
                Terminal& terminal, const std::function<void(const std::string& container)>& at_the_end,
                std::stop_token stop) {
  return Passing(context, unit, image, service).run(terminal, {}, std::move(stop), at_the_end);
}

int execute(change::Context& context, const Declaration& unit, const Command& command, Terminal& terminal,
            const std::function<void()>& before_the_session, std::stop_token stop) {
  if (command.execution.place == Execution::Place::host) {
    if (before_the_session) before_the_session();
    return run_on_the_host(command, terminal, std::move(stop));
  }
  Service service = service_for(command);
  if (command.execution.place == Execution::Place::temporary)
    return Passing(context, unit.name, image_for(context, unit, command, stop), service)
        .run(terminal, before_the_session, stop);
  const auto detail = own_container(context, unit.name, command.container, stop);
  if (command.execution.place == Execution::Place::file_system) {
    if (!detail)
      throw NotFound(ErrorCode::container_not_found, format("there is no container {} yet", command.container),
                     format("belay unit run {} makes it; type: temporary needs its image alone.", unit.name.text()));
    service.volumes_from = {command.container};
    return Passing(context, unit.name, detail->container.image_id, service).run(terminal, before_the_session, stop);
  }
  if (!detail || detail->container.state != ContainerState::running)
    return Passing(context, unit.name, image_for(context, unit, command, stop), service)
        .run(terminal, before_the_session, stop);
  if (before_the_session) before_the_session();
  ExecRequest request;
  request.command = command.execution.command;
  return doing(format("in the container {}", command.container),
               [&] { return context.engine.exec(command.container, request, terminal, stop); });
}

void clear_killed(change::Context& context, const AppName& unit, std::stop_token stop) {
  std::error_code error;
  if (!fs::exists(change::temporary_folder(context, unit), error)) return;
  // Whoever is at work with the unit has the lock, and goes on.
  const FileLock lock = change::lock_app_as_found(context, unit, stop);
  change::clear_announced(context, unit, stop);
}

}  // namespace belay::units
