#include "declared/declared.h"

#include <algorithm>
#include <condition_variable>
#include <sys/statvfs.h>
#include <thread>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/clean.h"
#include "change/file_marks.h"
#include "change/kept_files.h"
#include "change/making.h"
#include "change/own_container.h"
#include "change/start.h"
#include "declared/decide.h"
#include "declared/definitions.h"
#include "declared/hand_over.h"
#include "declared/image_choice.h"
#include "declared/need_order.h"
#include "declared/pass_view.h"
#include "engine/one_look.h"
#include "model/naming.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

namespace {

using Outcome = DeclaredApp::Kind;

bool is_from(const std::string& origin, const std::vector<std::string>& sources) {
  return std::any_of(sources.begin(), sources.end(), [&](const std::string& source) {
    return origin == source || origin.starts_with(source + "/") || origin.starts_with(source + "#");
  });
}

// From the list alone: every container of the release is up, not unhealthy, under its name, and nothing else of the
// app runs.
bool seems_right(const App& app, const PassView& view) {
  const Release* release = app.find(*app.wish.release);
  const auto owned = view.owned.find(app.name.text());
  if (release == nullptr || owned == view.owned.end()) return false;
  size_t wanted = 0, right = 0;
  std::set<std::string> jobs;
  for (const auto& service : release->spec.services) {
    if (!app.wish.held_down.contains(service.name)) ++wanted;
    if (service.job) jobs.insert(service.name);
  }
  for (const auto& [container, made_for, service] : plan::sort_out(app, owned->second).instances) {
    const bool is_wished = made_for == release->container_release(service);
    if (is_wished && app.wish.held_down.contains(service)) {
      if (container->is_up()) return false;
      continue;
    }
    // A job has run; how it ended, a list does not tell.
    if (is_wished && jobs.contains(service) && container->state != ContainerState::created) {
      ++right;
      continue;
    }
    if (!container->is_up()) {
      if (is_wished) return false;
      continue;
    }
    if (!is_wished || container->state == ContainerState::paused) return false;
    const auto name = release->containers.find(service);
    if (name == release->containers.end() || name->second != container->name) return false;
    ++right;
  }
  return right == wanted;
}

void classify(DeclaredApp& result, const App& app) {
  std::optional<size_t> first_stop, first_start;
  bool updates = false, loses = false;
  const auto& actions = result.change.plan.actions;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (std::holds_alternative<plan::StopContainer>(actions[i].step) && !first_stop) first_stop = i;
    if (std::holds_alternative<plan::StartContainer>(actions[i].step) && !first_start) first_start = i;
    updates = updates || std::holds_alternative<plan::UpdateResources>(actions[i].step) ||
              std::holds_alternative<plan::ConnectNetwork>(actions[i].step);
    loses = loses || std::holds_alternative<plan::RemoveVolume>(actions[i].step);
  }
  using Kind = Downtime::Kind;
  if (loses) {
    result.downtime = {Kind::data_at_risk};
  } else if (result.kind == Outcome::removal) {
    result.downtime = {Kind::ends};
  } else if (first_stop && first_start && *first_stop < *first_start) {
    for (const auto& release : app.releases)
      if (release.outage) result.outage = release.outage;
    result.downtime = {Kind::stop_first, result.outage};
  } else if (first_start && result.kind == Outcome::repair) {
    result.downtime = {Kind::restart};
  } else {
    result.downtime = {updates && !first_start ? Kind::in_place : Kind::none};
  }
}

// A use case's words, under the app's name.
class AppReport final : public change::Report {
 public:
  // `before_it_runs`: called with each plan, when what it is for has been saved and nothing has been done yet.
  AppReport(std::string app, DeclaredListener& listener, std::mutex& turn, std::function<void()> before_it_runs = {})
      : app_(std::move(app)), listener_(listener), turn_(turn), before_it_runs_(std::move(before_it_runs)) {}

  void running(const plan::Plan& plan) override {
    if (before_it_runs_) before_it_runs_();
    const std::lock_guard lock(turn_);
    listener_.planned(app_, plan);
  }
  void note(const std::string& text) override { say(text); }
  void warning(const std::string& text) override { say(text); }
  void started(const plan::Plan& plan, size_t action) override {
    const std::lock_guard lock(turn_);
    listener_.step(app_, plan.actions.at(action).step);
  }
  void progress(const plan::Plan& /*plan*/, size_t /*action*/, const Progress& /*progress*/) override {
    const std::lock_guard lock(turn_);
    listener_.goes_on(app_);
  }

 private:
  void say(const std::string& text) {
    const std::lock_guard lock(turn_);
    listener_.note(app_, text);
  }

  const std::string app_;
  DeclaredListener& listener_;
  std::mutex& turn_;
  const std::function<void()> before_it_runs_;
};

// Looks after the apps of one pass.
class Pass {
 public:
  // `look`: the engine of the context, where it is one; `engine`: the engine itself.
  Pass(change::Context& context, engine::Engine& engine, engine::OneLook* look, const Declarations& declared,
       const DeclaredOptions& options, DeclaredListener& listener, std::stop_token stop)
      : context_(context),
        engine_(engine),
        look_(look),
        declared_(declared),
        options_(options),
        listener_(listener),
        stop_(std::move(stop)),
        view_(options.only_keep_up ? PassView::of_these(context, declared, options.down, stop_)
                                   : PassView::of_everything(context, stop_)) {}

  DeclaredHost run() {
    DeclaredHost host;
    if (options_.only_keep_up) {
      look_after_all(host);
      return host;
    }
    refuse_an_emptied_host();
    refuse_to_take_over_what_is_not_declared();
    for (const auto& broken : declared_.broken) {
      DeclaredApp app;
      app.name = broken.name;
      app.origin = broken.origin;
      app.kind = Outcome::broken;
      app.as_declared = false;
      app.code = broken.error.code();
      app.reason = broken.error.what();
      app.hint = broken.error.hint();
      if (AppName::is_valid(broken.name)) note_trouble(AppName(broken.name), context_.store, app);
      listener_.ended(app);
      host.apps.push_back(std::move(app));
    }
    look_after_all(host);
    remove_undeclared(host);
    if (options_.exclusive) stop_strangers(host);
    if (options_.dry_run) announce_once(host);
    return host;
  }

 private:
  void refuse_to_take_over_what_is_not_declared() const {
    for (const auto& name : options_.take_over) {
      const auto is_it = [&](const auto& each) { return each == name; };
      std::vector<std::string> known;
      for (const auto& app : declared_.apps) known.push_back(app.name.text());
      for (const auto& broken : declared_.broken) known.push_back(broken.name);
      if (std::any_of(known.begin(), known.end(), is_it)) continue;
      std::string near = did_you_mean(name, known);
      throw NotFound(format("no definition is called {}, so none can take it over", name),
                     near.empty() ? format("belay declare {} prints one for an app.", name) : std::move(near));
    }
  }

