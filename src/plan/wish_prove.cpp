#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "plan/hooks.h"
#include "plan/verdict_terms.h"
#include "plan/wish_planner.h"

namespace belay::plan {

RestartPolicy final_policy(const Service& service) {
  if (!service.restart.name.empty()) return service.restart;
  return service.job ? never_restart : RestartPolicy{"unless-stopped", 0};
}

// A job is done when it has ended with 0, but for one that the clock starts; everything else when it runs.
bool WishPlanner::is_done(const Service& service, const Container* container) const {
  if (service.scheduled) return true;
  if (container == nullptr || container->state == ContainerState::paused) return false;
  if (container->is_up()) return true;
  if (!may_be_done(service) || container->state != ContainerState::exited) return false;
  const auto detail = s_.world.details.find(container->name);
  return detail != s_.world.details.end() && detail->second.exit_code == 0 && detail->second.started.has_value();
}

// Of what Belay has started for the first time an end is its own; any other container it may have stopped itself.
bool WishPlanner::may_be_done(const Service& service) const {
  const Release* release = wish_.release() ? s_.app.find(*wish_.release()) : nullptr;
  if (service.job || release == nullptr) return service.job;
  const bool is_first_try = wish_.is_unfinished() && !wish_.rollback && release->verdict == Verdict::pending &&
                            release->container_release(service.name) == release->number;
  return release->ended.contains(service.name) || (service.may_end && is_first_try);
}

// Whether this change has to do with the service: what it started, or changed in place.
bool WishPlanner::is_touched(const Release& release, const std::string& service) const {
  const auto other_number = wish_.rollback ? wish_.rollback->failed : wish_.fallback;
  const Release* other = other_number ? s_.app.find(*other_number) : nullptr;
  if (other == nullptr) return true;
  // Of several services of one release only some are started anew.
  if (other->number == release.number)
    return release.spec.services.size() == 1 || release.verdict == Verdict::pending ||
           wish_.run()->restart.contains(service);
  if (other->container_release(service) != release.container_release(service)) return true;
  const auto find = [&](const Release& of) {
    return std::find_if(of.spec.services.begin(), of.spec.services.end(),
                        [&](const Service& each) { return each.name == service; });
  };
  const auto before = find(*other);
  return before == other->spec.services.end() || *before != *find(release);
}

bool WishPlanner::is_judged(const Release& release, const Member& member) const {
  if (!wish_.terms.wait || member.service->scheduled) return false;
  const bool is_stopped_here = restarted_.contains(member.container);
  if (!is_done(*member.service, member.container) || is_stopped_here) return true;
  if (!member.container->is_up()) return false;  // a job, and done
  return !wish_.trouble.empty() || (wish_.is_unfinished() && is_touched(release, member.service->name));
}

// Whether one that has yet to start waits for more than its start.
bool WishPlanner::is_waited_for(const Member& member, const Members& members) const {
  return std::any_of(members.begin(), members.end(), [&](const Member* other) {
    if (other->runs && !other->restarts) return false;
    const auto needs = all_needs(*other->service);
    return std::any_of(needs.begin(), needs.end(), [&](const Need& need) {
      return need.service == member.service->name && need.condition != Need::Condition::started;
    });
  });
}

// What nothing checks is never healthy: the service would wait in vain.
void WishPlanner::refuse_without_health(const Release& release, const Member& member, const std::string& need) const {
  const auto service = std::find_if(release.spec.services.begin(), release.spec.services.end(),
                                    [&](const Service& each) { return each.name == need; });
  if (service == release.spec.services.end()) return;
  const AwaitVerdict verdict = verdict_on(release, *service, need);
  if (verdict.has_health_check || verdict.has_unseen_image) return;
  throw Error(
      ErrorCode::bad_value,
      format("{} waits until {} is healthy, and nothing checks the health of {}", member.service->name, need, need),
      format("Give {} a health check, or let {} wait for its start only.", need, member.service->name));
}

// What must be done before it starts, as its needs have it.
Indices WishPlanner::conditions_of(const Release& release, const Member& member, const Members& members,
                                   const std::map<std::string, Indices>& started,
                                   const std::map<std::string, Indices>& proved) {
  Indices conditions;
  if (member.runs && !member.restarts) return conditions;
  for (const Need& need : all_needs(*member.service)) {
    const auto other = std::find_if(members.begin(), members.end(),
                                    [&](const Member* each) { return each->service->name == need.service; });
    if (need.condition == Need::Condition::healthy) refuse_without_health(release, member, need.service);
    const bool only_starts =
        need.condition == Need::Condition::started || (wish_.rollback && need.condition == Need::Condition::healthy);
    if (other != members.end() && (*other)->is_active()) {
      conditions = joined(conditions, only_starts ? started.at(need.service) : proved.at(need.service));
      continue;
    }
    if (only_starts || need.condition != Need::Condition::healthy) continue;
    const Container* container = find_instance(s_.app, s_.world, release.number, need.service);
    if (container == nullptr || container->health == Health::healthy) continue;
    const size_t waited = plan_.add(
        verdict_on(release, release.spec.service(need.service), name_of(*container)),
        format("{} waits for it{}", member.service->name, need.required ? "" : ", and can do without"), prepared_);
    // It is left as it is. Where it is ill, that is no reason to leave the other alone.
    plan_.actions[waited].may_fail = !need.required;
    conditions.push_back(waited);
  }
  return conditions;
}

// Brings it up, or leaves it so. Returns what the rest must wait for.
Indices WishPlanner::start(const Release& release, Member& member, Indices last) {
  const Container* container = member.container;
  const std::string name = name_of(member);
  if (container != nullptr) last = change_in_place(*member.service, *container, name, last);
  if (!restarted_.contains(container) &&
      (is_ending(container) || member.restarts || may_lack_its_hooks(release, member))) {
    last = stop_all({container},
                    member.restarts        ? "what it needs is exchanged"
                    : is_ending(container) ? "what stopped it was cut off, and the engine may be at it still"
                                           : "what started it was cut off, and its hooks may not have run",
                    last);
    restarted_.insert(container);
  }
  const bool is_stopped_here = restarted_.contains(container);
  if (container != nullptr && container->state == ContainerState::paused && !is_stopped_here)
    return {plan_.add(ResumeContainer{name}, why_start(release, container), last)};
  if (is_done(*member.service, container) && !is_stopped_here) return last;
  // What they are written into keeps them; one that never ran may lack them still.
  if (!member.service->files.empty() && (container == nullptr || container->state == ContainerState::created))
    last = {plan_.add(PutFiles{name, member.service->files}, "its configs and secrets", last)};
  member.is_started = true;
  return {plan_.add(StartContainer{name}, why_start(release, is_stopped_here ? nullptr : container), last)};
}

// One that an interrupted command has started, of a release that has yet to prove itself.
bool WishPlanner::may_lack_its_hooks(const Release& release, const Member& member) const {
  return !member.service->post_start.empty() && wish_.progress == Wish::Progress::under_way && !wish_.rollback &&
         !wish_.proved() && release.verdict == Verdict::pending && member.container != nullptr &&
         member.container->is_up() && release.container_release(member.service->name) == release.number;
}

Indices WishPlanner::run_post_start(const Release& release, const Service& service, const std::string& name,
                                    Indices last) {
  // Not as long as the health check of an image would have it: the image may have yet to be pulled.
  const auto timeout = wish_.terms.wait_timeout ? wish_.terms.wait_timeout : release.spec.wait_timeout;
  return add_post_start(plan_, service, name, timeout.value_or(s_.defaults.wait_timeout),
                        wish_.terms.wait ? HookFailure::fails_the_verdict : HookFailure::is_told, std::move(last));
}

// Starts the services, each as soon as those that it needs allow it. Returns what the rest must wait for. On the way
// back all of it starts before any of it is judged, and what it is like is not changed by a verdict: the engine goes on
// starting what does not stay up.
Indices WishPlanner::start_and_prove(const Release& release, const Members& members, const Indices& before) {
  std::map<std::string, Indices> started, proved;
  Members later;
  Indices ready;
  for (Member* member : members) {
    const Service& service = *member->service;
    const std::string name = name_of(*member);
    Indices last = joined(before, conditions_of(release, *member, members, started, proved));
    last = start(release, *member, last);
    if (member->is_started && !wish_.rollback) last = run_post_start(release, service, name, last);
    started[service.name] = last;
    const bool is_needed_now = is_waited_for(*member, members) && (!wish_.rollback || service.job);
    const bool judged = is_judged(release, *member);
    if (judged || !is_done(service, member->container)) changed_.insert(service.name);
    if (wish_.rollback) {
      if (is_needed_now && !is_done(service, member->container))
        last = {plan_.add(verdict_on(release, service, name), "the verdict", last)};
      else if (judged || (member->is_started && !service.post_start.empty()))
        later.push_back(member);
      last = settle_policy(service, member->container, name, restarted_.contains(member->container), last);
    } else if (judged || (is_needed_now && !is_done(service, member->container))) {
      last = {plan_.add(verdict_on(release, service, name), "the verdict", last)};
    }
    proved[service.name] = last;
    ready = joined(ready, last);
  }
  if (wish_.rollback) {
    Indices judged = ready;
    for (const Member* member : later) judged = joined(judged, prove_again(release, *member, ready));
    return judged;
  }
  // All of them have proved themselves, or none is kept up by the engine.
  Indices settled;
  for (const Member* member : members)
    settled = joined(settled, settle_policy(*member->service, member->container, name_of(*member),
                                            restarted_.contains(member->container), ready));
  return settled;
}

Indices WishPlanner::prove_again(const Release& release, const Member& member, const Indices& after) {
  const std::string name = name_of(member);
  const Indices last = member.is_started ? run_post_start(release, *member.service, name, after) : after;
  if (!is_judged(release, member)) return last;
  return {plan_.add(verdict_on(release, *member.service, name), "it must prove itself again", last)};
}

// Once it runs as wished, the policy must hold; before, it must not restart by itself.
Indices WishPlanner::settle_policy(const Service& service, const Container* container, const std::string& name,
                                   bool is_stopped_here, const Indices& last) {
  const auto detail = container == nullptr ? s_.world.details.end() : s_.world.details.find(container->name);
  const RestartPolicy policy = final_policy(service);
  if (container == nullptr && policy == never_restart) return last;  // as it was created
  if (detail != s_.world.details.end() && detail->second.restart == policy && !is_stopped_here) return last;
  const std::string why = wish_.rollback     ? "as before"
                          : wish_.terms.wait ? "it proved that it stays up"
                                             : "no verdict was asked for";
  return {add_in_time(SetRestartPolicy{name, policy}, why, last, Seconds(0), wish_.rollback.has_value())};
}

// What the engine can change on a container that is there: limits that differ, networks it should be in or leave.
Indices WishPlanner::change_in_place(const Service& service, const Container& container, const std::string& name,
                                     Indices last) {
  const auto found = s_.world.details.find(container.name);
  if (found == s_.world.details.end()) return last;
  const Service& present = found->second.service;
  if (const auto changed = limits_that_differ(service.resources, present.resources); !changed.empty())
    last = {plan_.add(UpdateResources{name, service.resources},
                      format("{} in place, as the release has it", join(changed, ", ")), last)};
  if (service.networks.empty() || !service.network_mode.empty()) return last;
  const auto is_in = [](const std::vector<NetworkLink>& links, const std::string& network) {
    return std::any_of(links.begin(), links.end(), [&](const NetworkLink& l) { return l.network == network; });
  };
  for (const auto& link : service.networks)
    if (!is_in(present.networks, link.network))
      last = {plan_.add(ConnectNetwork{name, link}, "the release is in this network", last)};
  // Networks that somebody else joined it to are not ours to leave.
  for (const auto& link : present.networks)
    if (!is_in(service.networks, link.network) && is_ours(link.network, service.name))
      last = {plan_.add(DisconnectNetwork{name, link.network}, "the release is not in this network", last)};
  return last;
}

// Whether any release of the app has been in this network.
bool WishPlanner::is_ours(const std::string& network, const std::string& service) const {
  return std::any_of(s_.app.releases.begin(), s_.app.releases.end(), [&](const Release& release) {
    return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& other) {
      return other.name == service && std::any_of(other.networks.begin(), other.networks.end(),
                                                  [&](const NetworkLink& link) { return link.network == network; });
    });
  });
}

