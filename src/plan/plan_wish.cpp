#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "model/naming.h"
#include "plan/names.h"
#include "plan/planner.h"
#include "plan/verdict_terms.h"

namespace belay::plan {

namespace {

using Indices = std::vector<size_t>;

const RestartPolicy never{"no", 0};

RestartPolicy final_policy(const Service& service) {
  return service.restart.name.empty() ? RestartPolicy{"unless-stopped", 0} : service.restart;
}

Indices joined(Indices a, const Indices& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

// Builds the plan of one wish. The members are its working state; `plan` is the result.
class WishPlanner {
 public:
  explicit WishPlanner(const Situation& situation) : s_(situation), wish_(situation.app.wish) {
    for (const auto& exchange : wish_.data) {
      const auto held = s_.world.data.find(exchange.place);
      if (is_lost(exchange, s_.world))
        plan_.notes.push_back(text_of_lost(exchange));
      else if (held == s_.world.data.end() || held->second != exchange.content)
        exchanges_.push_back(exchange);
    }
  }

  Plan plan_down() {
    refuse_foreign_users();
    rename_as_wanted(s_.app.last);
    move_data(stop_all(running_except({}), "it should be down", prepared_));
    return std::move(plan_);
  }

  Plan plan_up() {
    const Release& release = s_.app.release(*wish_.release);
    const auto others = running_except(release.container_release());
    refuse_foreign_ports(release);
    refuse_foreign_users();
    find_copies(release);
    find_ending(release);
    prepare(release);

    const bool nothing_to_start =
        std::all_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
          const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
          return container != nullptr && container->is_up() && container->state != ContainerState::paused &&
                 !is_ending(container);
        });
    Indices done;
    if (!exchanges_.empty() || !copies_.empty()) {
      done = swap_with_data(release, others);
    } else if (wish_.way_back) {
      done = go_back(release, others);
    } else if (others.empty() || nothing_to_start) {
      done = take_names(release, release.spec.services, prepared_);
      done = start_and_prove(release, release.spec.services, done);
      stop_all(others, format("{} took its place", release.number.text()), done);
    } else if (release.spec.rolling && release.spec.services.size() > 1) {
      done = roll(release, others);
    } else {
      const SwapDecision decision = order_of(release.spec, others);
      plan_.notes.push_back(text_of(decision));
      done = swap(release, release.spec.services, decision, others, prepared_);
    }
    send_signals(release, done);
    return std::move(plan_);
  }

 private:
  // `made_for`: the release whose containers are left out.
  std::vector<const Container*> running_except(std::optional<ReleaseNumber> made_for) const {
    std::vector<const Container*> running;
    for (const auto& instance : instances(s_.app, s_.world))
      if (instance.release != made_for && instance.container->is_up()) running.push_back(instance.container);
    return running;
  }

  SwapDecision order_of(const Spec& next, const std::vector<const Container*>& others) const {
    if (s_.app.name.text() != s_.defaults.own_app || others.empty()) return decide_order(s_.app, next, others);
    App hurried = s_.app;
    hurried.wish.order = SwapOrder::start_first;
    SwapDecision decision = decide_order(hurried, next, others);
    if (decision.order == SwapOrder::stop_first)
      throw Conflict(format("Belay itself runs in {}, and its successor cannot run beside it: {}", s_.app.name.text(),
                            decision.reason),
                     "Let its definition publish no host port and have no fixed address.");
    decision.reason = "Belay itself runs in it";
    return decision;
  }

  static std::string text_of(const SwapDecision& decision) {
    return format(
        "{}: {}",
        decision.order == SwapOrder::stop_first ? "stop first, then start" : "start first, then stop the old one",
        decision.reason);
  }

  // Exchanges these services; `others` are the containers they replace. Returns what the rest must wait for.
  Indices swap(const Release& release, const std::vector<Service>& services, const SwapDecision& decision,
               const std::vector<const Container*>& others, const Indices& before) {
    if (decision.order == SwapOrder::stop_first) {
      const Indices named = take_names(release, services, before);
      const Indices stopped = stop_all(others, format("{} takes its place", release.number.text()), named);
      return start_and_prove(release, services, joined(named, stopped));
    }
    const Indices proved = start_and_prove(release, services, before);
    // The name leads clients to what proved itself, not to what may yet fail.
    const Indices named = take_names(release, services, proved);
    return joined(named, stop_all(others, format("{} took its place", release.number.text()), named));
  }