  // A network or volume that several apps miss is made by the first of them.
  static void announce_once(DeclaredHost& host) {
    std::set<std::string> made;
    for (auto& app : host.apps)
      app.change.plan = plan::without(app.change.plan, [&](const plan::Step& step) {
        return is_shared(step) && !made.insert(plan::step_text(step)).second;
      });
  }

  void refuse_an_emptied_host() const {
    if (options_.allow_empty || !declared_.apps.empty() || !declared_.broken.empty()) return;
    std::vector<std::string> known;
    for (const auto& [name, app] : view_.apps)
      if (is_from(app.origin, options_.sources)) known.push_back(name);
    if (known.empty()) return;
    throw Conflict(ErrorCode::definitions_gone,
                   format("there is no definition left, though {} {} declared here: nothing is touched",
                          join(known, ", "), known.size() == 1 ? "was" : "were"),
                   format("If that is intended, run: belay apply {} --allow-empty",
                          options_.sources.empty() ? "DIR" : shell_quoted(options_.sources.back())));
  }

  // Each when those that it needs are done; several at a time.
  void look_after_all(DeclaredHost& host) {
    const auto& apps = declared_.apps;
    const size_t offset = host.apps.size();
    host.apps.resize(offset + apps.size());
    NeedOrder order(apps);
    std::mutex mutex;  // of the order and the results
    std::condition_variable changed;
    std::exception_ptr failed;
    const auto work = [&](state::Store& store) {
      std::unique_lock lock(mutex);
      while (!failed && !order.all_begun()) {
        const auto mine = order.next();
        if (!mine) {
          changed.wait(lock);
          continue;
        }
        lock.unlock();
        DeclaredApp result;
        std::exception_ptr trouble;
        try {
          result = look_after(apps[*mine], store);
        } catch (...) {
          trouble = std::current_exception();
        }
        lock.lock();
        if (trouble) failed = trouble;
        host.apps[offset + *mine] = std::move(result);
        order.done(*mine);
        changed.notify_all();
      }
    };
    // Where nothing is to be done, all are looked through before a second store could be opened.
    constexpr Milliseconds moment{3};
    std::condition_variable done_alone;
    const auto help = [&] {
      try {
        {
          std::unique_lock lock(mutex);
          const auto none_is_left = [&] { return failed || order.all_begun(); };
          if (done_alone.wait_for(lock, moment, none_is_left)) return;
        }
        // A store belongs to one thread.
        const auto store = state::Store::open(context_.store.folder());
        work(*store);
      } catch (...) {
        const std::lock_guard lock(mutex);
        failed = std::current_exception();
        changed.notify_all();
      }
    };
    {
      const auto workers =
          std::clamp<size_t>(static_cast<size_t>(options_.workers), 1, std::max<size_t>(apps.size(), 1));
      std::vector<std::jthread> helpers;
      for (size_t i = 1; i < workers; ++i) helpers.emplace_back(help);
      work(context_.store);
      done_alone.notify_all();
    }
    if (failed) std::rethrow_exception(failed);
  }

  static bool bears(const Declaration& declared, const std::string& container) {
    return std::any_of(declared.spec.services.begin(), declared.spec.services.end(),
                       [&](const Service& service) { return service.name == container; });
  }

  change::Context context_for(state::Store& store, change::Report& report) const {
    return {
        context_.engine,   store,       context_.clock, report, context_.who, context_.command, context_.wait_for_lock,
        context_.defaults, context_.run};
  }

  // One app's trouble is told in its result and blocks nobody else; a stop ends the pass.
  template <class Work>
  static void telling(DeclaredApp& result, Work&& work) {
    try {
      work();
    } catch (const Cancelled&) {
      throw;
    } catch (const LockHeld& held) {
      result.busy = true;
      result.as_declared = false;
      result.kind = Outcome::held;
      result.code = held.code();
      result.reason = held.what();
    } catch (const Error& error) {
      result.kind = Outcome::broken;
      result.as_declared = false;
      result.code = error.code();
      result.reason = error.what();
      result.hint = error.hint();
    }
  }

  DeclaredApp look_after(const Declaration& declared, state::Store& store) {
    AppReport report(declared.name.text(), listener_, turn_);
    change::Context context = context_for(store, report);
    DeclaredApp result;
    result.name = declared.name.text();
    result.origin = declared.origin;
    if (options_.leave.contains(result.name)) return result;
    telling(result, [&] {
      refuse_unknown_ones(declared.name, context);
      // Whoever is to be left alone may be so for an hour; another definition may be just what he needs.
      const bool is_left_alone = !is_well(declared, context, result);
      if (!options_.only_keep_up)
        decide_and_do(declared, context, result);
      else if (!is_left_alone)
        keep_up_only(declared, context, result);
    });
    note_trouble(declared.name, store, result);
    const std::lock_guard lock(turn_);
    listener_.ended(result);
    return result;
  }

  // Before anything is pulled, healed or repaired for it.
  void refuse_unknown_ones(const AppName& name, change::Context& context) {
    const auto owned = view_.owned.find(name.text());
    if (owned == view_.owned.end()) return;
    const App app = known(name.text()).value_or(App(name));
    if (plan::sort_out(app, owned->second).unknown.empty()) return;
    // The lists and the state are not of one moment: under the app's lock they are.
    change::Context now{engine_,         context.store,         context.clock,    context.report, context.who,
                        context.command, context.wait_for_lock, context.defaults, context.run};
    const FileLock lock = lock_app(now, name, stop_);
    if (const auto fresh = context.store.app(name)) remember(*fresh);
    if (look_ != nullptr) look_->forget();
  }

  // For `belay why`, which asks neither definitions nor registries.
  void note_wait(const AppName& name, state::Store& store, Wait::Topic topic, const std::string& text, Time since,
                 std::optional<Time> until = {}) const {
    if (options_.dry_run) return;
    const auto of_app = view_.waits.find(name.text());
    const Wait* known = nullptr;
    if (of_app != view_.waits.end())
      for (const auto& wait : of_app->second)
        if (wait.topic == topic) known = &wait;
    std::optional<Wait> now;
    if (!text.empty()) now = Wait{topic, text, since, until};
    // The same as before began when it began.
    if (now && known != nullptr && known->text == text && topic != Wait::Topic::held) now->since = known->since;
    if (now ? known == nullptr || *known != *now : known != nullptr) store.set_wait(name, topic, now);
  }

  void note_trouble(const AppName& name, state::Store& store, const DeclaredApp& result) const {
    if (options_.only_keep_up) return;
    const bool is_broken = result.lacks_files || (result.kind == Outcome::broken && !result.change.failed());
    note_wait(name, store, Wait::Topic::definition, is_broken ? result.reason : "", context_.clock.now());
  }

