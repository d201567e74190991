#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "change/apps.h"
#include "declared/pass.h"
#include "model/naming.h"
#include "plan/addresses.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

namespace {

bool have_a_port_in_common(const std::vector<PortBinding>& some, const std::vector<PortBinding>& others) {
  return std::any_of(some.begin(), some.end(), [&](const PortBinding& one) {
    return std::any_of(others.begin(), others.end(), [&](const PortBinding& other) { return clash(one, other); });
  });
}

std::vector<PortBinding> ports_of(const Spec& spec) {
  std::vector<PortBinding> ports;
  for (const auto& service : spec.services) ports.insert(ports.end(), service.ports.begin(), service.ports.end());
  return ports;
}

// In the schemes of definitions a container bears one name through all releases.
std::set<std::string> names_of(const Declaration& declared) {
  App app(declared.name);
  app.scheme = declared.scheme;
  std::set<std::string> names;
  for (const auto& service : declared.spec.services) names.insert(container_name(app, service, {}, {}, {}));
  return names;
}

// FILE#2: the second definition of a file that lists several.
bool is_by_position(const std::string& origin) {
  const size_t mark = origin.rfind('#');
  return mark != std::string::npos && mark + 1 < origin.size() &&
         origin.find_first_not_of("0123456789", mark + 1) == std::string::npos;
}

// Whether both may not run at once, whatever order the definition asks for.
bool must_stop_first(const Declaration& declared, const App& app, const std::vector<const Container*>& theirs) {
  Spec next = declared.spec;
  next.order = SwapOrder::by_rule;
  for (auto& service : next.services) service.order = SwapOrder::by_rule;
  return plan::decide_order(app, {}, plan::Incoming(next), theirs).order == SwapOrder::stop_first;
}

}  // namespace

bool Pass::is_to_be_removed(const App& app) const {
  const std::string& name = app.name.text();
  return !options_.only_keep_up && is_from(app.origin, options_.sources) && !options_.leave.contains(name) &&
         std::none_of(declared_.apps.begin(), declared_.apps.end(),
                      [&](const Declaration& declared) { return declared.name == app.name; }) &&
         !is_out_of_sight(app);
}

bool Pass::is_written_in_its_stead(const Declaration& declared, const App& app) const {
  if (declared.origin != app.origin) return false;
  const App* known = view_.find(declared.name.text());
  // One that ran before has only moved up in its list.
  return !is_by_position(declared.origin) || known == nullptr || !known->last;
}

bool Pass::stands_in_the_way(const App& app, const Declaration& declared) const {
  const auto ports = ports_of(declared.spec);
  const auto names = names_of(declared);
  std::vector<const Container*> theirs;
  const auto has_its_address = [&](const Release& release) {
    return plan::have_an_address_in_common(declared.spec, release.spec);
  };
  for (const auto& instance : plan::sort_out(app, view_.containers_of(app)).instances) {
    theirs.push_back(instance.container);
    const Release* release = app.find(instance.release);
    if (release != nullptr && instance.container->is_up() && has_its_address(*release)) return true;
  }
  for (const Container* container : theirs)
    if (names.contains(container->name) || have_a_port_in_common(ports, container->ports)) return true;
  // What has made room has neither its ports, addresses nor names, and is to have them again.
  if (const Release* wished = app.wish.release() ? app.find(*app.wish.release()) : nullptr) {
    if (have_a_port_in_common(ports, ports_of(wished->spec)) || has_its_address(*wished)) return true;
    for (const auto& [service, container] : wished->containers)
      if (names.contains(container)) return true;
  }
  return is_written_in_its_stead(declared, app) && must_stop_first(declared, app, theirs);
}

bool Pass::takes_the_place_of(const Declaration& declared, const App& app) const {
  return is_written_in_its_stead(declared, app) || stands_in_the_way(app, declared);
}

bool Pass::is_in_trouble(const DeclaredHost& host, const Declaration& declared) {
  return std::any_of(host.apps.begin(), host.apps.end(), [&](const DeclaredApp& result) {
    return result.name == declared.name.text() && (result.kind == Outcome::held || result.kind == Outcome::broken ||
                                                   result.kind == Outcome::trouble || result.change.failed());
  });
}

const Declaration* Pass::awaited_successor(const DeclaredHost& host, const App& app) const {
  // What never proved itself, or is on its way out, is nothing to wait with.
  if (!app.last || app.wish.is<goal::Removed>()) return nullptr;
  for (const auto& declared : declared_.apps)
    if (takes_the_place_of(declared, app) &&
        (options_.leave.contains(declared.name.text()) || is_in_trouble(host, declared)))
      return &declared;
  return nullptr;
}

