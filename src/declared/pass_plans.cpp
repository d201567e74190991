#include "base/format.h"
#include "base/identity.h"
#include "declared/pass.h"

namespace belay::declared {

const PlannedSteps* Pass::steps_for(const std::string& app) const {
  if (options_.plans == nullptr) return nullptr;
  const auto found = options_.plans->find(app);
  if (found != options_.plans->end()) return &found->second;
  // A preview is compared as a whole.
  if (options_.dry_run) return nullptr;
  throw Conflict(ErrorCode::plan_outdated, format("{} is left as it is: it is not in the plan", app),
                 "Make the plan again, and read it.");
}

void Pass::settle(const Facts& facts, DeclaredApp& result) const {
  if (options_.dry_run) {
    result.planned.facts = facts;
    return;
  }
  const PlannedSteps* steps = steps_for(result.name);
  if (steps == nullptr) return;
  if (const auto moved = first_moved(steps->facts, facts))
    throw Conflict(ErrorCode::plan_outdated,
                   format("{} is left as it is, for its plan is out of date: {}", result.name, *moved),
                   "Make the plan again, and read it.");
}

change::Agreed Pass::agreed_on(const std::string& app, const DeclaredApp& result) const {
  change::Agreed agreed;
  const PlannedSteps* steps = steps_for(app);
  if (options_.dry_run)
    agreed.identity = result.planned.identity;
  else if (steps != nullptr)
    agreed = {steps->identity, steps->change, steps->snapshots};
  if (agreed.identity.empty()) agreed.identity = new_identity();
  return agreed;
}

void Pass::note_steps(DeclaredApp& result) {
  result.planned.change = result.change.plan;
  auto& actions = result.planned.change.actions;
  actions.resize(actions.size() - result.change.clear_up.actions.size());
  result.planned.snapshots = result.change.clear_up;
}

void Pass::take_images(change::Agreed& agreed, const change::ReleaseDraft& before, const change::ReleaseDraft& now) {
  if (!agreed.plan) return;
  agreed.has_new_images = true;
  for (const auto& [service, reference] : before.images) {
    const std::string& id = now.images.at(service);
    const auto bind = [&](std::string& text) {
      if (text == reference) text = id;
    };
    for (auto& action : agreed.plan->actions) {
      if (auto* tag = std::get_if<plan::TagImage>(&action.step)) bind(tag->image);
      auto* create = std::get_if<plan::CreateContainer>(&action.step);
      if (create == nullptr) continue;
      bind(create->image);
      for (auto& [label, text] : create->labels) bind(text);
    }
  }
}

}  // namespace belay::declared