  void note_choices(const Declaration& declared, state::Store& store, const ImageChoices& choices) const {
    const Time now = context_.clock.now();
    const ImageChoice* waiting = nullptr;
    bool any_asked = false;
    for (const auto& [service, choice] : choices) {
      if (!choice.trouble.empty()) {
        note_wait(declared.name, store, Wait::Topic::registry, choice.trouble, now);
        return;
      }
      any_asked = any_asked || choice.asked;
      if (choice.wait && waiting == nullptr) waiting = &choice;
    }
    // Where nobody asked, what was found when somebody did still holds.
    if (!any_asked && declared.policies.update.pull) return;
    note_wait(declared.name, store, Wait::Topic::registry, "", now);
    if (waiting != nullptr)
      note_wait(declared.name, store, Wait::Topic::update, waiting->wait->text, waiting->wait->since,
                waiting->wait->until);
    else
      note_wait(declared.name, store, Wait::Topic::update, "", now);
  }

  // Where its health is asked for: helps it as far as it may be helped. False: it is to be left alone for now.
  bool is_well(const Declaration& declared, change::Context& context, DeclaredApp& result) {
    if (!options_.heal) return true;
    result.healing.emplace();
    const std::optional<App> app = known(declared.name.text());
    if (!app) return true;
    result.healing = heal(context, declared, *app, view_.world, *options_.heal, stop_);
    if (!result.healing->is_busy)
      note_wait(declared.name, context.store, Wait::Topic::health, result.healing->waits_for, context.clock.now(),
                result.healing->waits_until);
    if (!result.healing->steps.empty())
      if (const auto helped = context.store.app(declared.name)) remember(*helped);
    return !result.healing->waits_until;
  }

  void keep_up_only(const Declaration& declared, change::Context& context, DeclaredApp& result) {
    const std::optional<App> app = known(declared.name.text());
    if (!app || app->wish.state != Wish::State::up || app->wish.unfinished || !app->wish.release) return;
    if (result.healing && result.healing->is_down && declared.policies.on_drift == OnDrift::repair) {
      const std::lock_guard lock(turn_);
      listener_.decided(result.name, "it is down: it is started again");
    }
    keep_up(declared, *app, context, result);
  }

  std::vector<std::string> tags_of(const ImageRef& image, std::stop_token stop) const {
    if (options_.list_tags) return options_.list_tags(image, std::move(stop));
    return declared::list_tags(context_.engine, image, std::move(stop));
  }

