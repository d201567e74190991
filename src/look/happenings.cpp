#include "look/happenings.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "look/look.h"
#include "look/whose.h"
#include "model/one_off_labels.h"
#include "state/store.h"

namespace belay::look {

namespace {

struct Named {
  std::string app, service;
};

// The containers that there are, by name.
std::map<std::string, Named> named_containers(change::Context& context, const std::vector<Target>& targets,
                                              std::stop_token stop) {
  std::map<std::string, Named> all;
  for (const auto& target : targets) {
    try {
      for (const auto& each : containers_of(context, target, {}, stop))
        all[each.container] = {target.app.text(), each.service};
    } catch (const NotFound& error) {
      // It has none now; what its containers were their labels tell. A service that does not exist is a mistake.
      if (error.code() != ErrorCode::container_not_found && error.code() != ErrorCode::release_not_found) throw;
    }
  }
  return all;
}

// "web-2" of the labels is "web/2" where the service has replicas.
std::string service_of_label(const std::optional<App>& app, const std::string& name) {
  if (!app) return name;
  for (auto release = app->releases.rbegin(); release != app->releases.rend(); ++release) {
    const auto& all = release->spec.services;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Service& each) { return each.name == name; });
    if (found == all.end()) continue;
    return shown_service(*release, *found);
  }
  return name;
}

bool is_meant(const Target& target, const Named& what) {
  if (target.app.text() != what.app) return false;
  if (target.service.empty()) return true;
  const std::string group = what.service.substr(0, what.service.find('/'));
  if (group != target.service) return false;
  return target.number == 0 || what.service == format("{}/{}", target.service, target.number) ||
         (target.number == 1 && what.service == target.service);
}

// Names and sizes of labels would hide what the event is about.
std::map<std::string, std::string> without_labels(const std::map<std::string, std::string>& attributes) {
  std::map<std::string, std::string> told;
  for (const char* name : {"exitCode", "execDuration", "image", "oldName", "signal"})
    if (const auto found = attributes.find(name); found != attributes.end()) told.insert(*found);
  return told;
}

// How far the clocks of the engine and of this host may be apart.
constexpr Seconds clocks_differ{2};

engine::EventFilter of_containers() {
  return {.types = {"container"},
          .actions = {"create", "start", "restart", "die", "oom", "health_status", "destroy", "rename", "update",
                      "stop", "kill", "pause", "unpause", "attach", "detach", "copy", "commit", "resize"},
          .until = {}};
}

}  // namespace

void happenings(change::Context& context, const std::vector<Target>& targets, const HappeningRequest& request,
                const std::function<bool(const Happening&)>& sink, std::stop_token stop) {
  std::vector<Target> meant = targets;  // without any it is also what will yet be made
  if (meant.empty())
    for (const auto& name : context.store.app_names()) meant.emplace_back(AppName(name));
  auto known = named_containers(context, meant, stop);
  std::map<std::string, std::optional<App>> apps;
  const auto whose = [&](const engine::Event& event) -> std::optional<Named> {
    const auto owner = labels::owner(event.attributes);
    if (owner) {
      if (!apps.contains(owner->app))
        apps[owner->app] = AppName::is_valid(owner->app) ? context.store.app(AppName(owner->app)) : std::nullopt;
      return Named{owner->app, service_of_label(apps[owner->app], owner->service)};
    }
    if (const std::string app = labels::app_of_one_off(event.attributes, event.name); !app.empty())
      return Named{app, {}};
    const auto found = known.find(event.name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  };
  engine::EventFilter filter = of_containers();
  filter.until = request.until;
  const Time now = context.clock.now();
  if (!request.follow && (!filter.until || *filter.until > now)) filter.until = now;
  // The engine keeps the last few hundred; without a moment it tells none of them.
  const bool is_of_the_past = !request.follow || (filter.until && *filter.until <= now);
  const Time since = request.since ? *request.since : is_of_the_past ? Time(Seconds(1)) : now;
  if (filter.until && since > *filter.until) return;
  bool goes_on = true;
  context.engine.events(
      since, filter,
      [&](const engine::Event& event) {
        const auto of = whose(event);
        const auto means_it = [&](const Target& each) { return is_meant(each, *of); };
        if (!of || (!targets.empty() && std::none_of(meant.begin(), meant.end(), means_it))) return true;
        return goes_on =
                   sink({event.time, of->app, of->service, event.name, event.action, without_labels(event.attributes)});
      },
      stop);
  if (stop.stop_requested()) throw Cancelled();
  if (goes_on && request.until && context.clock.now() + clocks_differ < *request.until)
    throw EngineError(ErrorCode::engine_unreachable, 0, "the engine ended its stream of events", "Was it restarted?");
}

std::vector<Ending> wait_for_ends(change::Context& context, const std::vector<Target>& targets,
                                  const std::function<void(const Ending&)>& tell, std::stop_token stop) {
  std::vector<NamedContainer> waiting;
  for (const auto& target : targets)
    for (auto& found : containers_of(context, target, {}, stop))
      if (std::none_of(waiting.begin(), waiting.end(),
                       [&](const NamedContainer& known) { return known.container == found.container; }))
        waiting.push_back(std::move(found));
  std::vector<Ending> ended;
  const auto end = [&](const std::string& container, int exit_code) {
    const auto found = std::find_if(waiting.begin(), waiting.end(),
                                    [&](const NamedContainer& each) { return each.container == container; });
    if (found == waiting.end()) return;
    ended.push_back({found->service, container, exit_code});
    waiting.erase(found);
    tell(ended.back());
  };
  // What happens between the look and the first event must not be missed: the events begin before it.
  const Time began = context.clock.now() - clocks_differ;
  std::map<std::string, Time> started;
  for (const auto& each : std::vector(waiting)) {
    const auto detail = context.engine.container(each.container, stop);
    if (!detail) throw NotFound(ErrorCode::container_not_found, format("the container {} is gone", each.container));
    if (!detail->container.is_up())
      end(each.container, detail->exit_code);
    else if (detail->started)
      started[each.container] = *detail->started;
  }
  if (waiting.empty()) return ended;
  engine::EventFilter filter = of_containers();
  filter.actions = {"die"};
  context.engine.events(
      began, filter,
      [&](const engine::Event& event) {
        const auto start = started.find(event.name);
        if (start != started.end() && event.time < start->second) return true;
        const auto told = event.attributes.find("exitCode");
        const auto code = told == event.attributes.end() ? std::nullopt : parse_number(told->second);
        if (!code)
          throw EngineError(ErrorCode::engine_refused, 0, format("the engine does not say how {} ended", event.name));
        end(event.name, static_cast<int>(*code));
        return !waiting.empty();
      },
      stop);
  if (!waiting.empty()) throw Cancelled();
  return ended;
}

}  // namespace belay::look