std::string WishPlanner::why_start(const Release& release, const Container* container) const {
  if (container == nullptr || container->state == ContainerState::created)
    return format("{} should be up", release.number.text());
  return format("{} should be up, it is {}", release.number.text(), to_text(container->state));
}

AwaitVerdict WishPlanner::verdict_on(const Release& release, const Service& service, const std::string& name) const {
  const auto id = release.images.find(service.name);
  const auto image = id == release.images.end() ? s_.world.images.end() : s_.world.images.find(id->second);
  const auto settle = wish_.terms.settle ? wish_.terms.settle : release.spec.settle;
  const auto timeout = wish_.terms.wait_timeout ? wish_.terms.wait_timeout : release.spec.wait_timeout;
  const Image* known = image == s_.world.images.end() ? nullptr : &image->second;
  // A container that is there was made from it, and has its check.
  Image as_made;
  const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
  const auto detail = container == nullptr ? s_.world.details.end() : s_.world.details.find(container->name);
  if ((known == nullptr || known->unseen) && detail != s_.world.details.end()) {
    if (detail->second.has_health_check) as_made.config.health = HealthCheck{{"CMD"}, {}, {}, {}, {}};
    known = &as_made;
  }
  AwaitVerdict terms = verdict_terms(name, service, known, {settle, timeout}, s_.defaults);
  if (release.ended.contains(service.name))
    terms.proof = AwaitVerdict::Proof::completed;
  else if (service.may_end && !service.job && !terms.has_health_check && !ran_before(release, service))
    terms.proof = AwaitVerdict::Proof::runs_or_ends;
  return terms;
}