  // What failed stops and what ran before runs again. A container that hangs keeps nobody waiting: only where both
  // would write to the same data must it be down first. For a port or an address the stop is tried first, and the
  // engine has the last word.
  Indices go_back(const Release& release, const std::vector<const Container*>& others) {
    const auto& services = release.spec.services;
    const std::string reason = format("{} runs again", release.number.text());
    const Indices named = take_names(release, services, prepared_);
    if (others.empty()) return start_and_prove(release, services, named);
    App by_rule = s_.app;
    by_rule.wish.order = SwapOrder::by_rule;
    const SwapDecision decision = decide_order(by_rule, release.spec, others);
    if (decision.order == SwapOrder::stop_first) {
      const Indices stopped = stop_all(others, reason, named, decision.shares_data ? Needed::yes : Needed::no);
      return start_and_prove(release, services, joined(named, stopped));
    }
    const Indices stopped = stop_all(others, reason, named, Needed::no);
    return joined(stopped, start_and_prove(release, services, named));
  }

  // What runs stops, the data is copied and exchanged while nobody writes to it, the release starts.
  Indices swap_with_data(const Release& release, std::vector<const Container*> users) {
    for (const auto& service : release.spec.services) {
      const Container* own = find_instance(s_.app, s_.world, release.number, service.name);
      if (own == nullptr || !own->is_up()) continue;
      restarted_.push_back(own);
      users.push_back(own);
    }
    if (!users.empty())
      plan_.notes.push_back(exchanges_.empty() ? "stop first, then start: the data is copied in between"
                                               : "stop first, then start: the data is exchanged in between");
    const Indices named = take_names(release, release.spec.services, prepared_);
    const Indices stopped = stop_all(users, "nothing may write to the data meanwhile", named);
    return start_and_prove(release, release.spec.services, move_data(joined(named, stopped)));
  }

  // The copies come first: they are of what was there.
  Indices move_data(const Indices& before) {
    Indices copied = before;
    for (const auto& item : copies_) {
      const Snapshot& snapshot = *s_.app.find_snapshot(*wish_.snapshot);
      copied =
          joined(copied, {plan_.add(CopyData{item.place, item.kept}, format("snapshot {}", snapshot.text()), before)});
    }
    Indices moved = copied;
    for (const auto& exchange : exchanges_)
      moved = joined(moved, {plan_.add(ExchangeData{exchange.place, exchange.reserve, exchange.content},
                                       "what was there stays in reserve", copied)});
    return moved;
  }

