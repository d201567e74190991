#include <algorithm>
#include <set>
#include <utility>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "family/found.h"
#include "family/take_over.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::family {

namespace {

// Makes one app's record fit its containers. What the state knows stays; what it does not is taken in.
class Recovery {
 public:
  Recovery(change::Context& context, const AppName& name, const std::vector<const Container*>& containers,
           const World& world, std::stop_token stop)
      : context_(context),
        known_(context.store.app(name)),
        app_(known_.value_or(App(name))),
        containers_(containers),
        world_(world),
        stop_(std::move(stop)) {
    recovered_.app = name.text();
    recovered_.is_new = !known_;
  }

  Recovered run() {
    if (recovered_.is_new) app_.scheme = containers_.front()->owner()->scheme;
    const plan::Containers sorted = plan::sort_out(app_, containers_);
    for (const auto& [container, release, service] : sorted.instances) {
      for (auto& each : app_.releases)
        if (each.container_release(service) == release) each.container_created.try_emplace(service, container->created);
      look_at(*container, release);
    }
    for (const auto& [container, owner] : sorted.unknown) take(*container, owner);
    for (const Container* copy : sorted.copies) take_copy(*copy, sorted);
    std::sort(app_.releases.begin(), app_.releases.end(),
              [](const Release& a, const Release& b) { return a.number < b.number; });
    know_jobs();
    if (recovered_.is_new) {
      complete_new();
    } else if (!recovered_.releases.empty()) {
      follow_what_is_newer();
    }
    recovered_.last = app_.last;
    recovered_.stable = app_.stable;
    return recovered_;
  }

  const App& app() const { return app_; }

  // What it is bound to has no other mark than what it holds now. Where a definition makes the next release, that says
  // what is watched.
  void learn_files() {
    if (!keeps_names(app_.scheme)) learn_settings_files(context_, app_, change::Learnt::any, stop_);
  }
  bool changes_something() const { return recovered_.is_new || !recovered_.releases.empty(); }

 private:
  // In the middle of a swap two may run. The one that proved itself has a restart policy, its successor not yet.
  std::optional<ContainerDetail> look_at(const Container& container, ReleaseNumber release) {
    auto detail = context_.engine.container(container.name, stop_);
    if (!detail) return {};
    if (container.is_up() && (!running_ || !running_is_proved_)) {
      running_is_proved_ = detail->restart.name != "no" && !detail->restart.name.empty();
      running_ = release;
    }
    if (detail->started && (!latest_start_ || *detail->started > latest_start_->first))
      latest_start_ = {*detail->started, release};
    return detail;
  }

  void take(const Container& container, const labels::Owner& owner) {
    const auto key = std::pair(owner.release, owner.identity);
    auto number = taken_.find(key);
    if (number == taken_.end()) {
      const bool is_free = app_.find(owner.release) == nullptr;
      Release& fresh = add(container, is_free ? owner.release : next_number());
      if (is_free) {
        fresh.identity = owner.identity;
        fresh.state = owner.state;
      } else {
        // Its labels name the number of another one: it goes by name and creation time.
        fresh.adopted = true;
      }
      number = taken_.emplace(key, fresh.number).first;
    }
    add_service(container, owner.service, number->second);
    if (container.name.ends_with("_stable") && owner.scheme == NamingScheme::dcv && !app_.stable)
      app_.stable = number->second;
  }

  // In the place of a container that is gone it is what the app has now.
  void take_copy(const Container& copy, const plan::Containers& sorted) {
    const auto owner = *copy.owner();
    const bool is_there =
        std::any_of(sorted.instances.begin(), sorted.instances.end(), [&](const plan::Instance& instance) {
          return instance.release == owner.release && instance.service == owner.service;
        });
    if (is_there) {
      context_.report.note(format("the container {} is left as it is: it is a copy of one of {}'s {}", copy.name,
                                  app_.name.text(), owner.release.text()));
      return;
    }
    Release& fresh = add(copy, next_number());
    fresh.adopted = true;
    add_service(copy, owner.service, fresh.number);
  }

  ReleaseNumber next_number() const {
    int number = app_.next_release().value;
    for (const auto& release : app_.releases) number = std::max(number, release.number.value + 1);
    for (const Container* container : containers_)
      if (const auto owner = container->owner()) number = std::max(number, owner->release.value + 1);
    return {number};
  }

  Release& add(const Container& container, ReleaseNumber number) {
    Release fresh;
    fresh.number = number;
    const auto created = parse_number(container.created);
    fresh.created = created ? Time(Seconds(*created)) : parse_time(container.created).value_or(context_.clock.now());
    fresh.verdict = Verdict::unproven;
    fresh.who = context_.who;
    fresh.why = "rebuilt from the engine's labels";
    app_.highest_release = std::max(app_.highest_release, number.value);
    recovered_.releases.push_back(number.text());
    return app_.releases.emplace_back(std::move(fresh));
  }

  void add_service(const Container& container, const std::string& service, ReleaseNumber number) {
    const auto detail = look_at(container, number);
    Release& release = *app_.find(number);
    release.containers[service] = container.name;
    release.container_created[service] = container.created;
    if (!detail || release.images.contains(service)) return;
    try {
      for (auto& lost : unkept_of(context_, container.name, stop_)) recovered_.lost.push_back(std::move(lost));
    } catch (const NotFound&) {
      // It was removed a moment ago: nothing of it can be lost any more.
    }
    Spec part = spec_of_container(app_.name, *detail, service);
    // A container that ran has the policy that Belay gave it; one that was stopped has "no" from Belay as well.
    const bool stays_down = part.services[0].restart.name.empty() || part.services[0].restart.name == "no";
    if (stays_down && container.state == ContainerState::exited && detail->exit_code == 0)
      ended_well_.emplace(number, service);
    if (part.services[0].restart.name == "no" || part.services[0].restart.name == "unless-stopped")
      part.services[0].restart = {};
    release.spec.services.push_back(std::move(part.services[0]));
    define_what_is_used(release.spec, world_);
    release.images[service] = container.image_id;
  }