// What another release's container runs for should run on.
bool WishPlanner::ran_before(const Release& release, const Service& service) const {
  return std::any_of(instances_.begin(), instances_.end(), [&](const Instance& instance) {
    return instance.service == service.name && instance.release != release.container_release(service.name) &&
           instance.container->is_up();
  });
}

// What was left as it is, and needs what has changed, must still be well at the end.
Indices WishPlanner::look_after_the_unchanged(const Release& release, const std::vector<Member>& members,
                                              const Indices& after) {
  if (!wish_.terms.wait || wish_.rollback || changed_.empty()) return after;
  std::map<std::string, std::string> concerned;  // service → what it needs of what has changed
  for (const auto& changed : changed_)
    for (const auto& dependent : dependents_of(release.spec, changed)) concerned.emplace(dependent, changed);
  Indices done = after;
  for (const Member& member : members) {
    const auto concern = concerned.find(member.service->name);
    if (concern == concerned.end() || changed_.contains(member.service->name) || member.container == nullptr ||
        !member.container->is_up())
      continue;
    AwaitVerdict verdict = verdict_on(release, *member.service, name_of(member));
    verdict.settle = Milliseconds(0);
    verdict.proof = AwaitVerdict::Proof::still_well;
    done =
        joined(done, {plan_.add(std::move(verdict), format("it needs {}, which has changed", concern->second), after)});
  }
  return done;
}

