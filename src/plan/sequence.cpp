#include "plan/sequence.h"

#include <algorithm>
#include <set>

#include "base/format.h"

namespace belay::plan {

namespace {

// Whether it is done beside what runs.
bool prepares(const Step& step) {
  return std::holds_alternative<BuildImage>(step) || std::holds_alternative<PullImage>(step) ||
         std::holds_alternative<TagImage>(step) || std::holds_alternative<CreateNetwork>(step) ||
         std::holds_alternative<CreateVolume>(step) || std::holds_alternative<CreateContainer>(step) ||
         std::holds_alternative<PutFiles>(step);
}

using Indices = std::vector<size_t>;

Indices every_index(const Plan& plan) {
  Indices all;
  for (size_t i = 0; i < plan.actions.size(); ++i) all.push_back(i);
  return all;
}

// Appends actions of another plan, each behind `before` as well; `places` says where each of that plan has got to.
class Moving {
 public:
  Moving(const Plan& from, Plan& to) : from_(from), to_(to), places_(from.actions.size()) {}

  bool is_moved(size_t index) const { return places_[index].has_value(); }
  bool may_go_first(size_t index) const {
    const auto& after = from_.actions[index].after;
    return std::all_of(after.begin(), after.end(), [&](size_t before) { return is_moved(before); });
  }
  void move(size_t index, const Indices& before) {
    std::set<size_t> after(before.begin(), before.end());
    for (const size_t other : from_.actions[index].after) after.insert(*places_[other]);
    places_[index] = to_.add(from_.actions[index], Indices(after.begin(), after.end()));
  }
  void move_the_rest(const Indices& before) {
    for (size_t i = 0; i < places_.size(); ++i)
      if (!is_moved(i)) move(i, before);
  }

 private:
  const Plan& from_;
  Plan& to_;
  std::vector<std::optional<size_t>> places_;
};

// Whether the name that the step needs is one that is given up by what is left of the room.
bool waits_for_a_name(const Step& step, const Plan& room, const Moving& moved) {
  const auto* create = std::get_if<CreateContainer>(&step);
  if (create == nullptr) return false;
  for (size_t i = 0; i < room.actions.size(); ++i)
    if (const auto* rename = std::get_if<RenameContainer>(&room.actions[i].step);
        rename != nullptr && rename->from == create->name && !moved.is_moved(i))
      return true;
  return false;
}

}  // namespace

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

Plan with_room(const Plan& room, const Plan& change) {
  Plan whole;
  Moving of_room(room, whole), of_change(change, whole);
  for (size_t i = 0; i < room.actions.size(); ++i)
    if (std::holds_alternative<RenameContainer>(room.actions[i].step) && of_room.may_go_first(i)) of_room.move(i, {});
  const Indices names = every_index(whole);
  for (size_t i = 0; i < change.actions.size(); ++i) {
    const Step& step = change.actions[i].step;
    if (!prepares(step) || !of_change.may_go_first(i) || waits_for_a_name(step, room, of_room)) continue;
    of_change.move(i, std::holds_alternative<CreateContainer>(step) ? names : Indices());
  }
  of_room.move_the_rest(every_index(whole));
  of_change.move_the_rest(every_index(whole));
  for (const Plan* part : {&room, &change}) {
    whole.notes.insert(whole.notes.end(), part->notes.begin(), part->notes.end());
    whole.subjects.by_container.insert(part->subjects.by_container.begin(), part->subjects.by_container.end());
  }
  return whole;
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
      if (auto detail = world.details.extract(rename->from)) {
        detail.key() = rename->to;
        world.details.insert(std::move(detail));
      }
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
