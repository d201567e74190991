#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "base/presence.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/file_marks.h"
#include "change/kept_files.h"
#include "change/one_owner.h"
#include "declared/compose_project.h"
#include "declared/pass.h"
#include "engine/direct.h"
#include "engine/one_look.h"
#include "family/adopting.h"
#include "family/take_over.h"
#include "plan/planner.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

namespace {

// What is to go up: a new app, one that is up already, or one that the command starts.
bool may_take_over(const std::optional<App>& app, bool starts_stopped) {
  if (!app) return true;
  if (app->scheme != NamingScheme::compose && !app->releases.empty()) return false;
  if (app->wish.is_unfinished() || app->wish.is<goal::Removed>()) return false;
  return !app->wish.is<goal::Stopped>() || starts_stopped;
}

// What the plan stops or removes is not left as it is.
void keep_those_left_alone(std::vector<std::string>& containers, const plan::Plan& plan) {
  std::erase_if(containers, [&](const std::string& name) {
    return std::any_of(plan.actions.begin(), plan.actions.end(), [&](const plan::Action& action) {
      const auto* stop = std::get_if<plan::StopContainer>(&action.step);
      const auto* removal = std::get_if<plan::RemoveContainer>(&action.step);
      return (stop != nullptr && stop->name == name) || (removal != nullptr && removal->name == name);
    });
  });
}

// A container that was adopted by itself carries no labels of ours: both apps would change it, and remove it.
void refuse_containers_of_apps(const std::vector<App>& apps, const Declaration& declared,
                               const ComposeContainers& found, const World& world) {
  const auto others = change::containers_of_others(apps, declared.name, world);
  for (const auto& [service, container] : found.by_service)
    if (const auto other = others.find(container.name); other != others.end())
      throw Conflict(
          ErrorCode::foreign_container,
          format("the container {} of this project is the app {} already", container.name, other->second.text()),
          format("belay forget {} lets it go as it is; then the project takes it over.", other->second.text()));
}

// Of another folder's project, or an app by itself: it is no orphan of this one.
std::vector<std::string> own_orphans(change::Context& context, const Declaration& declared,
                                     const ComposeContainers& found, const World& world, const IsGone& is_gone_there) {
  std::vector<std::string> own;
  if (found.orphans.empty()) return own;
  const auto others = change::containers_of_others(context.store.apps(), declared.name, world);
  for (const auto& orphan : found.orphans)
    if (!others.contains(orphan.name) && !is_of_another_folder(declared, orphan, is_gone_there))
      own.push_back(orphan.name);
  return own;
}

// On another machine a path says nothing about this one.
IsGone gone_as_seen_by(engine::Engine& engine, const std::stop_token& stop) {
  return [&engine, stop](const std::string& path) {
    return engine::is_local(engine.info(stop).endpoint) && is_gone(path);
  };
}

// The project that was let go as it is (belay forget): its containers, made from this folder, are the app again.
std::optional<App> forgotten_project(change::Context& context, const Declaration& declared, const IsGone& is_gone_there,
                                     const std::stop_token& stop) {
  auto app = family::forgotten(context, declared.name, stop);
  if (!app || app->scheme != NamingScheme::compose) return {};
  for (const auto& release : app->releases)
    for (const auto& [service, name] : release.containers)
      if (const auto detail = context.engine.container(name, stop);
          detail && is_of_another_folder(declared, detail->container, is_gone_there))
        return {};
  app->origin = declared.origin;
  app->origin_kind = declared.origin_kind;
  return app;
}

// What a container shows, in the words of the files where it is the same.
void word_as_declared(change::Context& context, const Declaration& declared, App& app, const Spec& wanted,
                      const std::stop_token& stop) {
  Release& release = app.releases.back();
  ComposeContainers found;
  std::vector<Service> services;
  for (const auto& service : declared.spec.services)
    for (auto& known : release.spec.services)
      if (known.name == service.name) {
        services.push_back(known);
        if (const auto detail = context.engine.container(release.containers.at(known.name), stop))
          found.by_service.emplace(known.name, detail->container);
      }
  for (auto& known : release.spec.services)
    if (std::none_of(services.begin(), services.end(), [&](const Service& each) { return each.name == known.name; }))
      services.push_back(known);
  release.spec = declared.spec;
  release.spec.services = std::move(services);
  release.files = change::file_marks(declared.watched);
  std::ignore = compared(context, app, wanted, found, stop);
}

}  // namespace

void Pass::take_again(const Declaration& declared, change::Context& context) {
  if (declared.scheme != NamingScheme::compose || !options_.starts_stopped || known(declared.name.text())) return;
  const IsGone is_gone_there = gone_as_seen_by(engine_, stop_);
  auto app = forgotten_project(context, declared, is_gone_there, stop_);
  if (!app) return;
  const auto word = [&] {
    change::ReleaseDraft form;
    form.spec = declared.spec;
    form.images = app->releases.back().images;
    name_all_volumes(declared, app, form);
    word_as_declared(context, declared, *app, form.spec, stop_);
  };
  std::vector<std::string> names;
  for (const auto& release : app->releases)
    for (const auto& [service, name] : release.containers) names.push_back(name);
  context.report.note(format("{} was forgotten: these containers of it are taken again as they are: {}",
                             declared.name.text(), join(names, ", ")));
  if (options_.dry_run) {
    word();
    return remember(*app);
  }
  const FileLock lock = lock_app_as_found(context, declared.name, stop_);
  app = forgotten_project(context, declared, is_gone_there, stop_);
  if (!app) return;
  word();
  context.store.save(*app);
  write_journal(context, *app, "take over", "done", declared.origin, app->releases.back().number);
  remember(*app);
  if (look_ != nullptr) look_->forget();
}

