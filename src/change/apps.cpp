#include "change/apps.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <set>
#include <span>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "base/time_limit.h"
#include "change/whereabouts.h"
#include "data/reserve.h"
#include "model/naming.h"
#include "model/origin.h"
#include "state/store.h"

namespace belay::change {

namespace {

struct Inspection {
  std::optional<ContainerDetail> detail;
  bool has_answered = true;
};

Inspection inspect(engine::Engine& engine, const std::string& name, const std::stop_token& stop) {
  constexpr Milliseconds longer_than_most_starts{15'000};
  const TimeLimit limit(longer_than_most_starts, stop);
  try {
    return {engine.container(name, limit.token())};
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    return {{}, false};
  }
}

}  // namespace

std::optional<ContainerDetail> inspected(engine::Engine& engine, const std::string& name, std::stop_token stop) {
  return inspect(engine, name, stop).detail;
}

namespace {

// The engine goes on with a start whose client was killed, and lists the container as down until it is up. Whoever asks
// for the container itself waits for that. One that it does not answer for in time may come up whenever it likes.
void wait_for_starts(engine::Engine& engine, const App& app, World& world, const std::stop_token& stop) {
  std::set<std::string> down, unanswered;
  for (const auto& instance : plan::instances(app, world))
    if (!instance.container->is_up()) down.insert(instance.container->name);
  if (down.empty()) return;
  for (const auto& name : down)
    if (!inspect(engine, name, stop).has_answered) unanswered.insert(name);
  world.containers = engine.containers({}, stop);
  note_starting(world, unanswered);
}

}  // namespace

Overtaken::Overtaken(const AppName& name)
    : Conflict(ErrorCode::plan_outdated, format("another command has changed {} in the meantime", name.text()),
               format("belay why {} tells how it is now.", name.text())) {}

void note_starting(World& world, const std::set<std::string>& names) {
  for (const auto& name : names)
    if (const Container* container = world.find(name); container != nullptr && !container->is_up())
      world.starting.insert(name);
}

FileLock lock_app(Context& context, const AppName& name, std::stop_token stop) {
  FileLock lock = lock_app_as_found(context, name, stop);
  const App app = context.store.app(name).value_or(App(name));
  if (context.for_wish_since && app.wish.since != *context.for_wish_since) throw Overtaken(name);
  World world;
  world.containers = context.engine.containers({true, format("{}={}", labels::app, name.text())}, stop);
  plan::refuse_unknown(app, plan::sort_out(app, world));
  return lock;
}

FileLock lock_app_as_found(Context& context, const AppName& name, std::stop_token stop) {
  const LockRequest request{state::lock_file(context.store.folder(), name),
                            format("{} (pid {}, {})", context.command, ::getpid(), context.who), context.wait_for_lock};
  return doing(format("locking {}", name.text()), [&] {
    return FileLock::take(
        request, context.clock,
        [&](const std::string& holder) { context.report.note(format("waiting for {} to finish", holder)); }, stop);
  });
}

App known_app(Context& context, const AppName& name, std::stop_token stop) {
  if (auto app = context.store.app(name)) return std::move(*app);
  if (context.store.service(name.text()))
    throw NotFound(ErrorCode::app_not_found,
                   format("there is no app {0}; {0} is a service, which has its own commands", name.text()),
                   format("belay service help {0} lists them; belay service backup {0} FILE, belay service update {0}",
                          name.text()));
  const auto names = context.store.app_names();
  if (const std::string near = did_you_mean(name.text(), names); !near.empty())
    throw NotFound(ErrorCode::app_not_found, format("there is no app {}", name.text()), near);
  if (!context.engine.containers({true, format("{}={}", labels::app, name.text())}, stop).empty())
    throw NotFound(ErrorCode::app_not_found,
                   format("the state has no app {}, though the engine has containers of it", name.text()),
                   "belay recover rebuilds the state from the engine.");
  if (context.engine.container(name.text(), stop))
    throw NotFound(ErrorCode::app_not_found,
                   format("there is no app {0}; {0} is a container that is not Belay's", name.text()),
                   format("belay adopt {} takes it over; docker logs and docker inspect show it.", name.text()));
  throw NotFound(ErrorCode::app_not_found, format("there is no app {}", name.text()),
                 names.empty()
                     ? std::string("Make the first one with: belay up, in the folder of its Compose file, or belay "
                                   "build NAME, beside its Dockerfile.")
                     : std::string("belay ls shows the apps."));
}

ReleaseNumber new_number(Context& context, const App& app, const Spec& spec, std::stop_token stop) {
  int number = app.next_release().value;
  for (const auto& container : context.engine.containers({true, format("{}={}", labels::app, app.name.text())}, stop))
    if (const auto owner = container.owner()) number = std::max(number, owner->release.value + 1);
  for (const auto& service : spec.services) {
    const std::string pin = pin_tag(app.name, service.name, {1});
    const std::string repository = pin.substr(0, pin.rfind(':'));
    for (const auto& image : context.engine.images({.label = {}, .reference = repository}, stop))
      for (const auto& tag : image.tags)
        if (tag.starts_with(repository + ":r"))
          if (const auto pinned = parse_number(tag.substr(repository.size() + 2)); pinned && *pinned < 1'000'000'000)
            number = std::max(number, static_cast<int>(*pinned) + 1);
  }
  return {number};
}

namespace {

// The releases that a container with these labels is made for.
std::vector<Release*> releases_of(App& app, const labels::Owner& owner) {
  std::vector<Release*> releases;
  for (auto& release : app.releases)
    if (release.container_release(owner.service) == owner.release &&
        release.container_identity(owner.service) == owner.identity)
      releases.push_back(&release);
  return releases;
}

}  // namespace

void forget_creations(App& app, const plan::Plan& plan) {
  for (const auto& action : plan.actions)
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step))
      if (const auto owner = labels::owner(create->labels))
        for (Release* release : releases_of(app, *owner)) release->container_created.erase(owner->service);
}

void record_creations(Context& context, App& app, const plan::Plan& plan) {
  const bool creates = std::any_of(plan.actions.begin(), plan.actions.end(), [](const plan::Action& action) {
    return std::holds_alternative<plan::CreateContainer>(action.step);
  });
  if (!creates) return;
  World world;
  try {
    world.containers = context.engine.containers({true, format("{}={}", labels::app, app.name.text())}, {});
  } catch (const Error&) {
    return;
  }
  for (const auto& instance : plan::instances(app, world))
    if (const auto owner = instance.container->owner())
      for (Release* release : releases_of(app, *owner))
        release->container_created.try_emplace(owner->service, instance.container->created);
}

namespace {

// What is at the places that the wishes exchange, and where those are.
void add_data(World& world, std::span<const App> apps) {
  std::vector<DataPlace> places, reserves;
  for (const auto& app : apps) {
    for (const auto* exchanges : {&app.wish.data, &app.wish.fallback_data})
      for (const auto& exchange : *exchanges) {
        places.push_back(exchange.place);
        places.push_back(exchange.reserve);
      }
    if (const Snapshot* snapshot = app.wish.snapshot ? app.find_snapshot(*app.wish.snapshot) : nullptr)
      for (const auto& item : snapshot->items) reserves.push_back(item.kept);
  }
  if (!places.empty() || !reserves.empty()) world.data = data::Reserves(world.volumes).contents(places, reserves);
  for (const auto& app : apps) {
    look_up_where(world, app.wish.data);
    look_up_what_is_written(world, app);
  }
}

}  // namespace

World observe(engine::Engine& engine, const App& app, std::stop_token stop) {
  World world;
  world.containers = engine.containers({}, stop);
  if (app.wish.is_unfinished()) wait_for_starts(engine, app, world, stop);
  world.volumes = engine.volumes({}, stop);
  world.networks = engine.networks(stop);
  for (auto& image : engine.images({.label = format("{}={}", labels::family, app.name.text()), .reference = {}}, stop))
    world.images[image.id] = std::move(image);
  std::set<std::string> asked;
  for (const auto& release : app.releases)
    for (const auto& [service, id] : release.images) {
      const bool is_wished = app.wish.release() == release.number;
      // A list has no configuration; the plan of the wished release needs its health check.
      if ((world.images.contains(id) && !is_wished) || !asked.insert(id).second) continue;
      if (auto image = engine.image(id, stop)) world.images[id] = std::move(*image);
    }
  add_data(world, {&app, 1});
  const Release* wished = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  for (const auto& instance : plan::instances(app, world)) {
    const bool is_wished = wished != nullptr && instance.release == wished->container_release(instance.service);
    if (!instance.container->is_up() && !is_wished) continue;
    if (world.starting.contains(instance.container->name)) continue;
    auto detail = inspected(engine, instance.container->name, stop);
    if (!detail) continue;
    // A container that ended a moment ago is shown up by the list; the engine answers when it has cleared it away.
    const auto listed = std::find_if(world.containers.begin(), world.containers.end(),
                                     [&](const Container& each) { return &each == instance.container; });
    listed->state = detail->container.state;
    listed->health = detail->container.health;
    listed->exit_code = detail->container.exit_code;
    world.details.insert_or_assign(listed->name, std::move(*detail));
  }
  return world;
}

namespace {

// Asks for each of them, several at a time. Throws what the first that fails throws.
template <class Key, class Ask>
auto asked_for_all(const std::set<Key>& keys, const Ask& ask) {
  using Answer = decltype(ask(*keys.begin()));
  constexpr size_t at_a_time = 8;
  const std::vector<Key> all(keys.begin(), keys.end());
  std::vector<Answer> answers(all.size());
  std::atomic<size_t> next{0};
  std::vector<std::future<void>> helpers;
  for (size_t i = 0; i < std::min(at_a_time, all.size()); ++i)
    helpers.push_back(std::async(std::launch::async, [&] {
      for (size_t mine = next++; mine < all.size(); mine = next++) answers[mine] = ask(all[mine]);
    }));
  for (auto& helper : helpers) helper.wait();
  for (auto& helper : helpers) helper.get();
  std::map<Key, Answer> found;
  for (size_t i = 0; i < all.size(); ++i) found.emplace(all[i], std::move(answers[i]));
  return found;
}

void add_images(World& world, engine::Engine& engine, const std::vector<App>& apps, std::stop_token stop) {
  for (auto& image : engine.images({}, stop)) world.images[image.id] = std::move(image);
  std::set<std::string> wanted;
  for (const auto& app : apps)
    for (const auto& release : app.releases)
      for (const auto& [service, id] : release.images)
        // A list has no configuration; the plan of the wished release needs its health check.
        if (app.wish.release() == release.number || !world.images.contains(id)) wanted.insert(id);
  for (auto& [id, image] : asked_for_all(wanted, [&](const std::string& one) { return engine.image(one, stop); }))
    if (image) world.images[id] = std::move(*image);
}

// As `inspect`; a failure for one says nothing of the others.
Inspection inspect_if_possible(engine::Engine& engine, const std::string& name, const std::stop_token& stop) {
  try {
    return inspect(engine, name, stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

// As wait_for_starts, of all that are unfinished at once.
void wait_for_all_starts(engine::Engine& engine, const std::vector<App>& apps, World& world,
                         const std::stop_token& stop) {
  std::set<std::string> down, unanswered;
  for (const auto& app : apps)
    if (app.wish.is_unfinished())
      for (const auto& instance : plan::instances(app, world))
        if (!instance.container->is_up()) down.insert(instance.container->name);
  if (down.empty()) return;
  for (const auto& [name, inspection] :
       asked_for_all(down, [&](const std::string& one) { return inspect_if_possible(engine, one, stop); }))
    if (!inspection.has_answered) unanswered.insert(name);
  world.containers = engine.containers({}, stop);
  note_starting(world, unanswered);
}

void add_details(World& world, engine::Engine& engine, const std::vector<App>& apps, std::stop_token stop) {
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < world.containers.size(); ++i) places.emplace(world.containers[i].name, i);
  std::set<std::string> wanted;
  for (const auto& app : apps) {
    const Release* wished = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
    for (const auto& instance : plan::instances(app, world))
      if (instance.container->is_up() ||
          (wished != nullptr && instance.release == wished->container_release(instance.service)))
        wanted.insert(instance.container->name);
  }
  for (const auto& name : world.starting) wanted.erase(name);
  for (auto& [name, inspection] :
       asked_for_all(wanted, [&](const std::string& one) { return inspect_if_possible(engine, one, stop); })) {
    auto& detail = inspection.detail;
    if (!detail) continue;
    Container& listed = world.containers[places.at(name)];
    listed.state = detail->container.state;
    listed.health = detail->container.health;
    listed.exit_code = detail->container.exit_code;
    world.details.insert_or_assign(name, std::move(*detail));
  }
}

}  // namespace

World observe_all(engine::Engine& engine, const std::vector<App>& apps, std::stop_token stop) {
  World world;
  world.containers = engine.containers({}, stop);
  wait_for_all_starts(engine, apps, world, stop);
  world.volumes = engine.volumes({}, stop);
  world.networks = engine.networks(stop);
  add_images(world, engine, apps, stop);
  add_data(world, apps);
  add_details(world, engine, apps, stop);
  return world;
}

namespace {

constexpr Milliseconds settled{60'000}, longest_round{3'600'000};

std::optional<Time> time_made(const Container& container) {
  if (const auto seconds = parse_number(container.created)) return Time(Seconds(*seconds));
  return parse_time(container.created);
}

// Up for a moment after a restart; or restarted several times, each after less than an hour, and not up for longer than
// usual by now.
bool is_between_restarts(const ContainerDetail& detail, Time since, Time now) {
  if (detail.restart_count == 0 || !detail.container.is_up() || !detail.started) return false;
  const auto up = now - *detail.started;
  if (up < settled) return true;
  constexpr int enough = 3;
  // The engine counts from when somebody started it.
  const Time made = time_made(detail.container).value_or(since);
  const Time begin = since < *detail.started ? std::max(since, made) : made;
  const auto round = (*detail.started - begin) / detail.restart_count;
  return detail.restart_count >= enough && round <= longest_round && up < 2 * std::max<Time::duration>(round, settled);
}

}  // namespace

bool may_be_in_a_loop(const Container& container, const std::optional<Time>& proved, Time now) {
  if (container.state == ContainerState::restarting) return true;
  if (!container.up_for || *container.up_for >= 2 * longest_round) return false;
  // The list tells whole seconds and minutes, rounded down, up to an hour; it is a moment old. A clock may have been
  // ahead when the release proved itself.
  constexpr Milliseconds inexact_start{2'000};
  if (proved && *proved <= now && *container.up_for < longest_round &&
      now - *container.up_for <= *proved + inexact_start)
    return false;
  if (*container.up_for < settled) return true;
  // What is up since it was made was never restarted. The list tells full minutes, and full hours later.
  const auto made = time_made(container);
  const Milliseconds inexact = *container.up_for < longest_round ? settled * 2 : longest_round;
  return !made || now - *made > *container.up_for + inexact;
}

std::optional<std::string> restart_loop(const ContainerDetail& detail, Time since, Time now) {
  const bool is_restarting = detail.container.state == ContainerState::restarting;
  if (!is_restarting && !is_between_restarts(detail, since, now)) return {};
  if (detail.restart_count <= 1)
    return format("its container {} exited (exit code {}) and {} restarted", detail.container.name, detail.exit_code,
                  is_restarting ? "is being" : "was");
  return format("its container {} keeps exiting (exit code {}, restarted {} times)", detail.container.name,
                detail.exit_code, detail.restart_count);
}

std::optional<std::string> restart_loop(const App& app, const World& world, Time now) {
  if (!app.wish.is<goal::Run>() || !app.wish.release()) return {};
  const Release* release = app.find(*app.wish.release());
  if (release == nullptr) return {};
  for (const auto& service : release->spec.services)
    if (const Container* container = plan::find_instance(app, world, release->number, service.name))
      if (const auto detail = world.details.find(container->name); detail != world.details.end())
        if (auto loop = restart_loop(detail->second, app.wish.since, now)) return loop;
  return {};
}

std::optional<std::string> unanswered(const App& app, const World& world) {
  for (const auto& instance : plan::instances(app, world))
    if (instance.container->is_up() && !world.details.contains(instance.container->name))
      return format("the engine does not answer for its container {}", instance.container->name);
  return {};
}

std::string first_start_hint(const App& app) {
  if (!app.builds.empty()) return format("Start it with: belay start {} new", app.name.text());
  if (kind_of_origin(app) != Origin::family) return format("Start it with: {}", command_of_origin(app));
  return format(
      "Build it first: belay build {}, beside its Dockerfile (or take an image: belay deploy {} --image REF).",
      app.name.text(), app.name.text());
}

const Release& release_of_data(const App& app) {
  const auto number = what_runs(app) ? what_runs(app) : app.last;
  if (const Release* release = number ? app.find(*number) : nullptr) return *release;
  throw NotFound(ErrorCode::release_not_found, format("{} has never run: it has no data yet", app.name.text()),
                 first_start_hint(app));
}

std::optional<ReleaseNumber> what_runs(const App& app) {
  if (!app.wish.is<goal::Run>()) return app.wish.is_unfinished() ? app.wish.fallback : std::nullopt;
  return app.wish.is_unfinished() ? app.wish.fallback : app.wish.release();
}

const Release* ran_until_stopped(const App& app) {
  if (!app.wish.is<goal::Stopped>() || app.wish.is_unfinished() || !app.last) return nullptr;
  return app.find(*app.last);
}

std::vector<std::string> unkept_of(Context& context, const std::string& container, std::stop_token stop) {
  std::vector<std::string> lost;
  for (const auto& setting : context.engine.unkept_settings(container, stop))
    lost.push_back(format("{}: {}", container, setting.text()));
  return lost;
}

std::vector<GoneImage> gone_images(engine::Engine& engine, const App& app, std::stop_token stop) {
  std::set<std::string> present, absent;
  for (const auto& image : engine.images({}, stop)) present.insert(image.id);
  std::vector<GoneImage> gone;
  for (const auto& release : app.releases)
    for (const auto& [service, image] : release.images) {
      if (present.contains(image)) continue;
      // Lists leave out what is only another image's parent.
      if (!absent.contains(image) && engine.image(image, stop)) {
        present.insert(image);
        continue;
      }
      absent.insert(image);
      const auto digest = release.digests.find(service);
      gone.push_back({release.number, service, image, digest == release.digests.end() ? "" : digest->second});
    }
  return gone;
}

std::vector<GoneImage> gone_images(const World& world, const App& app) {
  std::vector<GoneImage> gone;
  for (const auto& release : app.releases)
    for (const auto& [service, image] : release.images) {
      if (world.images.contains(image)) continue;
      const auto digest = release.digests.find(service);
      gone.push_back({release.number, service, image, digest == release.digests.end() ? "" : digest->second});
    }
  return gone;
}

std::string gone_text(const std::vector<GoneImage>& gone) {
  std::vector<std::string> texts;
  for (const auto& image : gone) {
    std::string text = image.release.text() + (image.digest.empty() ? "" : " (can be pulled again)");
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
  }
  return join(texts, ", ");
}

void record_names(App& app, const World& world, const plan::Plan& plan) {
  for (const auto& instance : plan::instances(app, world)) {
    Release* release = app.find(instance.release);
    if (release == nullptr) continue;
    std::string name = instance.container->name;
    for (const auto& action : plan.actions)
      if (const auto* rename = std::get_if<plan::RenameContainer>(&action.step);
          rename != nullptr && rename->from == name)
        name = rename->to;
    release->containers[instance.service] = std::move(name);
  }
}

void write_journal(Context& context, const App& app, const JournalVerb& verb, const JournalOutcome& outcome,
                   const std::string& text, std::optional<ReleaseNumber> release) {
  JournalEntry entry;
  entry.time = context.clock.now();
  entry.app = app.name.text();
  entry.release = release;
  entry.who = context.who;
  entry.verb = verb;
  entry.outcome = outcome;
  entry.text = text;
  context.store.append(entry);
}

bool record_if_possible(Context& context, const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    context.report.warning(error.what());
    return false;
  }
}

}  // namespace belay::change