  // That a service is a job, no label tells. One that has ended with 0 and stays down while its release runs was to
  // end, or may at least do so.
  void know_jobs() {
    for (const auto& [release, name] : ended_well_)
      if (release == running_)
        for (auto& service : app_.find(release)->spec.services)
          if (service.name == name) service.may_end = true;
  }

  // nullopt: that nothing of it runs.
  void wish(std::optional<ReleaseNumber> release) {
    app_.wish = {};
    if (release)
      app_.wish.goal = goal::Run{*release};
    else
      app_.wish.goal = goal::Stopped{};
    app_.wish.who = context_.who;
    app_.wish.why = context_.command;
    app_.wish.since = context_.clock.now();
  }

  void complete_new() {
    app_.created = app_.releases.empty() ? context_.clock.now() : app_.releases.front().created;
    if (running_)
      app_.last = running_;
    else if (latest_start_)
      app_.last = latest_start_->second;
    wish(running_);
    add_build();
  }

  // An old copy of the state wished for what ran when it was made. What the engine shows came after that.
  void follow_what_is_newer() {
    const auto is_taken = [&](std::optional<ReleaseNumber> number) {
      return number && std::find(recovered_.releases.begin(), recovered_.releases.end(), number->text()) !=
                           recovered_.releases.end();
    };
    if (is_taken(running_)) {
      wish(running_);
      app_.last = running_;
    } else if (!running_ && latest_start_ && is_taken(latest_start_->second)) {
      wish({});
      app_.last = latest_start_->second;
    }
  }

  // The family's newest image is what `start new` begins from.
  void add_build() {
    std::optional<Image> newest;
    for (auto& image :
         context_.engine.images({.label = format("{}={}", labels::family, app_.name.text()), .reference = {}}, stop_))
      if (!newest || image.created > newest->created) newest = std::move(image);
    const Release* last = app_.last ? app_.find(*app_.last) : nullptr;
    if (last == nullptr || last->spec.services.size() != 1) return;
    Build build;
    build.number = 1;
    build.image = newest ? newest->id : last->images.begin()->second;
    build.tag = last->spec.services[0].image;
    build.configurations["default"] = {last->spec, true, true};
    build.created = context_.clock.now();
    build.who = context_.who;
    app_.builds.push_back(std::move(build));
  }

  change::Context& context_;
  const std::optional<App> known_;
  App app_;
  const std::vector<const Container*>& containers_;
  const World& world_;
  const std::stop_token stop_;
  std::set<std::pair<ReleaseNumber, std::string>> ended_well_;
  Recovered recovered_;
  std::map<std::pair<ReleaseNumber, std::string>, ReleaseNumber> taken_;  // by label and identity: the release's number
  std::optional<ReleaseNumber> running_;
  bool running_is_proved_ = false;
  std::optional<std::pair<Time, ReleaseNumber>> latest_start_;
};

}  // namespace

std::optional<App> forgotten(change::Context& context, const AppName& name, std::stop_token stop) {
  if (context.store.app(name)) return {};
  const auto containers = context.engine.containers({true, format("{}={}", labels::app, name.text())}, stop);
  std::vector<const Container*> own;
  for (const auto& container : containers) {
    const auto owner = container.owner();
    if (!owner || owner->app != name.text()) continue;
    if (owner->state != context.store.identity()) return {};
    own.push_back(&container);
  }
  if (own.empty()) return {};
  World world;
  world.volumes = context.engine.volumes({}, stop);
  world.networks = context.engine.networks(stop);
  Recovery recovery(context, name, own, world, stop);
  const Recovered recovered = recovery.run();
  return recovered.lost.empty() ? std::optional(recovery.app()) : std::nullopt;
}

std::vector<Recovered> recover(change::Context& context, const TakeOver& how, std::stop_token stop) {
  const auto containers = context.engine.containers({true, labels::app}, stop);
  std::map<std::string, std::vector<const Container*>> by_app;
  for (const auto& container : containers)
    if (const auto owner = container.owner()) by_app[owner->app].push_back(&container);
  World world;
  if (!by_app.empty()) {
    world.volumes = context.engine.volumes({}, stop);
    world.networks = context.engine.networks(stop);
  }
  std::vector<Recovered> all;
  for (const auto& [text, its_containers] : by_app) {
    const AppName name(text);
    // A preview writes nothing, and can be had where nothing can be written.
    std::optional<FileLock> lock;
    if (!how.dry_run) lock.emplace(lock_app_as_found(context, name, stop));
    Recovery recovery(context, name, its_containers, world, stop);
    Recovered recovered = recovery.run();
    if (!recovery.changes_something()) continue;
    recovered.refused = !recovered.lost.empty() && !how.lossy;
    if (!how.dry_run && !recovered.refused) {
      recovery.learn_files();
      context.store.save(recovery.app());
      write_journal(context, recovery.app(), "recover", "done", join(recovered.releases, ", "));
    }
    all.push_back(std::move(recovered));
  }
  return all;
}

}  // namespace belay::family