  // What of the wished snapshot is missing. Once the release has started it may have written: then it is too late.
  void find_copies(const Release& release) {
    const Snapshot* snapshot = wish_.snapshot ? s_.app.find_snapshot(*wish_.snapshot) : nullptr;
    if (snapshot == nullptr || snapshot->complete) return;
    // Nothing else comes to write to what this release left.
    if (snapshot->release == release.number) return;
    const bool has_started =
        std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
          const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
          return container != nullptr && container->is_up();
        });
    if (has_started) return;
    for (const auto& item : snapshot->items)
      if (!s_.world.data.contains(item.kept)) copies_.push_back(item);
  }

  // What was cut off may have asked the engine to stop a container of this release, and the engine goes on with that:
  // up now, down in a moment. The policy that is set before each stop tells, unless it is the container's own; a
  // release that has yet to prove itself runs with it anyway.
  void find_ending(const Release& release) {
    if (!wish_.unfinished || release.verdict == Verdict::pending) return;
    for (const auto& service : release.spec.services) {
      const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
      if (container == nullptr || container->state != ContainerState::running) continue;
      const auto detail = s_.world.details.find(container->name);
      if (detail != s_.world.details.end() && detail->second.restart == never && final_policy(service) != never)
        ending_.push_back(container);
    }
  }
  bool is_ending(const Container* container) const {
    return std::find(ending_.begin(), ending_.end(), container) != ending_.end();
  }

  // Something below the place moves away with it; what has the folder above finds what is there under the name.
  bool is_within(const Mount& mount, const DataPlace& place) const {
    if (mount.source == place.source) return true;
    const auto inner = s_.world.where.find(mount.source), outer = s_.world.where.find(place.source);
    if (inner != s_.world.where.end() && outer != s_.world.where.end())
      return inner->second == outer->second || inner->second.starts_with(outer->second + "/");
    return place.kind == DataPlace::Kind::folder && mount.source.starts_with(place.source + "/");
  }

  // What runs and is none of ours goes on with the data it has open, whatever we put in its place.
  void refuse_foreign_users() const {
    const auto ours = instances(s_.app, s_.world);
    for (const auto& exchange : exchanges_)
      for (const auto& other : s_.world.containers) {
        if (!other.is_up()) continue;
        if (std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return i.container == &other; })) continue;
        if (std::none_of(other.mounts.begin(), other.mounts.end(),
                         [&](const Mount& mount) { return is_within(mount, exchange.place); }))
          continue;
        const auto owner = other.owner();
        throw Conflict(format("{} is in use by the container {}{}", belay::text_of(exchange.place), other.name,
                              owner ? format(" of the app {}", owner->app) : std::string(" (not Belay's)")),
                       owner ? format("Stop it with: belay stop {}", owner->app) : std::string("Stop that container."));
      }
  }

  // One service after the other, each with its own verdict: the first that fails ends it while the rest still run.
  Indices roll(const Release& release, const std::vector<const Container*>& others) {
    Indices before = prepared_;
    std::vector<const Container*> rest = others;
    for (const auto& service : release.spec.services) {
      std::vector<const Container*> own;
      for (const auto& instance : instances(s_.app, s_.world))
        if (instance.service == service.name && std::find(rest.begin(), rest.end(), instance.container) != rest.end())
          own.push_back(instance.container);
      Spec alone = release.spec;
      alone.services = {service};
      // One of another service may hold what this one needs: it cannot wait for its own turn.
      App hurried = s_.app;
      hurried.wish.order = SwapOrder::start_first;
      for (const Container* other : rest)
        if (std::find(own.begin(), own.end(), other) == own.end() &&
            decide_order(hurried, alone, {other}).order == SwapOrder::stop_first)
          own.push_back(other);
      std::erase_if(rest, [&](const Container* c) { return std::find(own.begin(), own.end(), c) != own.end(); });
      const SwapDecision decision = order_of(alone, own);
      plan_.notes.push_back(format("{}, {}", service.name, text_of(decision)));
      before = swap(release, {service}, decision, own, before);
    }
    return joined(before, stop_all(rest, format("{} has no such service", release.number.text()), before));
  }

  // Those it tells that it has started; what does not run needs no telling.
  void send_signals(const Release& release, const Indices& after) {
    const bool starts = std::any_of(plan_.actions.begin(), plan_.actions.end(), [](const Action& action) {
      return std::holds_alternative<StartContainer>(action.step);
    });
    if (!starts) return;
    for (const auto& [name, signal] : release.spec.signals)
      if (const Container* container = s_.world.find(name); container != nullptr && container->is_up())
        add_in_time(SignalContainer{name, signal}, format("{} has started", s_.app.name.text()), after, Seconds(0),
                    true);
  }

  // In the scheme fixed: the services' own names go to this release's containers, whoever of ours bears them now.
  Indices take_names(const Release& release, const std::vector<Service>& services, const Indices& before) {
    if (s_.app.scheme != NamingScheme::fixed) return before;
    Indices last = before;
    for (const auto& service : services) {
      const std::string own = container_name(s_.app, service.name, release.number, s_.now, {});
      const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
      const std::string now = container != nullptr ? name_of(*container) : created_.at(service.name);
      if (now == own) continue;
      for (const auto& instance : instances(s_.app, s_.world)) {
        if (instance.container == container || name_of(*instance.container) != own) continue;
        last = {plan_.add(RenameContainer{own, displaced_name(s_.app, service.name, instance.release, s_.now,
                                                              [&](const std::string& name) { return is_taken(name); })},
                          "makes room for its successor", last)};
      }
      last = {plan_.add(RenameContainer{now, own}, "the current one bears the declared name", last)};
      if (container == nullptr) created_[service.name] = own;
    }
    return last;
  }

  // Now, or by what is planned so far.
  bool is_taken(const std::string& name) const {
    bool taken = s_.world.find(name) != nullptr;
    for (const auto& action : plan_.actions) {
      if (const auto* rename = std::get_if<RenameContainer>(&action.step)) {
        if (rename->from == name) taken = false;
        if (rename->to == name) taken = true;
      } else if (const auto* create = std::get_if<CreateContainer>(&action.step)) {
        if (create->name == name) taken = true;
      }
    }
    return taken;
  }

  // The name a container has once the planned renames are done.
  std::string name_of(const Container& container) const {
    std::string name = container.name;
    for (const auto& action : plan_.actions)
      if (const auto* rename = std::get_if<RenameContainer>(&action.step); rename != nullptr && rename->from == name)
        name = rename->to;
    return name;
  }

  // A host port that another app or a stranger holds is found before anything is touched.
  void refuse_foreign_ports(const Release& release) const {
    for (const auto& service : release.spec.services)
      for (const auto& port : service.ports)
        for (const auto& other : s_.world.containers) {
          if (!other.is_up()) continue;
          const auto ours = instances(s_.app, s_.world);
          if (std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return i.container == &other; })) continue;
          for (const auto& held : other.ports) {
            if (!clash(port, held)) continue;
            const auto owner = other.owner();
            const bool is_namesake = !s_.app.origin.empty() && other.name == s_.app.name.text();
            throw Conflict(format("host port {} is held by the container {}{}", *port.host_port, other.name,
                                  owner ? format(" of the app {}", owner->app) : std::string(" (not Belay's)")),
                           owner ? format("Stop it with: belay stop {}; or give {} another host port.", owner->app,
                                          s_.app.name.text())
                           : is_namesake
                               ? format("Hand it over with: belay apply --take-over {}", s_.app.name.text())
                               : format("Stop that container, or give {} another host port.", s_.app.name.text()));
          }
        }
  }

  void rename_as_wanted(std::optional<ReleaseNumber> wanted) {
    Indices last;
    for (const auto& rename : renames(s_, wanted)) {
      last = {plan_.add(RenameContainer{rename.from, rename.to}, rename.reason, last)};
      prepared_ = last;
    }
  }

  // Everything that can be done while the old one still runs.
  void prepare(const Release& release) {
    rename_as_wanted(release.number);
    Indices before_create = prepared_;
    for (const auto& service : release.spec.services)
      for (const auto& link : service.networks) {
        if (link.network == "bridge" || s_.world.find_network(link.network) != nullptr ||
            is_planned<CreateNetwork>(link.network))
          continue;
        before_create.push_back(
            plan_.add(CreateNetwork{link.network, labels::for_network(s_.app.name), false}, "it is missing"));
      }
    for (const auto& service : release.spec.services)
      for (const auto& mount : service.mounts) {
        if (mount.kind != Mount::Kind::volume || mount.source.empty()) continue;
        if (s_.world.find_volume(mount.source) != nullptr || is_planned<CreateVolume>(mount.source)) continue;
        before_create.push_back(plan_.add(CreateVolume{mount.source, labels::for_volume(s_.app.name, mount.target)},
                                          "for " + mount.target));
      }
    for (const auto& item : copies_)
      if (item.kept.kind == DataPlace::Kind::volume && s_.world.find_volume(item.kept.source) == nullptr)
        before_create.push_back(plan_.add(CreateVolume{item.kept.source, labels::for_reserve(s_.app.name, item.place)},
                                          "for the snapshot"));
    Indices ready = before_create;
    for (const auto& service : release.spec.services)
      ready = joined(ready, prepare_service(release, service, before_create));
    prepared_ = ready;
  }

  static std::string image_of(const Release& release, const Service& service) {
    const auto pinned = release.images.find(service.name);
    return pinned != release.images.end() ? pinned->second : service.image;
  }

  // ": image nginx:1.27.0-alpine (was 1.25.3-alpine)" where the last release had another reference.
  std::string image_news(const Service& service) const {
    const Release* last = s_.app.last ? s_.app.find(*s_.app.last) : nullptr;
    if (last == nullptr || service.image.empty() || service.image.starts_with("sha256:")) return {};
    for (const Service& before : last->spec.services) {
      if (before.name != service.name || before.image.empty() || before.image.starts_with("sha256:")) continue;
      const ImageRef from = ImageRef::parse(before.image), to = ImageRef::parse(service.image);
      if (from.text() == to.text()) return {};
      const bool only_the_tag = from.repository == to.repository && from.digest.empty();
      return format(": image {} (was {})", service.image, only_the_tag ? from.tag : before.image);
    }
    return {};
  }

  // Whether a container has yet to be created from the image, be it another service's.
  bool is_needed(const Release& release, const std::string& image) const {
    return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
      return image_of(release, service) == image &&
             find_instance(s_.app, s_.world, release.number, service.name) == nullptr;
    });
  }

  Indices prepare_service(const Release& release, const Service& service, const Indices& before) {
    Indices ready;
    const std::string image = image_of(release, service);
    Indices before_create = before;
    const auto present = s_.world.images.find(image);
    const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
    const bool needed = is_needed(release, image);
    if (present == s_.world.images.end() && needed) {
      const auto digest = release.digests.find(service.name);
      if (digest == release.digests.end())
        throw NotFound(
            format("the image {} of {} {} is gone", short_digest(image), s_.app.name.text(), release.number.text()),
            format("belay build {} builds from today's files; other releases: belay releases {}", s_.app.name.text(),
                   s_.app.name.text()));
      before_create = joined(before_create, {pulled(digest->second)});
    }
    if (container == nullptr) {
      const std::string name = name_to_create(release, service);
      refuse_taken_name(name, release, service);
      created_[service.name] = name;
      const size_t created = plan_.add(
          CreateContainer{name, image, service,
                          labels::for_container({s_.app.name.text(), service.name, release.container_release(),
                                                 s_.app.scheme, release.identity, release.state}),
                          never},
          release.verdict == Verdict::pending ? "the new release" + image_news(service)
                                              : format("the container of {} is gone", release.number.text()),
          before_create);
      ready.push_back(created);
    }
    const std::string pin = pin_tag(s_.app.name, service.name, release.number);
    const bool is_pinned =
        present != s_.world.images.end() &&
        std::find(present->second.tags.begin(), present->second.tags.end(), pin) != present->second.tags.end();
    if (!is_pinned && (present != s_.world.images.end() || needed))
      ready.push_back(add_in_time(TagImage{image, pin}, why_pinned, before_create, Seconds(0), true));
    return ready;
  }

  // The pull of this image, once for all services that need it.
  size_t pulled(const std::string& reference) {
    for (size_t i = 0; i < plan_.actions.size(); ++i)
      if (const auto* pull = std::get_if<PullImage>(&plan_.actions[i].step); pull && pull->reference == reference)
        return i;
    return plan_.add(PullImage{reference}, "the release's image is not on this host");
  }

  // The name chosen when the release was made; in the scheme that renames, the one its container should have now.
  std::string name_to_create(const Release& release, const Service& service) const {
    if (s_.app.scheme == NamingScheme::dcv) {
      const Release* stable = s_.app.stable ? s_.app.find(*s_.app.stable) : nullptr;
      if (stable != nullptr && stable->container_release() == release.container_release())
        return stable_name(s_.app, service.name);
      return container_name(s_.app, service.name, release.number, s_.now, [](const std::string&) { return false; });
    }
    if (s_.app.scheme == NamingScheme::fixed) {
      const std::string own = container_name(s_.app, service.name, release.number, s_.now, {});
      const auto ours = instances(s_.app, s_.world);
      const bool held_by_us =
          std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return name_of(*i.container) == own; });
      if (!held_by_us) return own;
      return displaced_name(s_.app, service.name, release.container_release(), s_.now,
                            [&](const std::string& name) { return is_taken(name); });
    }
    const auto name = release.containers.find(service.name);
    if (name == release.containers.end())
      throw Error(format("{} {} has no name for its container", s_.app.name.text(), release.number.text()));
    return name->second;
  }

  void refuse_taken_name(const std::string& name, const Release& release, const Service& service) const {
    const Container* holder = s_.world.find(name);
    if (holder == nullptr || name_of(*holder) != name) return;
    const std::string take_over = s_.app.origin.empty() ? format("belay adopt {} {}", s_.app.name.text(), name)
                                                        : format("belay apply --take-over {}", s_.app.name.text());
    throw Conflict(format("the container name {} for {} {} is taken by a container that is not {}'s", name,
                          s_.app.name.text(), release.number.text(), service.name),
                   format("Rename or remove that container, or take it over with: {}", take_over));
  }

  // Returns what the rest must wait for. On the way back all of it starts before any of it is judged, and what it is
  // like is not changed by a verdict: the engine goes on starting what does not stay up.
  Indices start_and_prove(const Release& release, const std::vector<Service>& services, Indices before) {
    Indices proved;
    std::vector<AwaitVerdict> verdicts;
    for (const auto& service : services) {
      const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
      const std::string name = container != nullptr ? name_of(*container) : created_.at(service.name);
      Indices last = before;
      if (container != nullptr) last = change_in_place(service, *container, name, last);
      bool is_stopped_here = std::find(restarted_.begin(), restarted_.end(), container) != restarted_.end();
      if (!is_stopped_here && is_ending(container)) {
        last = stop_all({container}, "what stopped it was cut off, and the engine may be at it still", last);
        is_stopped_here = true;
      }
      const bool is_paused = container != nullptr && container->state == ContainerState::paused && !is_stopped_here;
      const bool runs = container != nullptr && container->is_up() && !is_paused && !is_stopped_here;
      if (is_paused)
        last = {plan_.add(ResumeContainer{name}, why_start(release, container), last)};
      else if (!runs)
        last = {plan_.add(StartContainer{name}, why_start(release, is_stopped_here ? nullptr : container), last)};
      const bool is_judged = wish_.wait && (!runs || wish_.unfinished || !wish_.trouble.empty());
      if (is_judged && wish_.way_back)
        verdicts.push_back(verdict_on(release, service, name));
      else if (is_judged)
        last = {plan_.add(verdict_on(release, service, name), "the verdict", last)};
      last = settle_policy(service, container, name, is_stopped_here, last);
      proved = joined(proved, last);
      before = last;  // a later service may need the earlier one
    }
    const Indices started = proved.empty() ? before : proved;
    Indices judged = started;
    for (auto& verdict : verdicts)
      judged = joined(judged, {plan_.add(std::move(verdict), "it must prove itself again", started)});
    return judged;
  }

  // Once it runs as wished, the policy must hold; before, it must not restart by itself.
  Indices settle_policy(const Service& service, const Container* container, const std::string& name,
                        bool is_stopped_here, const Indices& last) {
    const auto detail = container == nullptr ? s_.world.details.end() : s_.world.details.find(container->name);
    const RestartPolicy policy = final_policy(service);
    if (detail != s_.world.details.end() && detail->second.restart == policy && !is_stopped_here) return last;
    const std::string why = wish_.way_back ? "as before"
                            : wish_.wait   ? "it proved that it stays up"
                                           : "no verdict was asked for";
    return {add_in_time(SetRestartPolicy{name, policy}, why, last, Seconds(0), wish_.way_back)};
  }

  // What the engine can change on a container that is there: limits that differ, networks it should be in or leave.
  Indices change_in_place(const Service& service, const Container& container, const std::string& name, Indices last) {
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
  bool is_ours(const std::string& network, const std::string& service) const {
    return std::any_of(s_.app.releases.begin(), s_.app.releases.end(), [&](const Release& release) {
      return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& other) {
        return other.name == service && std::any_of(other.networks.begin(), other.networks.end(),
                                                    [&](const NetworkLink& link) { return link.network == network; });
      });
    });
  }

  std::string why_start(const Release& release, const Container* container) const {
    if (container == nullptr || container->state == ContainerState::created)
      return format("{} should be up", release.number.text());
    return format("{} should be up, it is {}", release.number.text(), to_text(container->state));
  }

  AwaitVerdict verdict_on(const Release& release, const Service& service, const std::string& name) const {
    const auto id = release.images.find(service.name);
    const auto image = id == release.images.end() ? s_.world.images.end() : s_.world.images.find(id->second);
    const auto settle = wish_.settle ? wish_.settle : release.spec.settle;
    const auto timeout = wish_.wait_timeout ? wish_.wait_timeout : release.spec.wait_timeout;
    return verdict_terms(name, service, image == s_.world.images.end() ? nullptr : &image->second, {settle, timeout},
                         s_.defaults);
  }

  enum class Needed { no, yes };

  // `needed`: whether the rest can only go on when they are down.
  Indices stop_all(const std::vector<const Container*>& containers, const std::string& reason, Indices before,
                   Needed needed = Needed::yes) {
    Indices stopped;
    for (const Container* container : containers) {
      const std::string name = name_of(*container);
      const auto detail = s_.world.details.find(container->name);
      Indices last = before;
      if (detail == s_.world.details.end() || detail->second.restart.name != "no")
        last = {add_in_time(SetRestartPolicy{name, never}, "it must stay down once it is stopped", before, Seconds(0),
                            wish_.way_back)};
      std::optional<Seconds> patience = s_.defaults.stop_timeout;
      if (!patience && detail != s_.world.details.end() && detail->second.service.stop_timeout)
        patience = Seconds(*detail->second.service.stop_timeout);
      stopped.push_back(add_in_time(StopContainer{name, s_.defaults.stop_timeout}, reason, last,
                                    patience.value_or(Seconds(10)), needed == Needed::no));
    }
    return stopped;
  }

  // On the way back from a failure nothing may hang for long, and a trifle must not be in the way.
  size_t add_in_time(Step step, const std::string& reason, Indices after, Seconds patience, bool may_fail) {
    const size_t index = plan_.add(std::move(step), reason, std::move(after));
    if (!wish_.way_back) return index;
    plan_.actions[index].may_fail = may_fail;
    if (patience >= Seconds(0)) plan_.actions[index].deadline = Milliseconds(patience) + s_.defaults.grace;
    return index;
  }

  template <class Kind>
  bool is_planned(const std::string& name) const {
    return std::any_of(plan_.actions.begin(), plan_.actions.end(), [&](const Action& action) {
      const auto* step = std::get_if<Kind>(&action.step);
      return step != nullptr && step->name == name;
    });
  }

  const Situation& s_;
  const Wish& wish_;
  Plan plan_;
  Indices prepared_;  // what must be done before anything stops
  // Service → the name that the container planned for it has, by what is planned so far.
  std::map<std::string, std::string> created_;
  std::vector<DataExchange> exchanges_;        // those that do not hold yet
  std::vector<Snapshot::Item> copies_;         // those that are missing
  std::vector<const Container*> restarted_{};  // of the release itself: stopped for the sake of the data
  std::vector<const Container*> ending_{};     // of the release itself: up, but perhaps not for long
};

}  // namespace