  std::optional<App> known(const std::string& name) {
    const std::lock_guard lock(turn_);
    const App* found = view_.find(name);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  Needs needs_now(const Declaration& declared) {
    const std::lock_guard lock(turn_);
    return view_.needs_of(declared);
  }
  // Others that need this app shall see what it is now; in a preview, what it will be.
  void remember(const App& app) {
    const std::lock_guard lock(turn_);
    view_.remember(app);
  }

  // Each mount point of the image has a volume with a name: the one that the release before has there, else one by the
  // app's scheme. The image is asked for only where something may be missing.
  void name_all_volumes(const Declaration& declared, const std::optional<App>& known_one, change::Made& made) {
    App app = known_one.value_or(App(declared.name));
    if (app.releases.empty()) app.scheme = declared.scheme;
    const auto number = app.wish.release ? app.wish.release : app.last;
    const Release* before = number ? app.find(*number) : nullptr;
    const auto mounts_before = [&](const std::string& service) {
      if (before != nullptr)
        for (const auto& each : before->spec.services)
          if (each.name == service) return each.mounts;
      return std::vector<Mount>{};
    };
    auto& services = made.spec.services;
    // What was taken over may have its data in a volume without a name: where the definition names none, that stays.
    for (auto& service : services)
      for (auto& mount : service.mounts)
        for (const auto& earlier : mounts_before(service.name))
          if (mount.kind == Mount::Kind::volume && !declared.named_volumes.contains(mount.source) &&
              earlier.kind == Mount::Kind::volume && earlier.target == mount.target &&
              is_unnamed_volume(earlier.source))
            mount.source = earlier.source;
    const bool is_known = before != nullptr && before->images == made.images &&
                          std::all_of(services.begin(), services.end(), [&](const Service& service) {
                            return mounts_before(service.name) == service.mounts;
                          });
    if (is_known) return;
    std::map<std::string, std::optional<Image>> images;
    for (auto& service : services) {
      const auto id = made.images.find(service.name);
      const bool is_here = id != made.images.end() && id->second.starts_with("sha256:");
      if (is_here && !images.contains(id->second)) images[id->second] = context_.engine.image(id->second, stop_);
      const std::optional<Image> image = is_here ? images.at(id->second) : std::nullopt;
      const auto earlier = mounts_before(service.name);
      ImageConfig config;
      if (image) config.volumes = image->config.volumes;
      // It has yet to be pulled: as far as anybody knows it has the mount points of the one before.
      if (!image)
        for (const auto& mount : earlier)
          if (mount.kind == Mount::Kind::volume) config.volumes.push_back(mount.target);
      formats::name_volumes(service, config, change::mount_for(app, service.name, earlier, {}));
    }
  }

  static std::vector<change::DerivedVolume> derived_of(const App& app, const Spec& spec, const Declaration& declared) {
    std::vector<change::DerivedVolume> all;
    for (const auto& service : spec.services)
      for (auto& each : change::derived_volumes(
               app, service, [&](const Mount& mount) { return declared.named_volumes.contains(mount.source); }))
        all.push_back(std::move(each));
    return all;
  }

  // What the definitions ask for without a name, and what apps had when the pass began; found once for all apps.
  struct DeclaredUse {
    const Declaration* by;
    std::string target;
  };
  const std::vector<DeclaredUse>& declared_uses_of(const std::string& volume) {
    const std::lock_guard lock(turn_);
    if (!declared_uses_) {
      declared_uses_.emplace();
      for (const auto& other : declared_.apps)
        for (const auto& its : derived_of(App(other.name), other.spec, other))
          (*declared_uses_)[its.name].push_back({&other, its.target});
    }
    static const std::vector<DeclaredUse> none;
    const auto found = declared_uses_->find(volume);
    return found == declared_uses_->end() ? none : found->second;
  }
  const change::DerivedUses& earlier_uses() {
    const std::lock_guard lock(turn_);
    if (!earlier_uses_) {
      earlier_uses_.emplace();
      for (const auto& [name, app] : view_.apps) earlier_uses_->add(app);
    }
    return *earlier_uses_;
  }

  // A volume whose name nobody gave must not be another's: neither what the state and the engine know, nor what another
  // definition of this pass asks for.
  void refuse_shared_volumes(const Declaration& declared, const App& app, const Spec& spec, change::Context& context) {
    const auto derived = derived_of(app, spec, declared);
    refuse_foreign_volumes(context, app, derived, earlier_uses(), stop_);
    for (const auto& mine : derived) {
      if (change::uses_volume(app, mine.name)) continue;
      for (const auto& other : declared_uses_of(mine.name))
        if (other.by->name != declared.name)
          throw Conflict(
              ErrorCode::foreign_data,
              format("the volume {} for {} of {} is the one for {} of {} at {}", mine.name, mine.target,
                     app.name.text(), other.target, other.by->name.text(), other.by->place.text()),
              format(R"(Name the volume of one of them: {{"containerPath": "{}", "volume": "NAME"}}.)", mine.target));
      const std::lock_guard lock(turn_);
      const auto [claim, is_new] = claimed_volumes_.try_emplace(mine.name, app.name.text());
      if (claim->second != app.name.text())
        throw Conflict(ErrorCode::foreign_data,
                       format("the volume {} for {} of {} is one of the app {}", mine.name, mine.target,
                              app.name.text(), claim->second),
                       format(R"(Name the volume: {{"containerPath": "{}", "volume": "NAME"}}.)", mine.target));
    }
  }

  // Where only some services are asked for, the others are those of what runs.
  static Declaration with_the_others(Declaration declared, const std::optional<App>& app) {
    if (declared.only.empty()) return declared;
    const Release* present = app && app->wish.release ? app->find(*app->wish.release) : nullptr;
    const auto is_asked_for = [&](const Service& service) { return declared.only.contains(service.group_name()); };
    std::erase_if(declared.spec.services, [&](const Service& service) { return !is_asked_for(service); });
    if (present == nullptr) return declared;
    for (const auto& service : present->spec.services)
      if (!is_asked_for(service)) declared.spec.services.push_back(service);
    return declared;
  }

  void decide_and_do(const Declaration& written, change::Context& context, DeclaredApp& result) {
    std::optional<App> app = known(written.name.text());
    const Declaration declared = with_the_others(written, app);
    if (app) change::learn_volumes(*app, view_.containers_of(*app), view_.world);
    const bool takes_over = is_to_be_taken_over(declared, app);
    if (takes_over) {
      app = as_taken_over(context, declared, app, stop_);
    } else if (app && app->origin.empty() && app->wish.state != Wish::State::none && !is_recovered(*app)) {
      throw Conflict(ErrorCode::declared_elsewhere,
                     format("{} is an app already, and no definition made it", declared.name.text()),
                     format("Hand it over: belay apply --take-over {}; or give the definition another name.",
                            declared.name.text()));
    }
    const ImageChoices choices = choose_images(
        context, declared, app ? &*app : nullptr, view_.images, options_.ask_registries,
        [&](const ImageRef& image, std::stop_token stop) { return tags_of(image, std::move(stop)); }, rest_, stop_);
    for (const auto& [service, choice] : choices)
      if (!choice.trouble.empty()) {
        context.report.note(format("it is not known whether there is a newer image: {}", choice.trouble));
        break;
      }
    note_choices(declared, context.store, choices);
    change::Made made;
    made.spec = declared.spec;
    made.files = change::file_marks(declared.watched);
    if (waits_for_files(context, declared, app, made.files, result)) return;
    const Needs needs = needs_now(declared);
    made.needs = needs.releases;
    for (const auto& [need, kind] : needs.tied) made.tied_to.insert(need);
    for (auto& service : made.spec.services) {
      const ImageChoice& choice = choices.at(service.name);
      service.image = choice.reference;
      made.images[service.name] = choice.id.empty() ? choice.reference : choice.id;
      if (!choice.digest.empty()) made.digests[service.name] = choice.digest;
    }
    name_all_volumes(declared, app, made);
    for (const auto& [service, choice] : choices) {
      if (choice.waits_for.empty()) continue;
      result.reason = choice.waits_for;
      result.waits_for = choice.wait ? choice.wait->text : choice.waits_for;
      result.kind = Outcome::held;
      break;
    }

    if (takes_over) {
      app = options_.dry_run ? previewed_take_over(std::move(*app), made) : take_over(context, declared, made, stop_);
      remember(*app);
      tell_of_take_over(*app, context);
    }
    const Situation situation = situation_of(app ? &*app : nullptr, made, choices, needs, context);
    const Decision decision = decide(situation);
    note_decision(declared.name, context.store, situation, decision);
    if (const auto* hold = std::get_if<Hold>(&decision)) {
      tell_hold(*hold, situation, result);
      if (hold->keeps_up) keep_up(declared, *app, context, result);
      return;
    }
    if (std::holds_alternative<KeepUp>(decision)) {
      // A preview's app is not in the state yet.
      if (!takes_over || !options_.dry_run) keep_up(declared, *app, context, result);
      return;
    }
    tell_deploy(std::get<Deploy>(decision), result);
    make(declared, std::move(app), made, choices, context, result);
    result.as_declared = !options_.dry_run && !result.change.failed() && result.kind != Outcome::held;
    const auto after = options_.dry_run ? std::nullopt : context.store.app(declared.name);
    const Release* tried = after && result.change.is_held ? after->find(*result.change.release) : nullptr;
    if (tried != nullptr) note_failure(*after, context.store, *tried);
    if (result.change.kind == change::Change::Kind::done) clean_up_after(declared.name, context);
  }

  Situation situation_of(const App* app, const change::Made& draft, const ImageChoices& images, const Needs& needs,
                         change::Context& context) const {
    Situation situation{app, draft, images, needs};
    situation.starts_stopped = options_.starts_stopped;
    situation.has_pauses = options_.heal.has_value();
    situation.now = context.clock.now();
    const bool was_cut_short =
        app != nullptr && std::any_of(app->releases.begin(), app->releases.end(), [](const Release& release) {
          return release.verdict == Verdict::pending && !release.reason.empty();
        });
    if (situation.has_pauses && was_cut_short) situation.repairs = context.store.repairs(app->name);
    return situation;
  }

  void note_decision(const AppName& name, state::Store& store, const Situation& situation,
                     const Decision& decision) const {
    if (const auto* hold = std::get_if<Hold>(&decision))
      note_wait(name, store, Wait::Topic::held, wait_of(*hold, situation), hold->since.value_or(situation.now),
                hold->until);
    else
      note_wait(name, store, Wait::Topic::held, "", situation.now);
  }

  static void tell_hold(const Hold& hold, const Situation& situation, DeclaredApp& result) {
    result.kind = Outcome::held;
    result.as_declared = false;
    result.reason = reason_of(hold, situation);
    if (hold.why == Hold::Why::failed_before || hold.why == Hold::Why::gone_back_from) result.waits_for = result.reason;
  }

  static void tell_deploy(const Deploy& deploy, DeclaredApp& result) {
    using Kind = Deploy::Reason::Kind;
    result.kind = Outcome::change;
    result.is_new = !deploy.before;
    bool has_own_reason = false;
    for (const auto& reason : deploy.reasons) {
      has_own_reason = has_own_reason || reason.kind != Kind::tie;
      if (reason.kind == Kind::is_new || reason.kind == Kind::needs)
        result.reason = reason.text;
      else
        result.differences.push_back(reason.text);
    }
    if (!has_own_reason) result.reason.clear();
  }

  // Only definitions make releases of the schemes that keep names: an app of those without an origin is what recover
  // found of a lost state. What was adopted under that scheme is its user's.
  static bool is_recovered(const App& app) {
    return keeps_names(app.scheme) && std::none_of(app.releases.begin(), app.releases.end(),
                                                   [](const Release& release) { return release.adopted; });
  }

  bool is_to_be_taken_over(const Declaration& declared, const std::optional<App>& app) const {
    return options_.take_over.contains(declared.name.text()) && (!app || app->origin.empty());
  }

  static void tell_of_take_over(const App& app, change::Context& context) {
    const Release* present = app.wish.release ? app.find(*app.wish.release) : nullptr;
    std::vector<std::string> containers;
    if (present != nullptr)
      for (const auto& [service, container] : present->containers) containers.push_back(container);
    context.report.note(containers.empty() ? std::string("its definition takes it over; nothing of it runs")
                                           : format("its definition takes over {}, which is {} now",
                                                    join(containers, ", "), present->number.text()));
  }

  // What the settings of this host say, where nobody else does.
  change::ChangeOptions change_options(const Spec& spec) const {
    change::ChangeOptions change = options_.change;
    if (!change.order && spec.order == SwapOrder::by_rule) change.order = options_.order;
    return change;
  }

  void note_failure(const App& app, state::Store& store, const Release& tried) const {
    note_wait(app.name, store, Wait::Topic::held, wait_after_failure(tried.number), app.wish.since);
  }

  // What cannot be read changes nothing, and is not to be replaced by a folder that the engine makes.
  bool waits_for_files(change::Context& context, const Declaration& declared, const std::optional<App>& app,
                       const std::map<std::string, FileMark>& now, DeclaredApp& result) const {
    const Release* before = nullptr;
    if (app)
      for (const auto& release : app->releases)
        if (release.verdict != Verdict::failed && change::kept_paths(context.store, *app, release).empty())
          before = &release;
    const auto missing = change::missing_paths(declared.spec, before, now);
    if (missing.empty()) return false;
    const bool was_seen = before != nullptr && std::any_of(missing.begin(), missing.end(), [&](const auto& path) {
                            return std::any_of(before->files.begin(), before->files.end(),
                                               [&](const auto& file) { return file.first.starts_with(path); });
                          });
    if (!was_seen && !sees_host_files(context, stop_)) return false;
    result.kind = Outcome::held;
    result.lacks_files = true;
    result.as_declared = false;
    const bool runs = app && app->wish.state == Wish::State::up;
    result.reason = format("{} {} missing; {}", join(missing, ", "), missing.size() == 1 ? "is" : "are",
                           runs ? "what runs stays" : "nothing is started");
    return true;
  }

  // Never fails the change that it follows.
  void clean_up_after(const AppName& name, change::Context& context) {
    try {
      std::ignore =
          cleanup(context, name, options_.keep, false, [](const change::RemovalPreview&) { return true; }, stop_);
      if (const auto app = context.store.app(name)) remember(*app);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      context.report.warning(format("cleaning up: {}", error.what()));
    }
  }

  // By its own name, or by that of one of its containers.
  bool is_asked_for(const App& app) const {
    if (options_.look_into.contains(app.name.text())) return true;
    const Release* release = app.find(*app.wish.release);
    return release != nullptr &&
           std::any_of(release->containers.begin(), release->containers.end(),
                       [&](const auto& container) { return options_.look_into.contains(container.second); });
  }

  void keep_up(const Declaration& declared, const App& app, change::Context& context, DeclaredApp& result) {
    if (result.healing && result.healing->waits_until) return;
    tell_restart_loop(app, context, result);
    const bool look_closer = options_.thorough || app.wish.unfinished || !app.wish.trouble.empty() ||
                             is_asked_for(app) || !seems_right(app, view_);
    if (!look_closer) return;
    const bool repairs = declared.policies.on_drift == OnDrift::repair || app.wish.unfinished;
    const FileLock lock = lock_app(context, app.name, stop_);
    App fresh = known_app(context, app.name, stop_);
    if (const Release* wished = fresh.wish.release ? fresh.find(*fresh.wish.release) : nullptr)
      refuse_missing_paths(context, wished->spec, wished, stop_);
    // What cannot prove itself again, or is hit by an engine that goes away, stays wished for: a repair that fails is
    // no reason to want it down.
    if (!fresh.wish.unfinished) fresh.wish.fallback = fresh.wish.release;
    const bool finishes = fresh.wish.unfinished;
    const std::string verb = finishes ? "finish" : "repair";
    if (options_.objection && repairs) {
      App as_it_is = fresh;
      DeclaredApp planned = result;
      planned.change = fulfil(context, as_it_is, verb, true, stop_);
      if (planned.change.kind == change::Change::Kind::planned) {
        tell_repair(planned, fresh, repairs);
        ask_for_objection(planned);
      }
    }
    // What a command left unfinished is nothing that the app did: it counts against no budget.
    bool is_counted = finishes;
    AppReport report(result.name, listener_, turn_, [&] {
      if (!std::exchange(is_counted, true))
        context.store.append(fresh.name, {context.clock.now(), Repair::Kind::repair, fresh.wish.release});
    });
    change::Context repairing = context_for(context.store, report);
    result.change = fulfil(repairing, fresh, verb, options_.dry_run || !repairs, stop_);
    remember(fresh);
    if (result.change.kind == change::Change::Kind::unchanged) return;
    result.only_reported = !repairs;
    if (!repairs || options_.dry_run) result.as_declared = false;
    if (result.change.failed()) {
      result.kind = Outcome::broken;
      result.as_declared = false;
      result.code = error_code(result.change);
      result.reason = result.change.kind == change::Change::Kind::in_trouble ? result.change.trouble_on_the_way_back
                                                                             : result.change.reason;
      return;
    }
    tell_repair(result, fresh, repairs);
  }

  // The engine starts it again and again: nothing that a start could mend.
  void tell_restart_loop(const App& app, change::Context& context, DeclaredApp& result) const {
    const auto owned = view_.owned.find(app.name.text());
    if (owned == view_.owned.end() || !app.wish.release) return;
    const Release* release = app.find(*app.wish.release);
    for (const auto& [container, made_for, service] : plan::sort_out(app, owned->second).instances) {
      const bool is_suspect = container->state == ContainerState::restarting ||
                              (options_.look_for_restarts && change::was_started_lately(*container));
      if (!is_suspect || release == nullptr || made_for != release->container_release(service)) continue;
      const auto detail = context.engine.container(container->name, stop_);
      const auto loop = detail ? change::restart_loop(*detail, context.clock.now()) : std::nullopt;
      if (!loop) continue;
      result.as_declared = false;
      if (result.kind != Outcome::unchanged) return;
      result.kind = Outcome::trouble;
      result.code = ErrorCode::restarting;
      result.reason = *loop;
      result.waits_for = format("its container {} keeps exiting", container->name);
      result.hint = format("belay logs {} shows what it wrote.", app.name.text());
      return;
    }
  }

  static void tell_repair(DeclaredApp& result, const App& app, bool repairs) {
    for (const auto& action : result.change.plan.actions)
      if (!std::holds_alternative<plan::AwaitVerdict>(action.step))
        result.differences.push_back(format("{}: {}", plan::step_text(action.step), action.reason));
    if (result.kind == Outcome::held) return;
    result.hint.clear();
    result.kind = Outcome::repair;
    result.reason = repairs ? "it is not as its release has it" : "somebody changed it; its definition says: report";
    classify(result, app);
  }

  // Another command changed the app since the pass began.
  static bool has_moved_on(const std::optional<App>& before, const std::optional<App>& now) {
    if (!before || !now) return before.has_value() != now.has_value();
    return before->wish.since != now->wish.since || before->wish.unfinished != now->wish.unfinished ||
           before->highest_release != now->highest_release || before->releases.size() != now->releases.size();
  }

  void make(const Declaration& declared, std::optional<App> known_one, const change::Made& wanted,
            const ImageChoices& choices, change::Context& context, DeclaredApp& result) {
    const FileLock lock = lock_app(context, declared.name, stop_);
    // Under the lock, and not as the pass found it.
    std::optional<App> fresh = context.store.app(declared.name);
    if (known_one && !fresh) known_one.reset();
    if (look_ != nullptr && has_moved_on(known(declared.name.text()), fresh)) look_->forget();
    App app = fresh ? std::move(*fresh) : App(declared.name);
    // What a preview takes over is in no state; the pass remembers it.
    if (options_.dry_run && options_.take_over.contains(declared.name.text()))
      if (auto previewed = known(declared.name.text())) app = std::move(*previewed);
    if (app.releases.empty() && app.highest_release == 0) {
      app.scheme = declared.scheme;
      app.created = context.clock.now();
    }
    app.origin = declared.origin;
    learn_volumes_of(context, app, stop_);
    check_spec(wanted.spec);
    change::Made made = wanted;
    refuse_shared_volumes(declared, app, made.spec, context);
    const std::vector<ImageChoice> missing = to_be_made(choices);
    const plan::Plan pulling = plan_of_images(declared, missing);
    if (options_.dry_run) {
      preview(context, app, made, pulling, result);
      remember(app);
      return;
    }
    if (options_.objection) {
      change::Report silent;
      change::Context looking = context_for(context.store, silent);
      App as_it_is = app;
      DeclaredApp planned = result;
      preview(looking, as_it_is, made, pulling, planned);
      ask_for_objection(planned);
    }
    if (!pulling.empty()) {
      make_images(context, made, missing, pulling);
      for (auto& service : made.spec.services) service.mounts = declared.spec.service(service.name).mounts;
      name_all_volumes(declared, app, made);
      refuse_shared_volumes(declared, app, made.spec, context);
    }
    if (!is_still_due(app, made, choices, !pulling.empty(), context, result)) return;
    result.change =
        start_made(context, app, made, change_options(made.spec), change::Containers::changed_in_place, "apply", stop_);
    remember(app);
    classify(result, app);
    if (result.change.failed()) {
      result.code = error_code(result.change);
      result.reason = result.change.reason;
      result.hint = result.change.hint;
    }
  }

  // By the same rules as before, now under the lock and with what a pull brought. What a command left unfinished is
  // gone on with, whatever it was.
  bool is_still_due(const App& app, const change::Made& made, const ImageChoices& images, bool is_pulled,
                    change::Context& context, DeclaredApp& result) const {
    const Needs none;
    const Situation situation = situation_of(&app, made, images, none, context);
    const Decision decision = decide(situation);
    if (const auto* hold = std::get_if<Hold>(&decision)) {
      tell_hold(*hold, situation, result);
      if (is_pulled && hold->release)
        result.reason = format("what the pull brought is {}, which was tried before", hold->release->text());
      return false;
    }
    if (!std::holds_alternative<KeepUp>(decision) || app.wish.unfinished) return true;
    result.kind = Outcome::unchanged;  // another digest of the very image that runs
    return false;
  }

  // Under the app's lock, just before the first effect.
  void ask_for_objection(const DeclaredApp& planned) const {
    if (const std::string objection = options_.objection(planned); !objection.empty())
      throw Conflict(ErrorCode::plan_outdated, format("{} is left as it is: {}", planned.name, objection));
  }

  // The plan as it would be with the image here already, behind its pull.
  void preview(change::Context& context, App& app, const change::Made& made, const plan::Plan& pulling,
               DeclaredApp& result) {
    if (pulling.empty()) {
      change::ChangeOptions dry = change_options(made.spec);
      dry.dry_run = true;
      result.change = start_made(context, app, made, dry, change::Containers::changed_in_place, "apply", stop_);
      classify(result, app);
      preview_clean_up(context, app, result);
      return;
    }
    result.change = plan_made(context, app, made, change_options(made.spec), pulling, stop_);
    classify(result, app);
    preview_clean_up(context, app, result);
  }

  // What the clean-up behind the change would remove, when that has succeeded.
  void preview_clean_up(change::Context& context, App app, DeclaredApp& result) {
    if (result.change.kind != change::Change::Kind::planned) return;
    app.last = app.wish.release;
    app.find(*app.last)->verdict = Verdict::passed;
    app.wish.unfinished = false;
    const World world = plan::as_planned(change::observe(context.engine, app, stop_), result.change.plan);
    const plan::Cleanup cleaning =
        plan::plan_cleanup({app, world, context.clock.now(), context.defaults}, options_.keep);
    result.change.plan = plan::in_sequence(std::move(result.change.plan), cleaning.plan);
  }

  // A pull that fills the disk takes the whole host down with it, the apps that run included.
  void refuse_a_full_disk(const std::string& reference) const {
    struct statvfs status{};
    const std::string folder = context_.engine.data_folder(stop_);
    // An engine elsewhere has its own disk, which we cannot see.
    if (folder.empty() || ::statvfs(folder.c_str(), &status) != 0) return;
    const ByteCount free{static_cast<std::int64_t>(status.f_bavail * status.f_frsize)};
    if (free < options_.least_free)
      throw Error(ErrorCode::no_space,
                  format("{} is not pulled: only {} are free in {}", reference, byte_text(free), folder),
                  "belay cleanup NAME removes what no release needs; docker system df shows the rest.");
  }

  // The pulls and builds that come before anything stops; they do not wait for each other.
  static plan::Plan plan_of_images(const Declaration& declared, const std::vector<ImageChoice>& missing) {
    plan::Plan plan;
    for (const auto& choice : missing) {
      if (choice.build)
        plan.add(step_of(declared, choice.reference, *choice.build), "it is not on this host");
      else
        plan.add(plan::PullImage{choice.pull},
                 choice.digest.empty() ? "it is not on this host" : "the registry has something newer");
    }
    return plan;
  }

  static plan::BuildImage step_of(const Declaration& declared, const std::string& reference, const ImageBuild& build) {
    plan::BuildImage step;
    step.folder = build.folder;
    step.dockerfile = build.dockerfile;
    step.tags = build.tags;
    step.tags.insert(step.tags.begin(), reference);
    step.arguments = build.arguments;
    step.labels = labels::for_image(declared.name);
    step.labels.insert(build.labels.begin(), build.labels.end());
    step.target = build.target;
    step.network = build.network;
    step.platform = build.platform;
    step.secrets = build.secrets;
    step.no_cache = build.no_cache;
    step.pull = build.pull;
    return step;
  }

  void make_images(change::Context& context, change::Made& made, const std::vector<ImageChoice>& missing,
                   const plan::Plan& plan) {
    for (const auto& choice : missing) {
      if (choice.pull.empty()) continue;
      rest_.check(ImageRef::parse(choice.pull).registry(), context.clock.now());
      refuse_a_full_disk(choice.pull);
    }
    const auto outcome = change::carry_out(context, plan, {}, stop_);
    if (outcome.error) {
      const auto* failed =
          outcome.failed_action ? std::get_if<plan::PullImage>(&plan.actions[*outcome.failed_action].step) : nullptr;
      if (failed != nullptr)
        rest_.hear(ImageRef::parse(failed->reference).registry(), outcome.status, outcome.error->what(),
                   context.clock.now());
      throw *outcome.error;
    }
    for (const auto& choice : missing) take_image(context, made, choice);
  }

  // What a pull or a build has brought.
  void take_image(change::Context& context, change::Made& made, const ImageChoice& choice) {
    const std::string wanted = choice.build ? choice.reference : choice.pull;
    const auto image = context.engine.image(wanted, stop_);
    if (!image)
      throw NotFound(ErrorCode::image_not_found, format("{} was {}, and yet the engine does not have it", wanted,
                                                        choice.build ? "built" : "pulled"));
    const bool is_as_promised = choice.digest.empty() || bears_digest(*image, choice.digest);
    for (const auto& service : made.spec.services) {
      if (service.image != choice.reference) continue;
      made.images[service.name] = image->id;
      if (!choice.digest.empty() && is_as_promised) continue;
      made.digests.erase(service.name);
      if (!image->digests.empty()) made.digests[service.name] = image->digests.front();
    }
    if (is_as_promised) return;
    // Or the tag moved in between. Where it did not, each look would mean another pull.
    const std::string registry = ImageRef::parse(choice.pull).registry();
    const std::string why =
        format("the registry {} names another digest for {} than that of what it gives", registry, choice.reference);
    rest_.leave_alone(choice.reference, usual_rest, why, context.clock.now());
    context.report.note(why);
  }

  static bool bears_digest(const Image& image, const std::string& wanted) {
    const auto digest = [](const std::string& text) { return text.substr(text.find('@') + 1); };
    return std::any_of(image.digests.begin(), image.digests.end(),
                       [&](const std::string& own) { return digest(own) == digest(wanted); });
  }

  void remove_undeclared(DeclaredHost& host) {
    std::set<std::string> declared;
    for (const auto& app : declared_.apps) declared.insert(app.name.text());
    for (const auto& [name, app] : view_.apps) {
      if (!is_from(app.origin, options_.sources) || declared.contains(name) || options_.leave.contains(name)) continue;
      // Its definition is there, and cannot be read: that is no wish to remove it.
      const bool is_broken =
          std::any_of(declared_.broken.begin(), declared_.broken.end(), [&](const BrokenDefinition& broken) {
            return broken.name == name || broken.origin == app.origin || app.origin.starts_with(broken.origin + "#");
          });
      if (is_broken) continue;
      host.apps.push_back(remove_one(app));
      listener_.ended(host.apps.back());
    }
  }

  DeclaredApp remove_one(const App& app) {
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
    telling(result, [&] {
      const auto agree = [&](const change::RemovalPreview& preview) {
        if (!options_.objection) return true;
        DeclaredApp planned = result;
        planned.change.plan = preview.plan;
        ask_for_objection(planned);
        return true;
      };
      change::Removed removed = remove(context, app.name, false, options_.dry_run, agree, stop_);
      result.change.plan = std::move(removed.plan);
      result.change.kind = removed.done ? change::Change::Kind::done : change::Change::Kind::planned;
      classify(result, app);
    });
    return result;
  }

  // Whatever else runs, whoever made it. What bears a declared name is left alone: it is the declared one, or the
  // trouble of its definition is told already.
  void stop_strangers(DeclaredHost& host) {
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
      if (app != nullptr && is_declared(app->name.text())) continue;
      if (const auto owner = container.owner(); owner && app == nullptr && !is_copy(container, *owner)) {
        host.apps.push_back(of_another_state(container, *owner));
        listener_.ended(host.apps.back());
        continue;
      }
      const bool is_wished_up = app != nullptr && app->wish.state == Wish::State::up;
      if (is_wished_up && !met.insert(app->name.text()).second) continue;
      host.apps.push_back(is_wished_up ? stop_app(*app) : stop_container(container.name));
      listener_.ended(host.apps.back());
    }
  }

