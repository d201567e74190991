// pull, push, and build for a Compose project: its images, while what runs is left alone.

#include "base/format.h"
#include "base/plural.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/project_words.h"
#include "declared/definitions.h"
#include "declared/project_images.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

Declaration declaration_of(Invocation& in, const PlaceAndServices& words) {
  formats::compose::Request request = compose_request(in, words.place);
  request.services = words.services;
  auto read =
      declared::read_project(request, compose_outside(), [&](const std::string& text) { in.console.warning(text); });
  return std::move(read.apps.front());
}

int bring(Invocation& in, const plan::Plan& plan, std::string_view done) {
  const bool dry_run = in.has("dry-run"), json = in.has("json");
  if (dry_run && !json) print_plan(in.console, plan);
  if (!dry_run) {
    if (!json)
      for (const auto& note : plan.notes) in.console.note(note);
    if (!plan.empty()) {
      HostRun run(in.session, in.description());
      declared::bring_images(run.context(), plan, in.stop());
      run.report().close();
    }
  }
  if (json) print_record(in.console, images_json(plan, dry_run));
  if (dry_run) return 0;
  if (plan.empty()) {
    if (!json) in.console.success("nothing to do");
    return in.has("exit-unchanged") ? 3 : 0;
  }
  if (!json)
    in.console.success(format("{} {}", counted(static_cast<std::int64_t>(plan.actions.size()), "image"), done));
  return 0;
}

}  // namespace

int run_pull(Invocation& in) {
  const PlaceAndServices words = place_and_services(in, in.arguments("PROJECT"));
  declared::ImageTask task;
  task.services = {words.services.begin(), words.services.end()};
  task.with_needs = in.has("include-deps");
  task.ignore_failures = in.has("ignore-pull-failures");
  const Declaration project = declaration_of(in, words);
  if (in.text("policy") == "missing") {
    HostRun run(in.session, in.description());
    return bring(in, declared::plan_of_missing_pulls(run.context(), project, task, in.stop()), "pulled");
  }
  return bring(in, declared::plan_of_pulls(project, task), "pulled; what runs is left as it is until belay up");
}

int run_push(Invocation& in) {
  const PlaceAndServices words = place_and_services(in, in.arguments("PROJECT"));
  declared::ImageTask task;
  task.services = {words.services.begin(), words.services.end()};
  task.with_needs = in.has("include-deps");
  task.ignore_failures = in.has("ignore-push-failures");
  return bring(in, declared::plan_of_pushes(declaration_of(in, words), task), "pushed");
}

int build_project(Invocation& in, const std::vector<std::string>& services) {
  for (const std::string_view option :
       {"image", "push", "config-file", "settings-from-image", "target", "platform", "secret", "builder"})
    if (in.has(option))
      throw in.usage_error(format("--{} is for an app of its own; the Compose file says it here", option));
  declared::ImageTask task;
  task.services = {services.begin(), services.end()};
  task.no_cache = in.has("no-cache");
  task.pull = in.has("pull");
  task.arguments = in.pairs("build-arg");
  return bring(in, declared::plan_of_builds(declaration_of(in, {{}, services}), task),
               "built; what runs is left as it is until belay up");
}

}  // namespace belay::cli