bool is_lost(const DataExchange& exchange, const World& world) {
  const auto holds = [&](const DataPlace& place) {
    const auto held = world.data.find(place);
    return held != world.data.end() && held->second == exchange.content;
  };
  if (holds(exchange.place) || holds(exchange.reserve)) return false;
  // Where the place can be seen, so could the reserve. Volumes that the engine does not have are gone for certain.
  if (world.data.contains(exchange.place)) return true;
  return exchange.place.kind == DataPlace::Kind::volume && world.find_volume(exchange.place.source) == nullptr &&
         world.find_volume(exchange.reserve.source) == nullptr;
}

std::string text_of_lost(const DataExchange& exchange) {
  return format("{} is gone, with what {} was to hold: that stays as it is", text_of(exchange.reserve),
                text_of(exchange.place));
}

Plan plan_names(const Situation& situation) {
  Plan plan;
  std::vector<size_t> last;
  const auto& wish = situation.app.wish;
  for (const auto& rename : renames(situation, wish.state == Wish::State::up ? wish.release : situation.app.last))
    last = {plan.add(RenameContainer{rename.from, rename.to}, rename.reason, last)};
  return plan;
}

Plan plan_wish(const Situation& situation) {
  refuse_unknown(situation.app, sort_out(situation.app, situation.world));
  switch (situation.app.wish.state) {
    case Wish::State::up:
      return WishPlanner(situation).plan_up();
    case Wish::State::down:
      return WishPlanner(situation).plan_down();
    case Wish::State::gone:
      return plan_removal(situation, situation.app.wish.lose_data);
    case Wish::State::none:
      break;
  }
  return {};
}

}  // namespace belay::plan