  bool is_declared(const std::string& name) const {
    return std::any_of(declared_.apps.begin(), declared_.apps.end(),
                       [&](const Declaration& app) { return app.name.text() == name || bears(app, name); }) ||
           std::any_of(declared_.broken.begin(), declared_.broken.end(),
                       [&](const BrokenDefinition& broken) { return broken.name == name; });
  }

  // The app of this state that the container belongs to; nullptr: none.
  const App* app_of(const Container& container) const {
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

  bool is_copy(const Container& container, const labels::Owner& owner) const {
    const auto app = view_.apps.find(owner.app);
    if (app == view_.apps.end()) return false;
    const auto copies = plan::sort_out(app->second, view_.owned.at(owner.app)).copies;
    return std::find(copies.begin(), copies.end(), &container) != copies.end();
  }

  // Another Belay would start it again, and each would stop what the other starts.
  static DeclaredApp of_another_state(const Container& container, const labels::Owner& owner) {
    DeclaredApp result;
    result.name = container.name;
    result.kind = Outcome::broken;
    result.code = ErrorCode::foreign_container;
    result.reason =
        owner.state.empty()
            ? format("nobody declared it, and it is of the app {}, which this state does not know", owner.app)
            : format("nobody declared it, and it is of the app {} of the state {}", owner.app,
                     owner.state.substr(0, 12));
    result.hint = "A host that is exclusive has one state: end the other one, or take its apps in with: belay recover";
    return result;
  }

  static DeclaredApp stranger(const std::string& name) {
    DeclaredApp result;
    result.name = name;
    result.kind = Outcome::removal;
    result.reason = "nobody declared it, and this host is exclusive";
    result.downtime = {Downtime::Kind::ends};
    return result;
  }

  // One that another way than a definition made: it is stopped as its user would, and can be started again.
  DeclaredApp stop_app(const App& app) {
    DeclaredApp result = stranger(app.name.text());
    AppReport report(result.name, listener_, turn_);
    change::Context context = context_for(context_.store, report);
    telling(result, [&] {
      if (options_.objection) {
        DeclaredApp planned = result;
        planned.change = change::stop(context, {app.name}, true, stop_);
        ask_for_objection(planned);
      }
      result.change = change::stop(context, {app.name}, options_.dry_run, stop_);
    });
    return result;
  }

  DeclaredApp stop_container(const std::string& name) {
    DeclaredApp result = stranger(name);
    auto& stopping = result.change.plan;
    const size_t held = stopping.add(plan::SetRestartPolicy{name, {"no", 0}}, "it must stay down");
    stopping.add(plan::StopContainer{name, {}}, result.reason, {held});
    result.change.kind = change::Change::Kind::planned;
    if (options_.dry_run) return result;
    if (options_.objection) {
      telling(result, [&] { ask_for_objection(result); });
      if (result.kind == Outcome::broken) return result;
    }
    AppReport report(result.name, listener_, turn_);
    change::Context context = context_for(context_.store, report);
    const auto outcome = change::carry_out(context, stopping, {}, stop_);
    result.change.kind = change::Change::Kind::done;
    if (outcome.error) {
      result.kind = Outcome::broken;
      result.reason = outcome.error->what();
    }
    return result;
  }

  change::Context& context_;
  engine::Engine& engine_;
  engine::OneLook* const look_;  // nullptr: what is seen may change, by our own doing
  const Declarations& declared_;
  const DeclaredOptions& options_;
  DeclaredListener& listener_;
  const std::stop_token stop_;
  RegistryRest rest_of_this_pass_;
  RegistryRest& rest_ = options_.rest != nullptr ? *options_.rest : rest_of_this_pass_;
  PassView view_;                                       // its apps are guarded by turn_ while the workers run
  std::mutex turn_;                                     // also of the listener's calls
  std::map<std::string, std::string> claimed_volumes_;  // → the app that is to have it; guarded by turn_
  // Guarded by turn_ until they are there.
  std::optional<std::map<std::string, std::vector<DeclaredUse>>> declared_uses_;  // by volume
  std::optional<change::DerivedUses> earlier_uses_;
};

}  // namespace

