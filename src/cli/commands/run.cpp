#include <algorithm>
#include <csignal>

#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/declared_options.h"
#include "cli/named.h"
#include "cli/tty.h"
#include "declared/definitions.h"
#include "declared/one_off.h"
#include "formats/docker_run.h"
#include "look/look.h"

namespace belay::cli {

namespace {

// -e, -v and -p as docker run has them.
Service extra_settings(const Invocation& in) {
  std::vector<std::string> words;
  const auto take = [&](std::string_view option, const char* letter) {
    for (const auto& value : in.list(option)) words.insert(words.end(), {letter, value});
  };
  take("env", "-e");
  take("volume", "-v");
  take("publish", "-p");
  Service extra;
  if (!words.empty()) extra = formats::parse_run_line(words, {formats::RunLineOptions::Form::options, {}, {}}).service;
  extra.user = in.text_or("user", "");
  extra.working_dir = in.text_or("workdir", "");
  if (const auto entrypoint = in.text("entrypoint")) extra.entrypoint = shell_words(*entrypoint);
  return extra;
}

bool is_up(const std::vector<look::AppSummary>& apps, const std::string& app, const std::string& service) {
  for (const auto& row : apps)
    if (row.name == app)
      for (const auto& instance : row.instances)
        if (instance.service == service) return instance.is_up || !instance.should_run;
  return false;
}

std::vector<std::string> needs_that_are_down(Invocation& in, const Declaration& project, const std::string& service) {
  HostRun run(in.session, in.description());
  const auto apps = look::list(run.context(), in.stop());
  std::vector<std::string> down;
  for (const auto& need : declared::needs_of(project, service))
    if (!is_up(apps, project.name.text(), need)) down.push_back(need);
  return down;
}

// By the rules of `belay up`.
void start_needs(Invocation& in, const formats::compose::Request& request, const std::vector<std::string>& down,
                 const std::string& service) {
  DeclaredPass pass;
  pass.settings = read_settings({});
  pass.settings.aws = pass.settings.exclusive = false;
  pass.command = in.description();
  pass.project = request;
  pass.project->services = down;
  pass.starts_stopped = true;
  const DeclaredOutcome outcome = run_pass(in.session, pass, Results::silent);
  if (outcome.has_failures())
    throw Error(ErrorCode::not_running, format("{} needs {}, which did not come up", service, join(down, ", ")),
                format("belay up {} shows why; without them: belay run --no-deps {}", join(down, " "), service));
}

struct Wanted {
  formats::compose::Request request;
  std::string service;
};

// The same line for `belay import run`: an app of the image, without values that are secrets. What the options of a
// service are for is left out.
std::string line_of_docker_run(const Invocation& in) {
  const std::string image = in.argument("SERVICE");
  std::string name = image.substr(image.rfind('/') + 1);
  name = in.text_or("name", name.substr(0, name.find_first_of(":@")));
  std::vector<std::string> words{"belay import run", AppName::is_valid(name) ? name : "NAME", "-- docker run -d"};
  for (const std::string_view option : {"env", "volume", "publish", "user", "workdir", "entrypoint"})
    for (const auto& value : in.list(option)) {
      const size_t end = value.find('=');
      const bool is_secret =
          option == "env" && end != std::string::npos && holds_a_secret(value.substr(0, end), value.substr(end + 1));
      words.push_back(format("{} {}", option == "entrypoint" ? "--entrypoint" : "-" + std::string(1, option.front()),
                             is_secret ? value.substr(0, end) + "=…" : shell_quoted(printable(value))));
    }
  words.push_back(shell_quoted(printable(image)));
  for (const auto& word : in.arguments("COMMAND")) words.push_back(shell_quoted(printable(word)));
  return join(words, " ");
}

// What is told to somebody who comes from docker run, and means an image.
std::string hint_for_an_image(const Invocation& in) {
  return in.has("rm") ? "run is for the services of a project. docker run --rm is for a container that is thrown away; "
                        "belay exec NAME COMMAND runs a command in an app."
                      : format("run is for the services of a project. A line of docker run becomes an app: {}",
                               line_of_docker_run(in));
}

// "team/web:2" is no service of an app.
bool can_only_be_image(const std::string& word) {
  return word.find_first_of(":@.") != std::string::npos || std::count(word.begin(), word.end(), '/') > 1;
}

// A service of the folder's project, or one of an app that was made from Compose files: APP/SERVICE.
Wanted wanted_service(Invocation& in) {
  const std::string word = in.argument("SERVICE");
  if (word.find('/') == std::string::npos) return {compose_request(in, {}), word};
  HostRun run(in.session, in.description());
  const std::string app = word.substr(0, word.find('/'));
  if (can_only_be_image(word) && (!AppName::is_valid(app) || !run.context().store.app(AppName(app))))
    throw NotFound(ErrorCode::app_not_found, format("there is no app {}", printable(app)), hint_for_an_image(in));
  const Target target = Target::parse(word);
  const auto made_from = look::project_of(run.context(), target.app, in.stop());
  if (!made_from)
    throw Error(ErrorCode::unsupported, format("{} is not a Compose project", target.app.text()),
                format("A command in the container that runs: belay exec {} COMMAND", word));
  return {request_for_app(in, target.app, *made_from), target.service};
}

declared::OneOff one_off(const Invocation& in, const std::string& service, bool is_terminal) {
  declared::OneOff wanted{service, in.arguments("COMMAND"), extra_settings(in)};
  wanted.publishes_ports = in.has("service-ports");
  wanted.tty = !in.has("no-tty") && is_terminal;
  wanted.name = in.text_or("name", "");
  return wanted;
}

int preview(Invocation& in, const Declaration& project, const declared::OneOff& wanted,
            const std::vector<std::string>& down) {
  HostRun run(in.session, in.description());
  plan::Plan plan = declared::OneOffRun(run.context(), project, wanted, in.stop()).plan();
  if (!down.empty())
    plan.notes.push_back(format("first comes up what it needs: belay up --dry-run {} shows how", join(down, " ")));
  print_plan(in.console, plan);
  return 0;
}

// Who comes from docker run means an image.
Declarations project_of_run(Invocation& in, const formats::compose::Request& request) {
  try {
    return declared::read_project(request, compose_outside(),
                                  [&](const std::string& text) { in.console.warning(text); });
  } catch (const NotFound& error) {
    if (error.code() == ErrorCode::service_not_found && !in.session.project)
      throw NotFound(error.code(), error.what(),
                     format("{}; a line of docker run becomes an app: {}", error.hint(), line_of_docker_run(in)));
    if (error.code() != ErrorCode::file_not_found || in.session.project) throw;
    throw NotFound(error.code(), error.what(), hint_for_an_image(in));
  }
}

}  // namespace

int run_run(Invocation& in) {
  Wanted what = wanted_service(in);
  what.request.services = {what.service};
  const Declarations read = project_of_run(in, what.request);
  const Declaration& project = read.apps.front();
  UserTerminal terminal(0, 1, 2, in.stop());
  const bool detaches = in.has("detach");
  const declared::OneOff wanted = one_off(in, what.service, terminal.is_terminal() && !detaches);
  std::vector<std::string> down;
  if (!in.has("no-deps")) down = needs_that_are_down(in, project, what.service);
  if (in.has("dry-run")) return preview(in, project, wanted, down);
  if (!down.empty()) start_needs(in, what.request, down, what.service);

  HostRun run(in.session, in.description());
  declared::OneOffRun one(run.context(), project, wanted, in.stop());
  if (detaches) {
    one.start(!in.has("rm"));
    run.report().close();
    in.console.line(one.name());
    return 0;
  }
  one.before_the_session = [&] { run.report().close(); };
  const RawMode raw(wanted.tty ? terminal.input() : -1);
  try {
    return one.run(terminal);
  } catch (const OutputClosed&) {
    // As a shell tells of what SIGPIPE ended.
    return 128 + SIGPIPE;
  }
}

}  // namespace belay::cli
