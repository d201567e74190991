#include <algorithm>

#include "base/format.h"
#include "base/supervised.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "engine/captured_output.h"
#include "service_image/containers.h"
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
  ScriptWords words{options.command, {service.name, pinned_tag(service)}, options.command == "run"};
  words.arguments.insert(words.arguments.end(), options.arguments.begin(), options.arguments.end());
  engine::ContainerRequest request =
      script_request(service, service.version, manifest.rights, context.engine.info(stop).endpoint, words);
  request.name = format("dr-{}-{}", service.name, lower(options.command));
  for (const auto& [name, value] : callers_variables(manifest, true)) request.service.environment[name] = value;
  request.service.tty = options.tty;
  request.service.stdin_open = true;
  request.input_ends_with_session = true;
  request.labels = labels_of(service.name);
  const Temporary container(context.engine, request, stop);
  return run_to_its_end(context, container.name(), terminal, {options.script_time, {}}, std::move(stop));
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

// Run with the service, never by itself: it would leave half of one behind.
bool is_of_the_service(const std::string& command) {
  return command == "install" || command == "destroy";
}

}  // namespace

int run_command(change::Context& context, const std::string& name, const RunOptions& options, Terminal& terminal,
                std::stop_token stop) {
  const InstalledService service = known_service(context, name);
  expect_whole(context, service);
  if (is_of_the_service(options.command))
    throw UsageError(format("{} is run when the service {} is {}ed", options.command, name, options.command),
                     options.command == "destroy"
                         ? format("belay service destroy {} destroys the service and its data.", name)
                         : format("{} is installed; belay service update {} brings it up to date.", name, name));
  const ScriptStore store = Folders(context.store.folder()).scripts();
  const Scripts scripts = store.load(service.version.scripts);
  const auto commands = scripts.commands();
  if (std::find(commands.begin(), commands.end(), options.command) == commands.end()) {
    std::string hint = did_you_mean(options.command, commands);
    throw NotFound(format("{} has no command '{}'", name, printable(options.command)),
                   hint.empty() ? format("It has {}.", join(commands, ", ")) : std::move(hint));
  }
  const ServiceManifest manifest = manifest_of(scripts, {});
  // It may replace containers, whose volumes without a name nothing tells of then.
  note_nameless(context, service, stop);
  const NamelessNote note(context, service);
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
    if (is_of_the_service(name)) continue;
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
        {service, all_of(context, service, stop),
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