// Each after those that need it.
Indices WishPlanner::stop_all(const ContainerList& containers, const std::string& reason, const Indices& before,
                              Needed needed) {
  std::map<const Container*, Indices> stops;
  const auto needs_it = [&](const Container* container, const Container* other) {
    const Instance *mine = instance_of(container), *its = instance_of(other);
    if (mine == nullptr || its == nullptr) return false;
    const Release* release = s_.app.find(mine->release);
    if (release == nullptr) return false;
    const auto needs = [&](const Service& service) {
      const auto all = all_needs(service);
      return service.name == mine->service &&
             std::any_of(all.begin(), all.end(), [&](const Need& need) { return need.service == its->service; });
    };
    return std::any_of(release->spec.services.begin(), release->spec.services.end(), needs);
  };
  ContainerList waiting = containers;
  Indices stopped;
  while (!waiting.empty()) {
    // Services of several releases may need each other in a circle: then the first of them.
    auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Container* container) {
      return std::none_of(waiting.begin(), waiting.end(),
                          [&](const Container* other) { return other != container && needs_it(other, container); });
    });
    if (next == waiting.end()) next = waiting.begin();
    const Container* container = *next;
    waiting.erase(next);
    const std::string name = name_of(*container);
    const auto detail = s_.world.details.find(container->name);
    Indices last = before;
    if (detail == s_.world.details.end() || detail->second.restart.name != "no")
      last = {add_in_time(SetRestartPolicy{name, never_restart}, "it must stay down once it is stopped", before,
                          Seconds(0), wish_.rollback.has_value())};
    for (const auto& [other, stop] : stops)
      if (needs_it(other, container)) last = joined(last, stop);
    std::optional<Seconds> patience = s_.defaults.stop_timeout;
    if (!patience && detail != s_.world.details.end() && detail->second.service.stop_timeout)
      patience = Seconds(*detail->second.service.stop_timeout);
    if (const Instance* instance = instance_of(container); instance != nullptr)
      last = add_pre_stop(plan_, s_.app, *instance, name, s_.defaults.stop_timeout, last);
    const size_t stop = add_in_time(StopContainer{name, s_.defaults.stop_timeout}, reason, last,
                                    patience.value_or(Seconds(10)), needed == Needed::no);
    stops[container] = {stop};
    stopped.push_back(stop);
  }
  return stopped;
}

size_t WishPlanner::add_in_time(Step step, const std::string& reason, Indices after, Seconds patience, bool may_fail) {
  const size_t index = plan_.add(std::move(step), reason, std::move(after));
  if (!wish_.rollback) return index;
  plan_.actions[index].may_fail = may_fail;
  if (patience >= Seconds(0)) plan_.actions[index].deadline = Milliseconds(patience) + s_.defaults.grace;
  return index;
}

}  // namespace belay::plan
