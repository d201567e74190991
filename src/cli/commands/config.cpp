#include <algorithm>
#include <array>
#include <set>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/project_words.h"
#include "cli/set_run.h"
#include "document/json.h"
#include "formats/compose/resolved.h"
#include "look/look.h"
#include "report/settings_json.h"

namespace belay::cli {

namespace {

namespace compose = formats::compose;

// With these no values are printed.
constexpr std::array<std::string_view, 5> printed_names{"services", "volumes", "networks", "images", "profiles"};

void print_keys(Console& console, const compose::Project& project, std::string_view section) {
  if (const Node* map = project.root.find(section))
    for (const auto& member : map->members()) console.line(member.key);
}

void print_origins(Invocation& in, const compose::Project& project) {
  if (!in.has("json")) {
    in.console.print(compose::resolved_text(project, compose::Origins::told));
    return;
  }
  print_record(in.console, "origins", report::origins_json(compose::origins_of(project)));
}

// Of the services only this one.
void keep_service(compose::Project& project, const std::string& name) {
  Node* services = project.root.find("services");
  std::erase_if(services->members(), [&](const auto& service) { return service.key != name; });
}

void print_profiles(Console& console, const compose::Project& project) {
  std::set<std::string> profiles;
  for (const auto& service : project.root.find("services")->members())
    if (const Node* named = service.value.find("profiles"))
      for (const auto& profile : named->items()) profiles.insert(profile.as_text("profile"));
  for (const auto& profile : profiles) console.line(profile);
}

// Values are not hidden: the file is its owner's alone.
void write_project(const std::string& file, std::string_view text) {
  write_file_durably(fs::absolute(file), text, 0600);
}

// On a screen others may look at it; what goes elsewhere is to be worked with, and is as docker compose prints it.
void hide_on_a_screen(Invocation& in, compose::Project& project) {
  const bool is_shown = in.console.settings().out_terminal && !in.text("output") && !in.globals.quiet;
  if (!is_shown || in.has("show-secrets") || in.session.project) return;
  const bool tells_values =
      std::none_of(printed_names.begin(), printed_names.end(), [&](std::string_view names) { return in.has(names); });
  if (compose::hide_secrets(project) > 0 && tells_values)
    in.console.note("what looks like a secret is hidden on a terminal; --show-secrets prints it");
}

int print_project(Invocation& in, compose::Project project) {
  hide_on_a_screen(in, project);
  for (const auto& notice : project.notices) in.console.warning(format("{}: {}", notice.where.text(), notice.text));
  if (in.has("services")) {
    print_keys(in.console, project, "services");
  } else if (in.has("volumes")) {
    print_keys(in.console, project, "volumes");
  } else if (in.has("networks")) {
    print_keys(in.console, project, "networks");
  } else if (in.has("images")) {
    for (const auto& image : compose::of_services(project, "image")) in.console.line(image);
  } else if (in.has("profiles")) {
    print_profiles(in.console, project);
  } else if (in.has("environment")) {
    for (const auto& [name, value] : project.environment) in.console.line(format("{}={}", name, value));
  } else if (in.has("variables")) {
    Table table({{"VARIABLE", Align::left, false}, {"VALUE"}, {"FROM"}});
    for (const auto& used : project.variables) table.add({used.name, used.value.value_or("(not set)"), used.origin});
    in.console.print(table);
  } else if (in.has("origins")) {
    print_origins(in, project);
  } else if (const auto file = in.text("output")) {
    write_project(*file, in.has("json") ? document::write_json(compose::resolved(project), 2) + "\n"
                                        : compose::resolved_text(project, compose::Origins::left_out));
  } else if (in.has("json")) {
    in.console.print_json(compose::resolved(project));
  } else if (!in.globals.quiet) {
    in.console.print(compose::resolved_text(project, compose::Origins::left_out));
  }
  return 0;
}

int print_release(Invocation& in, HostRun& run, const AppName& name, const std::string& which) {
  if (const auto from = in.text("diff")) {
    const auto changes = look::config_differences(run.context(), name, *from, which, in.stop());
    if (in.has("json")) {
      print_record(in.console, "differences", report::differences_json(changes));
      return 0;
    }
    if (changes.empty()) in.console.note("they are alike");
    for (const auto& change : changes) in.console.line(change.text());
    return 0;
  }
  in.console.line(look::config(run.context(), name, which, in.stop()).json);
  return 0;
}

void refuse_project_options(const Invocation& in) {
  for (const std::string_view option : {"services", "volumes", "networks", "images", "profiles", "environment",
                                        "variables", "origins", "output", "show-secrets"})
    if (in.has(option)) throw in.usage_error(format("--{} is for a Compose project", option));
}

}  // namespace

int run_config(Invocation& in) {
  for (const std::string_view names :
       {"services", "volumes", "networks", "images", "profiles", "environment", "variables", "origins"})
    if (in.has("output") && in.has(names)) throw in.usage_error(format("--output does not go with --{}", names));
  const auto what = in.optional_argument("WHAT");
  const std::string which = in.optional_argument("RELEASE").value_or("");
  if (in.has("edit") && (!what || !which.empty() || in.text("diff")))
    throw in.usage_error("--edit is for an app: name it, and nothing else");
  if (!what || is_place(in, *what) || !in.list("file").empty()) {
    if (in.text("diff")) throw in.usage_error("--diff is for an app: name it");
    compose::Project project =
        compose::load(compose_request(in, what && is_place(in, *what) ? what : std::nullopt), compose_outside());
    if (what && !is_place(in, *what)) keep_service(project, *what);
    return print_project(in, project);
  }
  HostRun run(in.session, in.description());
  Named named(in, run);
  if (!in.session.project && !named.is_app(*what)) {
    if (is_compose_project(*what))
      return print_project(in, compose::load(compose_request(in, what), compose_outside()));
    if (!named.project() || !named.project()->has(*what)) return print_release(in, run, named.of(*what).app, which);
  }
  if (in.session.project || !named.is_app(*what)) {
    compose::Project project = compose::load(compose_request(in, {}), compose_outside());
    keep_service(project, *what);
    return print_project(in, project);
  }
  const AppName name(*what);
  if (in.has("edit")) return edit_config(in, run, name);
  const auto made_from = look::project_of(run.context(), name, in.stop());
  if (which.empty() && !in.text("diff") && made_from)
    return print_project(in, compose::load(request_for_app(in, name, *made_from), compose_outside()));
  refuse_project_options(in);
  return print_release(in, run, name, which);
}

}  // namespace belay::cli