Pass::Room Pass::room_for(const Declaration& declared, change::Context& context) {
  std::vector<AppName> names;
  {
    const std::lock_guard lock(turn_);
    // What is not declared when the pass begins is not declared later in it either.
    if (!leaving_) {
      leaving_.emplace();
      std::set<std::string> wanted;
      for (const auto& each : declared_.apps) wanted.insert(each.name.text());
      for (const auto& [name, app] : view_.apps)
        // Where Belay itself runs in it, nobody would be left to go on.
        if (name != context_.defaults.own_app && !wanted.contains(name) && is_to_be_removed(app))
          leaving_->push_back(name);
    }
    for (const auto& name : *leaving_)
      if (const auto app = view_.apps.find(name); app != view_.apps.end() && stands_in_the_way(app->second, declared))
        names.push_back(app->second.name);
  }
  Room room;
  if (names.empty()) return room;
  const auto needed = names_of(declared);
  for (const auto& name : names) {
    FileLock lock = lock_app(context, name, stop_);
    const auto app = context.store.app(name);
    if (!app) continue;
    if (options_.plans != nullptr && !options_.dry_run) {
      DeclaredApp planned;
      planned.name = name.text();
      settle(facts_of(*app, context.engine.containers({}, stop_)), planned);
    }
    World world = change::observe(context.engine, *app, stop_);
    if (options_.dry_run) {
      const std::lock_guard turn(turn_);
      if (const auto before = rooms_.find(name.text()); before != rooms_.end())
        world = plan::as_planned(std::move(world), before->second);
    }
    plan::Plan plan = plan::plan_room({*app, world, context.clock.now(), context.defaults}, needed,
                                      format("{} takes its place; it runs again if that fails", declared.name.text()));
    room.plan = plan::in_sequence(std::move(room.plan), plan);
    room.locks.push_back(std::move(lock));
    room.apps.push_back(*app);
    room.parts[name.text()] = std::move(plan);
  }
  return room;
}

void Pass::note_room(const Room& room, const change::Change& change) {
  if (change.failed() || change.kind == change::Change::Kind::unchanged || change.plan.empty()) return;
  const std::lock_guard turn(turn_);
  for (const auto& [name, part] : room.parts) rooms_[name] = plan::in_sequence(std::move(rooms_[name]), part);
}

change::Change Pass::bring_back(change::Context& context, const AppName& name, const AppName& successor, bool dry_run,
                                std::stop_token stop) const {
  App app = known_app(context, name, stop);
  if (!app.wish.is_unfinished()) app.wish.fallback = app.wish.release();
  // What failed and is kept has the name, maybe.
  plan::Plan room;
  const auto failed = context.store.app(successor);
  const Release* wished = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (failed && !failed->wish.is<goal::Run>() && wished != nullptr) {
    std::set<std::string> names;
    for (const auto& [service, container] : wished->containers) names.insert(container);
    room = plan::plan_room(
        {*failed, change::observe(context.engine, *failed, stop), context.clock.now(), context.defaults}, names,
        format("{} runs again", name.text()));
  }
  change::Context back = context;
  back.room = room.empty() ? nullptr : &room;
  return fulfil(back, app, "repair", dry_run, stop);
}

void Pass::bring_back(const Room& room, const AppName& successor, change::Context& context) {
  for (const auto& app : room.apps) {
    {
      const std::lock_guard turn(turn_);
      rooms_.erase(app.name.text());
    }
    AppReport report(app.name.text(), listener_, turn_);
    change::Context back = context_for(context.store, report);
    try {
      // Also on a stop: it ran when the pass began.
      const change::Change change = bring_back(back, app.name, successor, false, {});
      if (change.failed())
        report.warning(format("it made room, and does not run again: {}", change.trouble_on_the_way_back));
    } catch (const Error& error) {
      report.warning(format("it made room, and does not run again: {}", error.what()));
    }
  }
}

DeclaredApp Pass::kept_for_now(const App& app, const Declaration& successor) {
  DeclaredApp result;
  result.name = app.name.text();
  result.origin = app.origin;
  AppReport report(result.name, listener_, turn_);
  change::Context context = context_for(context_.store, report);
  // A later pass looks after both.
  const bool is_busy = options_.leave.contains(successor.name.text());
  telling(result, [&] {
    if (is_busy) return;
    // A pass that was cut off may have left it down.
    const FileLock of_the_successor = lock_app(context, successor.name, stop_);
    const FileLock lock = lock_app(context, app.name, stop_);
    if (asks_for_facts() && options_.dry_run) settle(facts_of(app, context.engine.containers({}, stop_)), result);
    change::Change change = bring_back(context, app.name, successor.name, options_.dry_run, stop_);
    if (change.kind == change::Change::Kind::unchanged) return;
    result.change = std::move(change);
    if (options_.dry_run) note_steps(result);
  });
  result.as_declared = false;
  if (result.kind == Outcome::broken || result.change.failed()) {
    if (result.change.failed()) result.reason = result.change.reason;
    return result;
  }
  result.kind = Outcome::held;
  result.reason = format("it is no longer declared, but {}, which takes its place, {}", successor.name.text(),
                         is_busy ? "is busy" : "does not run as declared");
  result.waits_for = result.reason;
  result.hint = format("It is removed as soon as {} runs. To remove it now: belay remove {}", successor.name.text(),
                       app.name.text());
  return result;
}

}  // namespace belay::declared
