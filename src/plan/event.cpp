#include "plan/event.h"

#include "plan/subjects.h"

namespace belay::plan {

namespace {

template <class Kind>
concept Named = requires(const Kind& step) { step.name; };

// Networks and volumes have names as well.
template <class Kind>
constexpr bool is_about_a_container =
    Named<Kind> && !std::is_same_v<Kind, CreateNetwork> && !std::is_same_v<Kind, RemoveNetwork> &&
    !std::is_same_v<Kind, CreateVolume> && !std::is_same_v<Kind, RemoveVolume>;

}  // namespace

std::string container_of(const Step& step) {
  return std::visit(
      [](const auto& each) -> std::string {
        using Kind = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Kind, RenameContainer>)
          return each.from;
        else if constexpr (is_about_a_container<Kind>)
          return each.name;
        else
          return {};
      },
      step);
}

const Subject* subject_of(const StepOf& which) {
  const auto& subjects = which.plan->subjects.by_container;
  const auto found = subjects.find(container_of(which.step()));
  return found == subjects.end() ? nullptr : &found->second;
}

void name_subjects(Plan& plan, const App& app, const World& world) {
  auto& subjects = plan.subjects.by_container;
  for (const auto& instance : instances(app, world)) {
    const Release* release = app.find(instance.release);
    if (release == nullptr) continue;
    for (const auto& service : release->spec.services)
      if (service.name == instance.service)
        subjects[instance.container->name] = {app.name.text(), service.group_name(), service.number};
  }
  for (const auto& action : plan.actions) {
    if (const auto* create = std::get_if<CreateContainer>(&action.step))
      subjects[create->name] = {app.name.text(), create->service.group_name(), create->service.number};
    if (const auto* rename = std::get_if<RenameContainer>(&action.step))
      if (const auto known = subjects.find(rename->from); known != subjects.end())
        subjects[rename->to] = Subject(known->second);
  }
}

}  // namespace belay::plan
