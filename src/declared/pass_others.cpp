#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/clean.h"
#include "change/own_container.h"
#include "change/start.h"
#include "declared/pass.h"
#include "model/one_off_labels.h"
#include "state/store.h"

namespace belay::declared {

bool Pass::bears(const Declaration& declared, const std::string& container) {
  return std::any_of(declared.spec.services.begin(), declared.spec.services.end(),
                     [&](const Service& service) { return service.name == container; });
}

void Pass::remove_undeclared(DeclaredHost& host) {
  for (const auto& [name, app] : view_.apps) {
    if (!is_to_be_removed(app)) continue;
    const Declaration* successor = awaited_successor(host, app);
    host.apps.push_back(successor != nullptr ? kept_for_now(app, *successor) : remove_one(app));
    listener_.ended(host.apps.back());
  }
}

bool Pass::is_out_of_sight(const App& app) const {
  const auto is_in = [&](const std::string& folder) { return !folder.empty() && app.origin.starts_with(folder + "/"); };
  return std::any_of(declared_.broken.begin(), declared_.broken.end(),
                     [&](const BrokenDefinition& broken) {
                       return broken.name == app.name.text() || broken.origin == app.origin ||
                              app.origin.starts_with(broken.origin + "#") || is_in(broken.folder);
                     }) ||
         std::any_of(declared_.doubtful.begin(), declared_.doubtful.end(),
                     [&](const DoubtfulFolder& doubtful) { return is_in(doubtful.folder); });
}

DeclaredApp Pass::remove_one(const App& app) {
  DeclaredApp result;
  result.name = app.name.text();
  result.origin = app.origin;
  result.kind = Outcome::removal;
  if (result.name == context_.defaults.own_app) {
    result.kind = Outcome::held;
    result.reason = "it is no longer declared, but Belay itself runs in it";
    return result;
  }
  result.reason = "it is no longer declared; its volumes stay";
  AppReport report(result.name, listener_, turn_);
  change::Context context = context_for(context_.store, report);
  const auto room = rooms_.find(result.name);
  if (room != rooms_.end()) {
    result.reason = "it is no longer declared, and has made room for what takes its place; its volumes stay";
    if (options_.dry_run) {
      context.room = &room->second;
      result.reason =
          "it is no longer declared, and makes room for what takes its place; if that fails, it runs again and is not "
          "removed. Its volumes stay";
    }
  }
  telling(result, [&] {
    const change::Agreed agreed = agreed_on(result.name, result);
    context.agreed = &agreed;
    const auto agree = [&](const change::RemovalPreview& /*preview*/) {
      // What made room was looked at before that.
      if (asks_for_facts() && room == rooms_.end()) settle(facts_of(app, context.engine.containers({}, stop_)), result);
      return true;
    };
    change::Removed removed = remove(context, app.name, false, options_.dry_run, agree, stop_);
    result.change.plan = std::move(removed.plan);
    if (options_.dry_run) {
      settle(facts_of(app, context.engine.containers({}, stop_)), result);
      result.planned.change = result.change.plan;
    }
    result.change.kind = removed.done ? change::Change::Kind::done : change::Change::Kind::planned;
    classify(result, app);
  });
  return result;
}

void Pass::stop_strangers(DeclaredHost& host) {
  std::optional<std::set<std::string>> own;
  std::set<std::string> met;
  for (const auto& container : view_.world.containers) {
    if (!container.is_up() || options_.spared.contains(container.name) || is_declared(container.name)) continue;
    const App* app = app_of(container);
    if (const auto owner = container.owner(); owner && is_declared(owner->app)) continue;
    // It was removed a moment ago, or is left out of this pass.
    if (app != nullptr && (is_from(app->origin, options_.sources) || options_.leave.contains(app->name.text())))
      continue;
    if (!own) own = change::own_containers(context_.engine, stop_);
    if (own->contains(container.name)) continue;
    // A test, a trial, a backup or one command is at work with it, and removes it at its end.
    if (container.labels.contains(labels::temporary) ||
        !labels::app_of_one_off(container.labels, container.name).empty())
      continue;
    if (app != nullptr && (is_declared(app->name.text()) || is_out_of_sight(*app))) continue;
    if (const auto owner = container.owner(); owner && app == nullptr && !is_copy(container, *owner)) {
      host.apps.push_back(of_another_state(container, *owner));
      listener_.ended(host.apps.back());
      continue;
    }
    const bool is_wished_up = app != nullptr && app->wish.is<goal::Run>();
    if (is_wished_up && !met.insert(app->name.text()).second) continue;
    host.apps.push_back(is_wished_up ? stop_app(*app) : stop_container(container.name));
    listener_.ended(host.apps.back());
  }
}

bool Pass::is_declared(const std::string& name) const {
  return std::any_of(declared_.apps.begin(), declared_.apps.end(),
                     [&](const Declaration& app) { return app.name.text() == name || bears(app, name); }) ||
         std::any_of(declared_.broken.begin(), declared_.broken.end(),
                     [&](const BrokenDefinition& broken) { return broken.name == name; });
}

const App* Pass::app_of(const Container& container) const {
  const auto is_in = [&](const App& app, const std::vector<const Container*>& some) {
    const auto ours = plan::sort_out(app, some).instances;
    return std::any_of(ours.begin(), ours.end(), [&](const auto& each) { return each.container == &container; });
  };
  if (const auto owner = container.owner())
    if (const auto app = view_.apps.find(owner->app); app != view_.apps.end())
      if (is_in(app->second, view_.owned.at(owner->app))) return &app->second;
  for (const auto& [name, app] : view_.apps)
    if (is_in(app, {&container})) return &app;
  return nullptr;
}

bool Pass::is_copy(const Container& container, const labels::Owner& owner) const {
  const auto app = view_.apps.find(owner.app);
  if (app == view_.apps.end()) return false;
  const auto copies = plan::sort_out(app->second, view_.owned.at(owner.app)).copies;
  return std::find(copies.begin(), copies.end(), &container) != copies.end();
}

DeclaredApp Pass::of_another_state(const Container& container, const labels::Owner& owner) {
  DeclaredApp result;
  result.name = container.name;
  result.kind = Outcome::broken;
  result.code = ErrorCode::foreign_container;
  result.reason =
      owner.state.empty()
          ? format("nobody declared it, and it is of the app {}, which this state does not know", owner.app)
          : format("nobody declared it, and it is of the app {} of the state {}", owner.app, owner.state.substr(0, 12));
  result.hint = "A host that is exclusive has one state: end the other one, or take its apps in with: belay recover";
  return result;
}

DeclaredApp Pass::stranger(const std::string& name) {
  DeclaredApp result;
  result.name = name;
  result.kind = Outcome::removal;
  result.reason = "nobody declared it, and this host is exclusive";
  result.downtime = {Downtime::Kind::ends};
  return result;
}

DeclaredApp Pass::stop_app(const App& app) {
  DeclaredApp result = stranger(app.name.text());
  AppReport report(result.name, listener_, turn_);
  change::Context context = context_for(context_.store, report);
  telling(result, [&] {
    if (asks_for_facts()) settle(facts_of(app, context.engine.containers({}, stop_)), result);
    const change::Agreed agreed = agreed_on(result.name, result);
    context.agreed = &agreed;
    result.change = change::stop(context, {app.name}, options_.dry_run, stop_);
    if (options_.dry_run) note_steps(result);
  });
  return result;
}

std::string Pass::container_mark(const std::string& name) const {
  for (const auto& container : context_.engine.containers({}, stop_))
    if (container.name == name) return container_fact(container);
  return "gone";
}

DeclaredApp Pass::stop_container(const std::string& name) {
  DeclaredApp result = stranger(name);
  auto& stopping = result.change.plan;
  const size_t held = stopping.add(plan::SetRestartPolicy{name, {"no", 0}}, "it must stay down");
  stopping.add(plan::StopContainer{name, {}}, result.reason, {held});
  result.change.kind = change::Change::Kind::planned;
  if (asks_for_facts()) telling(result, [&] { settle({{"the container " + name, container_mark(name)}}, result); });
  if (options_.dry_run) result.planned.change = stopping;
  if (options_.dry_run || result.kind == Outcome::broken) return result;
  AppReport report(result.name, listener_, turn_);
  change::Context context = context_for(context_.store, report);
  const PlannedSteps* steps = steps_for(name);
  const auto outcome = change::carry_out(context, steps != nullptr ? steps->change : stopping, {}, stop_);
  result.change.kind = change::Change::Kind::done;
  if (outcome.error) {
    result.kind = Outcome::broken;
    result.reason = outcome.error->what();
  }
  return result;
}

}  // namespace belay::declared