void Pass::take_over_from_compose(const Declaration& declared, change::Context& context, DeclaredApp& result) {
  if (declared.scheme != NamingScheme::compose) return;
  const IsGone is_gone_there = gone_as_seen_by(engine_, stop_);
  const std::optional<App> app = known(declared.name.text());
  ComposeContainers found = made_by_compose(declared, app ? &*app : nullptr, view_.world.containers);
  result.orphans = own_orphans(context, declared, found, view_.world, is_gone_there);
  if (found.by_service.empty() || !may_take_over(app, options_.starts_stopped)) return;
  const auto refuse_those_of_others = [&](const World& world) {
    if (!options_.take_over.contains(declared.name.text())) refuse_other_project(declared, found, is_gone_there);
    refuse_containers_of_apps(context.store.apps(), declared, found, world);
  };
  refuse_those_of_others(view_.world);
  if (options_.dry_run) {
    remember(as_taken_from_compose(declared, app, view_.world, found, context, result));
    return;
  }
  const FileLock lock = lock_app(context, declared.name, stop_);
  const std::optional<App> fresh = context.store.app(declared.name);
  World world;
  world.containers = engine_.containers({}, stop_);
  // Under the lock: the lists and the state are of one moment.
  found = made_by_compose(declared, fresh ? &*fresh : nullptr, world.containers);
  if (found.by_service.empty() || !may_take_over(fresh, options_.starts_stopped)) return;
  refuse_those_of_others(world);
  const App taken = as_taken_from_compose(declared, fresh, world, found, context, result);
  family::run_pins(context, family::pins(context, taken, stop_), stop_);
  change::keep_files(context, taken, taken.releases.back());
  context.store.save(taken, change::to_own_alone(taken));
  write_journal(context, taken, "take over", "done", declared.origin, taken.releases.back().number);
  remember(taken);
  if (look_ != nullptr) look_->forget();
}

App Pass::as_taken_from_compose(const Declaration& declared, const std::optional<App>& known_one, const World& world,
                                const ComposeContainers& found, change::Context& context, DeclaredApp& result) {
  App fresh(declared.name);
  fresh.created = context.clock.now();
  App app = with_containers_of_compose(context, declared, known_one.value_or(fresh), found, world, stop_);
  change::ReleaseDraft form;
  form.spec = declared.spec;
  form.images = app.releases.back().images;
  name_all_volumes(declared, app, form);
  result.taken_over = compared(context, app, form.spec, found, stop_);
  result.takes_over = true;
  return app;
}

void Pass::tell_taken_from_compose(const Declaration& declared, change::Context& context, DeclaredApp& result) {
  if (!result.takes_over) return;
  if (options_.dry_run && result.kind == Outcome::unchanged) {
    // What is down comes up.
    App app = *known(declared.name.text());
    app.wish.fallback = app.wish.release();
    result.change = fulfil(context, app, "repair", true, stop_);
    result.as_declared = false;
    classify(result, app);
  }
  keep_those_left_alone(result.taken_over, result.change.plan);
  if (result.kind == Outcome::unchanged) {
    result.kind = Outcome::change;
    result.change.kind = options_.dry_run ? change::Change::Kind::planned : change::Change::Kind::done;
    result.change.release = known(declared.name.text())->wish.release();
    result.change.running = result.change.release;
  }
  if (result.reason.empty() || result.reason == "new") result.reason = "docker compose made what runs";
}

void Pass::deal_with_orphans(const Declaration& declared, change::Context& context, DeclaredApp& result) const {
  if (result.orphans.empty()) return;
  result.removes_orphans = options_.removes_orphans;
  if (!options_.removes_orphans || result.change.failed() || result.kind == Outcome::broken) return;
  std::optional<FileLock> lock, adopting;
  if (!options_.dry_run) {
    lock = lock_app(context, declared.name, stop_);
    adopting = lock_adoptions(context, stop_);
    // The change took its time: what was an orphan may be somebody's by now.
    World world;
    world.containers = engine_.containers({}, stop_);
    const auto app = context.store.app(declared.name);
    const ComposeContainers found = made_by_compose(declared, app ? &*app : nullptr, world.containers);
    const auto own = own_orphans(context, declared, found, world, gone_as_seen_by(engine_, stop_));
    std::erase_if(result.orphans,
                  [&](const std::string& name) { return std::find(own.begin(), own.end(), name) == own.end(); });
    if (result.orphans.empty()) return;
  }
  plan::Plan removal;
  for (const auto& name : result.orphans) {
    const size_t held = removal.add(plan::SetRestartPolicy{name, {"no", 0}}, "it must stay down");
    const size_t stopped = removal.add(plan::StopContainer{name, {}}, "the files no longer have it", {held});
    removal.add(plan::RemoveContainer{name}, "the files no longer have it", {stopped});
  }
  if (!options_.dry_run) carry_out_whole(context, removal, {}, stop_);
  if (result.kind == Outcome::unchanged) {
    result.kind = Outcome::change;
    result.change.kind = options_.dry_run ? change::Change::Kind::planned : change::Change::Kind::done;
  }
  result.change.plan = plan::in_sequence(std::move(result.change.plan), removal);
}

}  // namespace belay::declared