bool is_shared(const plan::Step& step) {
  return std::holds_alternative<plan::CreateNetwork>(step) || std::holds_alternative<plan::CreateVolume>(step);
}

std::string_view to_text(DeclaredApp::Kind kind) {
  switch (kind) {
    case Outcome::unchanged:
      return "unchanged";
    case Outcome::change:
      return "change";
    case Outcome::repair:
      return "repair";
    case Outcome::removal:
      return "remove";
    case Outcome::held:
      return "held";
    case Outcome::trouble:
      return "trouble";
    case Outcome::broken:
      return "broken";
  }
  return "";
}

bool DeclaredHost::has_changes() const {
  return std::any_of(apps.begin(), apps.end(), [](const DeclaredApp& app) {
    const bool changes = app.change.kind != change::Change::Kind::unchanged && !app.only_reported;
    return changes || app.kind == Outcome::change || app.kind == Outcome::removal;
  });
}

bool DeclaredHost::has_failures() const {
  return std::any_of(apps.begin(), apps.end(),
                     [](const DeclaredApp& app) { return app.kind == Outcome::broken || app.change.failed(); });
}

std::string_view to_text(Downtime::Kind kind) {
  switch (kind) {
    case Downtime::Kind::none:
      return "none";
    case Downtime::Kind::in_place:
      return "in_place";
    case Downtime::Kind::restart:
      return "restart";
    case Downtime::Kind::stop_first:
      return "stop_first";
    case Downtime::Kind::ends:
      return "ends";
    case Downtime::Kind::data_at_risk:
      return "data_at_risk";
  }
  return "";
}

