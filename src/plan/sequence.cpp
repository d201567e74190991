#include "plan/sequence.h"

#include <algorithm>
#include <set>

namespace belay::plan {

Plan without(const Plan& plan, const std::function<bool(const Step&)>& is_left_out) {
  Plan rest;
  rest.notes = plan.notes;
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
  return first;
}

World as_planned(World world, const Plan& plan) {
  const auto find = [&](const std::string& name) {
    return std::find_if(world.containers.begin(), world.containers.end(),
                        [&](const Container& container) { return container.name == name; });
  };
  for (const auto& action : plan.actions) {
    if (const auto* rename = std::get_if<RenameContainer>(&action.step))
      if (const auto found = find(rename->from); found != world.containers.end()) found->name = rename->to;
    if (const auto* stop = std::get_if<StopContainer>(&action.step))
      if (const auto found = find(stop->name); found != world.containers.end()) found->state = ContainerState::exited;
    if (const auto* removal = std::get_if<RemoveContainer>(&action.step))
      if (const auto found = find(removal->name); found != world.containers.end()) world.containers.erase(found);
  }
  return world;
}

}  // namespace belay::plan
