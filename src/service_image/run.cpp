#include <algorithm>
#include <unistd.h>

#include "base/format.h"
#include "base/supervised.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "engine/captured_output.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "service_image/launcher.h"
#include "state/store.h"

namespace belay::service_image {

namespace {

// A help script is for reading: what takes longer is broken.
constexpr Milliseconds help_time{20'000};

int run_in_container(change::Context& context, const InstalledService& service, const ServiceManifest& manifest,
                     const RunOptions& options, Terminal& terminal, std::stop_token stop) {
  engine::Engine& engine = context.engine;
  engine::ContainerRequest request;
  request.name = format("dr-{}-{}-{}", service.name, lower(options.command), ::getpid());
  request.image = service.version.image;
  request.service =
      script_container(service, service.version, manifest.rights, engine.info(stop).endpoint, options.command == "run");
  for (const auto& [name, value] : callers_variables(manifest, true)) request.service.environment[name] = value;
  request.service.entrypoint = {format("{}/{}", scripts_folder, options.command)};
  request.service.command = {{service.name, pinned_tag(service)}};
  request.service.command->insert(request.service.command->end(), options.arguments.begin(), options.arguments.end());
  request.service.tty = options.tty;
  request.service.stdin_open = true;
  request.restart.name = "no";
  request.labels = labels_of(service.name);
  engine.create_container(request, stop);
  struct Removal {
    engine::Engine& engine;
    const std::string& name;
    ~Removal() {
      try {
        engine.stop_container(name, Seconds(3), {});
        remove_with_nameless(engine, name, {});
      } catch (const std::exception&) {
        // Its label says whose it is: the service's end finds it.
      }
    }
  } removal{engine, request.name};
  const auto to_its_end = [&](const std::stop_token& until) {
    if (const auto code = engine.attach(request.name, terminal, until)) return *code;
    // The input has ended, the script has not.
    for (;;) {
      const auto now = engine.container(request.name, until);
      if (!now || !now->container.is_up()) return now ? now->exit_code : 1;
      if (!context.clock.sleep(Milliseconds(200), until)) throw Cancelled();
    }
  };
  if (!options.script_time) return to_its_end(stop);
  const TimeLimit limit(*options.script_time, stop);
  try {
    return to_its_end(limit.token());
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    throw Error(ErrorCode::timed_out, format("it took longer than {}", duration_text(*options.script_time)),
                "The option --timeout says how long it may take.");
  }
}

// A half of a service is nothing to run. Its own scripts may call its commands while it is installed or destroyed.
void expect_whole(change::Context& context, const InstalledService& service) {
  const bool is_install = service.unfinished == InstalledService::Unfinished::install;
  if (!is_install && service.unfinished != InstalledService::Unfinished::destroy) return;
  if (FileLock::holder_of(state::lock_file(context.store.folder(), lock_name(service.name)))) return;
  throw Conflict(
      ErrorCode::data_in_use,
      format("an earlier {} of {} did not come to its end", is_install ? "install" : "destroy", service.name),
      format("belay service destroy {} removes what is left.", service.name));
}

}  // namespace

int run_command(change::Context& context, const std::string& name, const RunOptions& options, Terminal& terminal,
                std::stop_token stop) {
  const InstalledService service = known_service(context, name);
  expect_whole(context, service);
  const ScriptStore store = Folders(context.store.folder()).scripts();
  const Scripts scripts = store.load(service.version.scripts);
  const auto commands = scripts.commands();
  if (std::find(commands.begin(), commands.end(), options.command) == commands.end()) {
    std::string hint = did_you_mean(options.command, commands);
    throw NotFound(format("{} has no command '{}'", name, printable(options.command)),
                   hint.empty() ? format("It has {}.", join(commands, ", ")) : std::move(hint));
  }
  const ServiceManifest manifest = manifest_of(scripts, {});
  if (service.version.inside) return run_in_container(context, service, manifest, options, terminal, std::move(stop));
  const fs::path folder = store.folder_of(service.version.scripts);
  SupervisedRequest request;
  request.command = {(folder / options.command).string(), service.name, pinned_tag(service)};
  request.command.insert(request.command.end(), options.arguments.begin(), options.arguments.end());
  request.environment = callers_variables(manifest, false);
  for (const auto& [key, value] :
       script_variables(service, service.version, context.engine.info(stop).endpoint, folder))
    request.environment[key] = value;
  request.deadline = options.script_time;
  return run_supervised(request, std::move(stop));
}

std::vector<CommandLine> commands_of(change::Context& context, const InstalledService& service) {
  const Scripts scripts = Folders(context.store.folder()).scripts().load(service.version.scripts);
  const ServiceManifest manifest = manifest_of(scripts, {});
  std::vector<CommandLine> lines;
  for (const auto& name : scripts.commands()) {
    const auto said = manifest.commands.find(name);
    lines.push_back({name, said == manifest.commands.end() ? "" : said->second});
  }
  return lines;
}

HelpText help_of(change::Context& context, const InstalledService& service, std::stop_token stop) {
  HelpText help;
  try {
    if (service.version.inside) {
      engine::CapturedOutput output;
      const TimeLimit limit(help_time, stop);
      const Scripts scripts = Folders(context.store.folder()).scripts().load(service.version.scripts);
      const int code =
          run_in_container(context, service, manifest_of(scripts, {}), {"help", {}, {}, false}, output, limit.token());
      help.text = output.text();
      if (code != 0) help.trouble = format("its help script ended with exit code {}", code);
      return help;
    }
    const ScriptStore store = Folders(context.store.folder()).scripts();
    std::ignore = store.load(service.version.scripts);
    const fs::path folder = store.folder_of(service.version.scripts);
    SupervisedRequest request;
    request.command = {(folder / "help").string(), service.name, pinned_tag(service)};
    request.environment = script_variables(service, service.version, context.engine.info(stop).endpoint, folder);
    request.folder = "/";
    request.deadline = help_time;
    request.on_output = [&](std::string_view bytes) {
      if (help.text.size() < (std::size_t{1} << 20)) help.text += bytes;
    };
    const int code = run_supervised(request, stop);
    if (code != 0 && code != 3) help.trouble = format("its help script ended with exit code {}", code);
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    help.trouble = "its help script did not come to its end";
  } catch (const Error& error) {
    help.trouble = format("its help script does not run: {}", error.what());
  }
  return help;
}

std::vector<std::string> service_names(change::Context& context) {
  std::vector<std::string> names;
  for (const auto& service : context.store.services()) names.push_back(service.name);
  return names;
}

std::vector<ServiceRow> list(change::Context& context, std::stop_token stop) {
  std::vector<ServiceRow> rows;
  const auto all = context.store.services();
  for (const auto& service : all)
    rows.push_back(
        {service, belongings_of(context.engine, owner_in(context, service), stop),
         service.launcher.empty() ? LauncherState::absent : launcher_state(service.launcher, service.launcher_digest)});
  return rows;
}

Examined check_image(change::Context& context, const std::string& reference, std::stop_token stop) {
  std::ignore = ImageRef::parse(reference);
  const bool was_here = context.engine.image(reference, stop).has_value();
  if (!was_here) pull(context, reference, stop);
  struct Ending {
    change::Context& context;
    const std::string& reference;
    const bool was_here;
    ~Ending() {
      if (was_here) return;
      try {
        std::ignore = context.engine.remove_image(reference, {});
      } catch (const std::exception& error) {
        context.report.warning(format("the image stays: {}", error.what()));
      }
    }
  } ending{context, reference, was_here};
  return examine(context.engine, reference, stop);
}

}  // namespace belay::service_image
