#include "plan/hooks.h"

#include <algorithm>

namespace belay::plan {

namespace {

RunInside run_of(const HookCommand& hook, const std::string& container) {
  return {container, hook.command, hook.user, hook.working_dir, hook.environment, hook.privileged};
}

}  // namespace

std::vector<size_t> add_post_start(Plan& plan, const Service& service, const std::string& container,
                                   Milliseconds time_for_each, HookFailure failure, std::vector<size_t> last) {
  for (const HookCommand& hook : service.post_start) {
    RunInside run = run_of(hook, container);
    run.is_proof = failure == HookFailure::fails_the_verdict;
    const size_t index = plan.add(std::move(run), "its hook after the start", std::move(last));
    plan.actions[index].deadline = time_for_each;
    plan.actions[index].may_fail = failure == HookFailure::is_told;
    last = {index};
  }
  return last;
}

const Service* service_of(const App& app, const Instance& instance) {
  const Release* newest = nullptr;
  for (const Release& release : app.releases) {
    const bool has_it =
        release.number == instance.release ||
        (release.container_release(instance.service) == instance.release && release.verdict != Verdict::failed);
    if (has_it && (newest == nullptr || newest->number < release.number)) newest = &release;
  }
  if (newest == nullptr) return nullptr;
  const auto& services = newest->spec.services;
  const auto found = std::find_if(services.begin(), services.end(),
                                  [&](const Service& service) { return service.name == instance.service; });
  return found == services.end() ? nullptr : &*found;
}

std::vector<size_t> add_pre_stop(Plan& plan, const App& app, const Instance& instance, const std::string& name,
                                 std::optional<Seconds> asked, std::vector<size_t> last) {
  const Service* service = service_of(app, instance);
  if (service == nullptr || instance.container->state != ContainerState::running || asked == Seconds(0)) return last;
  constexpr Seconds least{1}, of_the_engine{10};
  const Seconds own = service->stop_timeout ? Seconds(*service->stop_timeout) : of_the_engine;
  for (const HookCommand& hook : service->pre_stop) {
    const size_t index = plan.add(run_of(hook, name), "its hook before the stop", std::move(last));
    plan.actions[index].may_fail = true;
    plan.actions[index].deadline = Milliseconds(std::max(asked.value_or(own), least));
    last = {index};
  }
  return last;
}

}  // namespace belay::plan