std::string text_of(const Downtime& downtime) {
  switch (downtime.kind) {
    case Downtime::Kind::none:
      return "none";
    case Downtime::Kind::in_place:
      return "none, changed in place";
    case Downtime::Kind::restart:
      return "restart";
    case Downtime::Kind::stop_first:
      return downtime.expected ? format("stop-first, about {} as last time", duration_text(*downtime.expected))
                               : std::string("stop-first");
    case Downtime::Kind::ends:
      return "ends";
    case Downtime::Kind::data_at_risk:
      return "data at risk";
  }
  return "";
}

bool DeclaredHost::is_as_declared() const {
  return !has_failures() &&
         std::all_of(apps.begin(), apps.end(), [](const DeclaredApp& app) { return app.as_declared; });
}

DeclaredHost apply_declared(change::Context& context, const Declarations& declared, const DeclaredOptions& options,
                            DeclaredListener& listener, std::stop_token stop) {
  if (!options.dry_run || options.heal)
    return Pass(context, context.engine, nullptr, declared, options, listener, std::move(stop)).run();
  engine::OneLook look(context.engine);
  change::Context looking{look,        context.store,   context.clock,         context.report,
                          context.who, context.command, context.wait_for_lock, context.defaults,
                          context.run};
  return Pass(looking, context.engine, &look, declared, options, listener, std::move(stop)).run();
}

std::string declared_text(const DeclaredHost& host, bool with_unchanged) {
  std::string text;
  size_t unchanged = 0;
  for (const auto& app : host.apps) {
    if (app.kind == Outcome::unchanged) {
      ++unchanged;
      if (!with_unchanged) continue;
    }
    const std::string name = app.name.empty() ? app.origin : app.name;
    text += format("{}: {}", name, to_text(app.kind));
    if (app.downtime) text += format(" (downtime: {})", text_of(*app.downtime));
    if (!app.reason.empty()) text += format(" — {}", app.reason);
    text += "\n";
    for (const auto& line : app.differences) text += "    " + line + "\n";
    for (const auto& line : split(plan::plan_text(app.change.plan), '\n'))
      if (!line.empty()) text += "  " + std::string(line) + "\n";
  }
  if (unchanged > 0 && !with_unchanged) text += format("{} unchanged\n", unchanged);
  return text;
}

}  // namespace belay::declared
