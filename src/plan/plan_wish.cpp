#include <algorithm>
#include <map>

#include "base/format.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "model/naming.h"
#include "plan/names.h"
#include "plan/order.h"
#include "plan/sequence.h"
#include "plan/subjects.h"
#include "plan/wish_planner.h"

namespace belay::plan {

namespace {

std::string text_of_decision(const SwapDecision& decision) {
  return format(
      "{}: {}",
      decision.order == SwapOrder::stop_first ? "stop first, then start" : "start first, then stop the old one",
      decision.reason);
}

template <class List>
void append(List& list, const List& more) {
  list.insert(list.end(), more.begin(), more.end());
}

}  // namespace

Indices joined(Indices a, const Indices& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

WishPlanner::WishPlanner(const Situation& situation)
    : s_(situation), wish_(situation.app.wish), instances_(instances(situation.app, situation.world)) {
  for (const auto& exchange : wish_.data) {
    const auto held = s_.world.data.find(exchange.place);
    if (is_lost(exchange, s_.world))
      plan_.notes.push_back(text_of_lost(exchange));
    else if (held == s_.world.data.end() || held->second != exchange.content)
      exchanges_.push_back(exchange);
  }
}

Plan WishPlanner::plan_down() {
  refuse_foreign_users();
  rename_as_wanted(s_.app.last);
  move_data(stop_all(running_except(nullptr), "it should be down", prepared_));
  return std::move(plan_);
}

Plan WishPlanner::plan_up() {
  const Release& release = s_.app.release(*wish_.release());
  refuse_foreign_ports(release);
  refuse_foreign_users();
  find_definitions(release);
  find_copies(release);
  find_ending(release);
  prepare(release);
  std::vector<Member> members = members_of(release);
  find_restarts(release, members);
  Indices done;
  if (!exchanges_.empty() || !copies_.empty() || !remade_.empty())
    done = swap_with_data(release, members);
  else if (wish_.rollback)
    done = go_back(release, members);
  else
    done = exchange(release, members);
  done = look_after_the_unchanged(release, members, done);
  send_signals(release, done);
  if (s_.app.scheme == NamingScheme::compose) remove_displaced(release, done);
  return std::move(plan_);
}

WishPlanner::ContainerList WishPlanner::running_except(const Release* made_for) const {
  ContainerList running;
  for (const auto& instance : instances_) {
    const bool is_of_it = made_for != nullptr && !wish_.is_held_down(instance.service) &&
                          instance.release == made_for->container_release(instance.service) &&
                          std::any_of(made_for->spec.services.begin(), made_for->spec.services.end(),
                                      [&](const Service& service) { return service.name == instance.service; });
    if (!is_of_it && s_.world.may_be_up(*instance.container)) running.push_back(instance.container);
  }
  return running;
}

const Instance* WishPlanner::instance_of(const Container* container) const {
  const auto found = std::find_if(instances_.begin(), instances_.end(),
                                  [&](const Instance& instance) { return instance.container == container; });
  return found == instances_.end() ? nullptr : &*found;
}

// In an order in which each comes after those that it needs.
std::vector<WishPlanner::Member> WishPlanner::members_of(const Release& release) const {
  const auto others = running_except(&release);
  std::vector<Member> members;
  for (const size_t index : in_order_of_needs(release.spec)) {
    const std::string& name = release.spec.services[index].name;
    if (wish_.is_held_down(name) || wish_.run()->makes.contains(name)) continue;
    Member& member = members.emplace_back();
    member.service = &release.spec.services[index];
    member.container = find_instance(s_.app, s_.world, release.number, member.service->name);
    member.runs = is_done(*member.service, member.container) && !is_ending(member.container);
    for (const Container* other : others)
      if (instance_of(other)->service == member.service->name) member.displaced.push_back(other);
  }
  return members;
}

// Those that are restarted whenever what they need is, directly or through others.
void WishPlanner::find_restarts(const Release& release, std::vector<Member>& members) const {
  const auto started = [&](const Member& member) -> std::optional<Time> {
    if (member.container == nullptr) return {};
    const auto detail = s_.world.details.find(member.container->name);
    return detail == s_.world.details.end() ? std::nullopt : detail->second.started;
  };
  const auto& to_restart = wish_.run()->restart;
  // In the order of needs: what a service needs is settled before it.
  for (Member& member : members) {
    if (release.runs_to_its_end(*member.service)) continue;
    const auto asked = to_restart.find(member.service->name);
    if (asked != to_restart.end() && member.container != nullptr && member.container->is_up() &&
        started(member) == asked->second)
      member.restarts = true;
    if (!member.runs) continue;
    for (const Need& need : all_needs(*member.service)) {
      if (!need.restart) continue;
      const auto other = std::find_if(members.begin(), members.end(),
                                      [&](const Member& each) { return each.service->name == need.service; });
      if (other == members.end()) continue;
      // A change that was cut off may have come as far as the other one.
      const auto mine = started(member), its = started(*other);
      const bool is_late = wish_.is_unfinished() && mine && its && *mine < *its;
      member.restarts = member.restarts || other->is_active() || is_late;
    }
  }
}

SwapDecision WishPlanner::order_of(const Release& release, const Members& members, const ContainerList& others) const {
  Incoming next(release.spec);
  next.services.clear();
  for (const Member* member : members)
    if (!member->runs) next.services.push_back(member->service);
  if (s_.app.name.text() != s_.defaults.own_app || others.empty())
    return decide_order(s_.app, s_.world, wish_.terms.order, next, release.spec.volumes, others);
  SwapDecision decision = decide_order(s_.app, s_.world, SwapOrder::start_first, next, release.spec.volumes, others);
  if (decision.order == SwapOrder::stop_first)
    throw Conflict(ErrorCode::port_held,
                   format("Belay itself runs in {}, and its successor cannot run beside it: {}", s_.app.name.text(),
                          decision.reason),
                   "Let its definition publish no host port and have no fixed address.");
  decision.reason = "Belay itself runs in it";
  return decision;
}

// Whether the service can only start when one of these containers has stopped. `at_once`: shared data counts as well.
bool WishPlanner::is_in_the_way(const Member& member, const ContainerList& others, bool at_once) const {
  if (member.runs) return false;
  const SwapOrder asked = at_once ? SwapOrder::by_rule : SwapOrder::start_first;
  Incoming alone;
  alone.services = {member.service};
  const auto& defined = s_.app.release(*wish_.release()).spec.volumes;
  return std::any_of(others.begin(), others.end(), [&](const Container* other) {
    return decide_order(s_.app, s_.world, asked, alone, defined, {other}).order == SwapOrder::stop_first;
  });
}

// Exchanges what is to be exchanged, part by part; where the release rolls, one part after the other, each with a
// verdict of its own: the first that fails ends it while the rest still run.
Indices WishPlanner::exchange(const Release& release, std::vector<Member>& members) {
  const bool rolls = release.spec.rolling && members.size() > 1;
  ContainerList left = left_over(members);
  const auto blocks = [&](const Member& member, const Container* other) {
    return is_in_the_way(member, {other}, !rolls);
  };
  const auto found = parts(members.size(), [&](size_t a, size_t b) {
    const Member &one = members[a], &other = members[b];
    if (!one.is_active() || !other.is_active()) return false;
    return need_each_other(*one.service, *other.service) || is_in_the_way(one, other.displaced, !rolls) ||
           is_in_the_way(other, one.displaced, !rolls) ||
           std::any_of(left.begin(), left.end(),
                       [&](const Container* each) { return blocks(one, each) && blocks(other, each); });
  });
  Indices done;
  Indices before = prepared_;
  for (const Part& part : found) {
    Members own;
    ContainerList others;
    for (const size_t index : part) {
      own.push_back(&members[index]);
      append(others, members[index].displaced);
    }
    for (const Member* member : own)
      for (const Container* each : left)
        if (blocks(*member, each) && std::find(others.begin(), others.end(), each) == others.end())
          others.push_back(each);
    std::erase_if(left, [&](const Container* c) { return std::find(others.begin(), others.end(), c) != others.end(); });
    const Indices swapped = swap(release, own, others, rolls ? before : prepared_);
    done = joined(done, swapped);
    before = swapped;
  }
  ContainerList held_down;
  for (const Container* each : left)
    if (wish_.is_held_down(instance_of(each)->service)) held_down.push_back(each);
  std::erase_if(
      left, [&](const Container* c) { return std::find(held_down.begin(), held_down.end(), c) != held_down.end(); });
  done = joined(done, stop_all(held_down, "it should be down", done));
  return joined(done, stop_all(left, format("{} has no such service", release.number.text()), done));
}

// What runs of services that the release does not have.
WishPlanner::ContainerList WishPlanner::left_over(const std::vector<Member>& members) const {
  ContainerList left = running_except(&s_.app.release(*wish_.release()));
  for (const Member& member : members)
    std::erase_if(left, [&](const Container* container) {
      return std::find(member.displaced.begin(), member.displaced.end(), container) != member.displaced.end();
    });
  return left;
}

// Exchanges these services; `others` are the containers they replace. Returns what the rest must wait for.
Indices WishPlanner::swap(const Release& release, const Members& members, const ContainerList& others,
                          const Indices& before) {
  const bool nothing_to_start =
      std::all_of(members.begin(), members.end(), [](const Member* member) { return member->runs; });
  const bool only_restarts =
      others.empty() && std::any_of(members.begin(), members.end(), [](const Member* each) { return each->restarts; });
  if ((others.empty() || nothing_to_start) && !only_restarts) {
    const Indices proved = start_and_prove(release, members, assign_names(release, members, before));
    return joined(proved, stop_all(others, format("{} took its place", release.number.text()), proved));
  }
  if (only_restarts) {
    const Indices named = assign_names(release, members, before);
    const Indices stopped = stop_restarted(members, named);
    return start_and_prove(release, members, joined(named, stopped));
  }
  const SwapDecision decision = order_of(release, members, others);
  std::vector<std::string> names;
  for (const Member* member : members) names.push_back(member->service->name);
  plan_.notes.push_back(members.size() == release.spec.services.size()
                            ? text_of_decision(decision)
                            : format("{}, {}", join(names, ", "), text_of_decision(decision)));
  if (decision.order == SwapOrder::stop_first) {
    const Indices named = assign_names(release, members, before);
    ContainerList stopping = others;
    for (const Member* member : members)
      if (member->restarts) stopping.push_back(member->container);
    restarted_.insert(stopping.begin() + static_cast<std::ptrdiff_t>(others.size()), stopping.end());
    const Indices stopped = stop_all(stopping, format("{} takes its place", release.number.text()), named);
    return start_and_prove(release, members, joined(named, stopped));
  }
  const Indices proved = start_and_prove(release, members, before);
  // The name leads clients to what proved itself, not to what may yet fail.
  const Indices named = assign_names(release, members, proved);
  return joined(named, stop_all(others, format("{} took its place", release.number.text()), named));
}

// Those that are to start anew, against their needs.
Indices WishPlanner::stop_restarted(const Members& members, const Indices& before) {
  ContainerList stopping;
  for (const Member* member : members)
    if (member->restarts) {
      stopping.push_back(member->container);
      restarted_.insert(member->container);
    }
  return stop_all(stopping, "restart", before);
}

// What failed stops and what ran before runs again. Nothing waits for a container that hangs, but where both would
// write to the same data: there it must be down first. For a port or an address the stop is tried first, and the engine
// has the last word.
Indices WishPlanner::go_back(const Release& release, std::vector<Member>& all) {
  Members members;
  for (Member& member : all) members.push_back(&member);
  const ContainerList others = running_except(&release);
  const std::string reason = format("{} runs again", release.number.text());
  const Indices named = assign_names(release, members, prepared_);
  if (others.empty()) return start_and_prove(release, members, named);
  Incoming next(release.spec);
  std::erase_if(next.services, [&](const Service* service) {
    return std::any_of(members.begin(), members.end(), [&](const Member* member) {
      return member->service->name == service->name && member->runs && !member->restarts;
    });
  });
  const SwapDecision decision = decide_order(s_.app, s_.world, SwapOrder::by_rule, next, release.spec.volumes, others);
  if (decision.order == SwapOrder::stop_first) {
    const Indices stopped = stop_all(others, reason, named, decision.shares_data ? Needed::yes : Needed::no);
    return start_and_prove(release, members, joined(named, stopped));
  }
  const Indices stopped = stop_all(others, reason, named, Needed::no);
  return joined(stopped, start_and_prove(release, members, named));
}

// What runs and has the data stops, the data is copied and exchanged while nothing writes to it, networks are made
// anew while nothing is in them, the release starts.
Indices WishPlanner::swap_with_data(const Release& release, std::vector<Member>& all) {
  Members members;
  ContainerList users = running_except(&release);
  for (Member& member : all) {
    members.push_back(&member);
    if (member.container == nullptr || !s_.world.may_be_up(*member.container) ||
        (!uses_data(*member.container) && !is_in_a_remade_network(*member.container)))
      continue;
    // The clock starts it again when it is its turn.
    if (member.service->scheduled)
      users.push_back(member.container);
    else
      member.restarts = true;
  }
  find_restarts(release, all);
  for (const Member& member : all)
    if (member.restarts) {
      users.push_back(member.container);
      restarted_.insert(member.container);
    }
  if (!users.empty())
    plan_.notes.push_back(!exchanges_.empty() ? "stop first, then start: the data is exchanged in between"
                          : !copies_.empty()  ? "stop first, then start: the data is copied in between"
                                              : "stop first, then start: a network is made anew in between");
  const Indices named = assign_names(release, members, prepared_);
  const bool moves_data = !exchanges_.empty() || !copies_.empty();
  const Indices stopped =
      stop_all(users, moves_data ? "nothing may write to the data meanwhile" : "its network is made anew", named);
  const Indices moved = move_data(joined(named, stopped));
  return start_and_prove(release, members, remake_networks(release, members, moved));
}

// What was cut off may have asked the engine to stop a container of this release, and the engine goes on with that:
// up now, down in a moment. The policy that is set before each stop tells, unless it is the container's own; a release
// that has yet to prove itself runs with it anyway.
void WishPlanner::find_ending(const Release& release) {
  if (!wish_.is_unfinished() || release.verdict == Verdict::pending) return;
  for (const auto& service : release.spec.services) {
    const Container* container = find_instance(s_.app, s_.world, release.number, service.name);
    if (container == nullptr || container->state != ContainerState::running) continue;
    const auto detail = s_.world.details.find(container->name);
    if (detail != s_.world.details.end() && detail->second.restart.name == "no" && final_policy(service).name != "no")
      ending_.push_back(container);
  }
}

bool WishPlanner::is_ending(const Container* container) const {
  return std::find(ending_.begin(), ending_.end(), container) != ending_.end();
}

// Other tools start every stopped container of a Compose project, so none that was displaced stays: two would write to
// one volume. A release that is gone back to is made anew, from its images and settings.
void WishPlanner::remove_displaced(const Release& release, const Indices& after) {
  for (const auto& instance : instances_) {
    const bool is_of_it = instance.release == release.container_release(instance.service) &&
                          std::any_of(release.spec.services.begin(), release.spec.services.end(),
                                      [&](const Service& service) { return service.name == instance.service; });
    if (is_of_it) continue;
    const std::string why = wish_.rollback     ? format("{} failed", instance.release.text())
                            : wish_.terms.wait ? format("{} proved itself", release.number.text())
                                               : format("{} took its place", release.number.text());
    const size_t index =
        add_in_time(RemoveContainer{name_of(*instance.container)}, why, joined(prepared_, after), Seconds(0), true);
    // The change itself has succeeded; the next plan removes what is left.
    plan_.actions[index].may_fail = true;
  }
}

// Those that are told when it has started; what does not run needs no telling.
void WishPlanner::send_signals(const Release& release, const Indices& after) {
  const bool starts = std::any_of(plan_.actions.begin(), plan_.actions.end(), [](const Action& action) {
    return std::holds_alternative<StartContainer>(action.step);
  });
  if (!starts) return;
  for (const auto& [name, signal] : release.spec.signals)
    if (const Container* container = s_.world.find(name); container != nullptr && container->is_up())
      add_in_time(SignalContainer{name, signal}, format("{} has started", s_.app.name.text()), after, Seconds(0), true);
}

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

Plan plan_room(const Situation& situation, const std::set<std::string>& names, const std::string& reason) {
  Plan renaming;
  Indices last;
  std::set<std::string> taken;
  for (const auto& container : situation.world.containers) taken.insert(container.name);
  for (const auto& instance : instances(situation.app, situation.world)) {
    const std::string& name = instance.container->name;
    if (!names.contains(name)) continue;
    const std::string aside = displaced_name(
        situation.app, service_of(situation.app, instance.release, instance.service), instance.release, situation.now,
        [&](const std::string& other) { return taken.contains(other) || names.contains(other); });
    taken.insert(aside);
    last = {renaming.add(RenameContainer{name, aside}, reason, last)};
  }
  App down = situation.app;
  down.wish = {};
  down.wish.goal = goal::Stopped{};
  // The scheme that renames would give the names back with the stop.
  const bool stops_first = situation.app.scheme == NamingScheme::dcv;
  const World world = stops_first ? situation.world : as_planned(situation.world, renaming);
  Plan stopping = plan_wish({down, world, situation.now, situation.defaults});
  for (auto& action : stopping.actions)
    if (std::holds_alternative<StopContainer>(action.step)) action.reason = reason;
  Plan plan = stops_first ? in_sequence(std::move(stopping), renaming) : in_sequence(std::move(renaming), stopping);
  name_subjects(plan, situation.app, situation.world);
  return plan;
}

Plan plan_names(const Situation& situation) {
  Plan plan;
  std::vector<size_t> last;
  const auto& wish = situation.app.wish;
  for (const auto& rename : renames(situation, wish.is<goal::Run>() ? wish.release() : situation.app.last))
    last = {plan.add(RenameContainer{rename.from, rename.to}, rename.reason, last)};
  return plan;
}

namespace {

Plan plan_of_state(const Situation& situation) {
  return std::visit(
      Overloaded{[](const goal::None&) { return Plan(); },
                 [&](const goal::Run&) { return WishPlanner(situation).plan_up(); },
                 [&](const goal::Stopped&) { return WishPlanner(situation).plan_down(); },
                 [&](const goal::Removed& removed) { return plan_removal(situation, removed.with_data); }},
      situation.app.wish.goal);
}

}  // namespace

Plan plan_wish(const Situation& situation) {
  refuse_unknown(situation.app, sort_out(situation.app, situation.world));
  Plan plan = plan_of_state(situation);
  name_subjects(plan, situation.app, situation.world);
  return plan;
}

}  // namespace belay::plan
