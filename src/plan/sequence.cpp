#include "plan/sequence.h"

#include <algorithm>
#include <set>

#include "base/format.h"

namespace belay::plan {

Plan without(const Plan& plan, const std::function<bool(const Step&)>& is_left_out) {
  Plan rest;
  rest.notes = plan.notes;
  rest.subjects = plan.subjects;
  // For each action of the first plan, what stands for it in the rest.
  std::vector<std::vector<size_t>> stand_in(plan.actions.size());
  for (size_t i = 0; i < plan.actions.size(); ++i) {
    const Action& action = plan.actions[i];
    std::set<size_t> after;
    for (const size_t before : action.after) after.insert(stand_in[before].begin(), stand_in[before].end());
    const std::vector<size_t> waits_for(after.begin(), after.end());
    if (is_left_out(action.step)) {
      stand_in[i] = waits_for;
      continue;
    }
    stand_in[i] = {rest.actions.size()};
    rest.actions.push_back(action);
    rest.actions.back().after = waits_for;
  }
  return rest;
}

Plan in_sequence(Plan first, const Plan& second) {
  const size_t offset = first.actions.size();
  for (const auto& action : second.actions) {
    std::vector<size_t> after;
    for (size_t i = 0; i < offset; ++i) after.push_back(i);
    for (const size_t before : action.after) after.push_back(before + offset);
    first.actions.push_back(action);
    first.actions.back().after = std::move(after);
  }
  first.notes.insert(first.notes.end(), second.notes.begin(), second.notes.end());
  first.subjects.by_container.insert(second.subjects.by_container.begin(), second.subjects.by_container.end());
  return first;
}

bool is_shared(const Step& step) {
  return std::holds_alternative<CreateNetwork>(step) || std::holds_alternative<CreateVolume>(step);
}

std::optional<std::string> first_difference(const Plan& agreed, const Plan& now) {
  for (const auto& action : now.actions) {
    const bool is_new =
        is_shared(action.step) && std::none_of(agreed.actions.begin(), agreed.actions.end(),
                                               [&](const Action& planned) { return planned.step == action.step; });
    if (is_new) return format("'{}' would be a step now", step_text(action.step));
  }
  const Plan before = without(agreed, is_shared);
  const Plan after = without(now, is_shared);
  for (size_t i = 0; i < std::max(before.actions.size(), after.actions.size()); ++i) {
    if (i >= after.actions.size()) return format("'{}' would be no step any more", step_text(before.actions[i].step));
    if (i >= before.actions.size()) return format("'{}' would be a step now", step_text(after.actions[i].step));
    const Action& planned = before.actions[i];
    const Action& made = after.actions[i];
    const std::string was = step_text(planned.step);
    if (planned.step != made.step && was != step_text(made.step))
      return format("'{}' would be '{}' now", was, step_text(made.step));
    if (planned.step != made.step) return format("'{}' would be done with other settings now", was);
    if (planned.after != made.after || planned.may_fail != made.may_fail || planned.deadline != made.deadline)
      return format("'{}' would come in another order now", was);
  }
  return {};
}

World as_planned(World world, const Plan& plan) {
  const auto find = [&](const std::string& name) {
    return std::find_if(world.containers.begin(), world.containers.end(),
                        [&](const Container& container) { return container.name == name; });
  };
  for (const auto& action : plan.actions) {
    if (const auto* rename = std::get_if<RenameContainer>(&action.step)) {
      if (const auto found = find(rename->from); found != world.containers.end()) found->name = rename->to;
      if (world.starting.erase(rename->from) > 0) world.starting.insert(rename->to);
    }
    if (const auto* stop = std::get_if<StopContainer>(&action.step)) world.starting.erase(stop->name);
    if (const auto* stop = std::get_if<StopContainer>(&action.step))
      if (const auto found = find(stop->name); found != world.containers.end()) found->state = ContainerState::exited;
    if (const auto* removal = std::get_if<RemoveContainer>(&action.step))
      if (const auto found = find(removal->name); found != world.containers.end()) world.containers.erase(found);
  }
  return world;
}

}  // namespace belay::plan
