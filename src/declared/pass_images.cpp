#include <algorithm>
#include <sys/statvfs.h>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "declared/pass.h"
#include "declared/project_images.h"
#include "model/naming.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

void Pass::refuse_a_full_disk(const std::string& reference) const {
  struct statvfs status{};
  const std::string folder = context_.engine.data_folder(stop_);
  // An engine elsewhere has its own disk, which we cannot see.
  if (folder.empty() || ::statvfs(folder.c_str(), &status) != 0) return;
  const ByteCount free{static_cast<std::int64_t>(status.f_bavail * status.f_frsize)};
  if (free < options_.least_free)
    throw Error(ErrorCode::no_space,
                format("{} is not pulled: only {} are free in {}", reference, byte_text(free), folder),
                "belay cleanup NAME removes all releases but the running one and one to go back to; belay df "
                "shows the rest.");
}

plan::Plan Pass::plan_of_images(const Declaration& declared, const std::vector<ImageChoice>& missing) {
  plan::Plan plan;
  for (const auto& choice : missing) {
    if (choice.build)
      plan.add(build_step(declared, choice.reference, *choice.build), "it is not on this host");
    else
      plan.add(plan::PullImage{choice.pull},
               choice.digest.empty() ? "it is not on this host"
               : choice.period
                   ? format("the registry, which is asked every {}, has something newer", duration_text(*choice.period))
                   : "the registry has something newer");
  }
  return plan;
}

namespace {

// An image that could not be pulled: where its service says how it is built, why it is not.
Error with_obstacle(const Declaration& declared, const std::string& reference, const Error& failure) {
  for (const auto& service : declared.spec.services) {
    const auto build = declared.builds.find(service.group_name());
    if (build == declared.builds.end() || !build->second.obstacle ||
        ImageRef::parse(service.image).text() != ImageRef::parse(reference).text())
      continue;
    const ConfigError& obstacle = *build->second.obstacle;
    Error both(obstacle.code(), format("{}; {}", obstacle.what(), failure.what()), obstacle.hint());
    return both;
  }
  return failure;
}

}  // namespace

void Pass::make_images(const Declaration& declared, change::Context& context, change::ReleaseDraft& made,
                       const std::vector<ImageChoice>& missing, const plan::Plan& plan) {
  for (const auto& choice : missing) {
    if (choice.pull.empty()) continue;
    rest_.check(ImageRef::parse(choice.pull).registry(), context.clock.ticks());
    refuse_a_full_disk(choice.pull);
  }
  const auto outcome = change::carry_out(context, plan, {}, stop_);
  if (outcome.error) {
    const auto* failed =
        outcome.failed_action ? std::get_if<plan::PullImage>(&plan.actions[*outcome.failed_action].step) : nullptr;
    if (failed != nullptr)
      rest_.note_status(ImageRef::parse(failed->reference).registry(), outcome.status, outcome.error->what(),
                        context.clock.ticks());
    if (failed != nullptr) throw with_obstacle(declared, failed->reference, *outcome.error);
    throw *outcome.error;
  }
  for (const auto& choice : missing) take_image(context, made, choice);
}

void Pass::take_image(change::Context& context, change::ReleaseDraft& made, const ImageChoice& choice) {
  const std::string wanted = choice.build ? choice.reference : choice.pull;
  const auto image = context.engine.image(wanted, stop_);
  if (!image)
    throw NotFound(ErrorCode::image_not_found,
                   format("{} was {}, and yet the engine does not have it", wanted, choice.build ? "built" : "pulled"));
  if (choice.period) context.store.note_asked(choice.reference, context.clock.now());
  const bool is_as_promised = choice.digest.empty() || bears_digest(*image, choice.digest);
  for (const auto& service : made.spec.services) {
    if (service.image != choice.reference) continue;
    made.images[service.name] = image->id;
    if (!choice.digest.empty() && is_as_promised) continue;
    made.digests.erase(service.name);
    if (!image->digests.empty()) made.digests[service.name] = image->digests.front();
  }
  if (is_as_promised) return;
  // Or the tag moved in between. Where it did not, each look would mean another pull.
  const std::string registry = ImageRef::parse(choice.pull).registry();
  const std::string why =
      format("the registry {} names another digest for {} than that of what it gives", registry, choice.reference);
  rest_.back_off(choice.reference, usual_rest, why, context.clock.ticks());
  context.report.note(why);
}

bool Pass::bears_digest(const Image& image, const std::string& wanted) {
  return std::any_of(image.digests.begin(), image.digests.end(),
                     [&](const std::string& own) { return bare_digest(own) == bare_digest(wanted); });
}

}  // namespace belay::declared
