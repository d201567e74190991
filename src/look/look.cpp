#include "look/look.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/change.h"
#include "change/clean.h"
#include "change/kept_files.h"
#include "change/quarantine.h"
#include "family/family_release.h"
#include "family/parameters.h"
#include "look/beside_compose.h"
#include "look/errand_text.h"
#include "look/unfinished.h"
#include "look/whose.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "safekeeping/restore.h"
#include "state/store.h"
#include "updates/window.h"

namespace belay::look {

namespace {

std::vector<std::string> port_texts(const std::vector<PortBinding>& ports) {
  std::vector<std::string> texts;
  for (const auto& port : ports) texts.push_back(port.text());
  return texts;
}

AppState state_of(ContainerState state) {
  switch (state) {
    case ContainerState::created:
      return AppState::created;
    case ContainerState::running:
      return AppState::running;
    case ContainerState::paused:
      return AppState::paused;
    case ContainerState::restarting:
      return AppState::restarting;
    case ContainerState::exited:
      return AppState::exited;
    case ContainerState::dead:
      return AppState::dead;
    case ContainerState::removing:
      return AppState::removing;
  }
  return AppState::dead;
}

AppState summary_state(const Wish& wish, bool has_releases, const Container* container) {
  if (wish.is_unfinished()) return AppState::unfinished;
  if (!wish.trouble.empty()) return AppState::in_trouble;
  if (container == nullptr) {
    if (wish.is<goal::Run>()) return AppState::missing;
    return has_releases ? AppState::stopped : AppState::built;
  }
  if (!container->is_up() && !wish.is<goal::Run>()) return AppState::stopped;
  return state_of(container->state);
}

// How many images there are beside this one.
int more_images(const std::map<std::string, std::string>& images, const std::string& shown) {
  std::set<std::string> others;
  for (const auto& [service, image] : images)
    if (image != shown) others.insert(image);
  return static_cast<int>(others.size());
}

// Whose image a table shows of several: the one that failed, else the first. nullptr: there is none.
const Service* service_to_tell(const Release& release) {
  const auto& services = release.spec.services;
  if (services.empty()) return nullptr;
  const auto failed = std::find_if(services.begin(), services.end(), [&](const Service& service) {
    return services.size() > 1 && release.proof(service.name).verdict == Verdict::failed;
  });
  return failed == services.end() ? &services.front() : &*failed;
}

// What a table shows of an app, made of what a full one knows.
state::Outline outline_of(const App& app) {
  state::Outline outline(app.name);
  outline.wish = app.wish;
  outline.last = app.last;
  outline.stable = app.stable;
  outline.autostart = app.autostart;
  outline.release_count = static_cast<int>(app.releases.size());
  if (const Build* build = app.latest_build()) outline.built = {build->tag, build->image};
  for (const auto& release : app.releases) {
    state::ReleaseOutline& row = outline.releases.emplace_back();
    row.number = release.number;
    row.identity = release.identity;
    row.verdict = release.verdict;
    if (!release.spec.services.empty()) {
      row.first_service = release.spec.services[0].name;
      row.reference = release.spec.services[0].image;
    }
    row.images = release.images;
    row.containers = release.containers;
    row.bodies = release.bodies;
    for (const auto& service : release.spec.services)
      if (release.runs_to_its_end(service)) row.jobs.insert(service.name);
  }
  return outline;
}

std::optional<ReleaseNumber> shown_release(const Wish& wish, const std::optional<ReleaseNumber>& last) {
  return wish.is<goal::Run>() ? wish.release() : last;
}

std::string without_tag(const std::string& reference) {
  const size_t colon = reference.rfind(':');
  const bool is_of_tag = colon != std::string::npos && reference.find('/', colon) == std::string::npos;
  return is_of_tag ? reference.substr(0, colon) : reference;
}

// Whether the tag by which the image is called means another one by now: a later build, or a later try, took it.
bool has_moved_on(const state::Outline& app, const AppSummary& row) {
  if (row.image.empty() || row.image_id.empty() || row.image.find('@') != std::string::npos) return false;
  if (app.built.reference == row.image && app.built.image != row.image_id) return true;
  if (app.releases.empty()) return false;
  const state::ReleaseOutline& newest = app.releases.back();
  const auto image = newest.images.find(newest.first_service);
  return newest.reference == row.image && image != newest.images.end() && image->second != row.image_id;
}

// How a container's state reads: of a job its end, of what somebody stopped that it is held.
AppState instance_state(const Container* container, bool is_job, bool is_held) {
  if (container == nullptr) return is_held ? AppState::held : AppState::missing;
  if (container->is_up()) return state_of(container->state);
  if (is_held) return AppState::held;
  if (is_job && container->state == ContainerState::exited)
    return container->exit_code == 0 ? AppState::done : AppState::failed;
  return state_of(container->state);
}

InstanceRow instance_row(const Wish& wish, const std::string& service, bool is_job, const Container* container) {
  InstanceRow row;
  row.service = service;
  const bool is_held = wish.is<goal::Run>() && wish.is_held_down(service);
  row.should_run = wish.is<goal::Run>() && !is_job && !is_held;
  row.state = instance_state(container, is_job, is_held);
  if (container == nullptr) return row;
  row.container = container->name;
  row.image_id = container->image_id;
  row.is_up = container->is_up();
  row.status = container->status;
  row.ports = container->ports;
  row.health = container->health;
  return row;
}

int severity(const InstanceRow& row) {
  if (row.should_run && !row.is_up) return 4;
  if (row.state == AppState::restarting) return 3;
  if (row.health == Health::unhealthy) return 2;
  return row.health == Health::starting ? 1 : 0;
}

// Which of them speaks for the app: the one that is worst off, else the first.
const Container* speaker(const Wish& wish, const std::set<std::string>& jobs,
                         const std::vector<std::pair<std::string, const Container*>>& containers) {
  const Container* chosen = nullptr;
  int worst = -1;
  for (const auto& [service, container] : containers) {
    const InstanceRow row = instance_row(wish, service, jobs.contains(service), container);
    const bool counts = row.should_run || !wish.is<goal::Run>() || containers.size() == 1;
    if (!counts || container == nullptr || severity(row) <= worst) continue;
    worst = severity(row);
    chosen = container;
  }
  return chosen;
}

// `containers`: those of the release that is shown, by service; nullptr where there is none.
AppSummary summary_of(const state::Outline& app,
                      const std::vector<std::pair<std::string, const Container*>>& containers) {
  const state::ReleaseOutline* shown_one =
      shown_release(app.wish, app.last) ? app.find(*shown_release(app.wish, app.last)) : nullptr;
  const std::set<std::string> jobs = shown_one != nullptr ? shown_one->jobs : std::set<std::string>();
  const Container* container = speaker(app.wish, jobs, containers);
  AppSummary row;
  row.name = app.name.text();
  row.unfinished = app.wish.is_unfinished();
  row.trouble = app.wish.trouble;
  row.autostart = app.autostart;
  if (app.stable) row.stable = app.stable->text();
  const auto shown = shown_release(app.wish, app.last);
  if (shown) row.release = shown->text();
  row.image = app.built.reference;
  row.image_id = app.built.image;
  if (const state::ReleaseOutline* release = shown ? app.find(*shown) : nullptr) {
    row.verdict = release->verdict;
    row.image = release->reference;
    const auto first = release->images.find(release->first_service);
    row.image_id = first == release->images.end() ? "" : first->second;
    std::set<std::string> all;
    for (const auto& [service, image] : release->images) all.insert(image);
    row.more_images = std::max(0, static_cast<int>(all.size()) - 1);
  }
  if (container != nullptr) {
    row.container = container->name;
    row.status = container->status;
    row.ports = container->ports;
    row.health = container->health;
  }
  // The first service's own container may still run what another tag of it was.
  for (const auto& [service, each] : containers)
    if (each != nullptr && (containers.size() == 1 || (shown_one != nullptr && service == shown_one->first_service)))
      row.image_id = each->image_id;
  if (has_moved_on(app, row)) row.image = format("{}@{}", without_tag(row.image), short_digest(row.image_id));
  row.state = summary_state(app.wish, app.release_count > 0, container);
  for (const auto& [service, each] : containers)
    row.instances.push_back(instance_row(app.wish, service, jobs.contains(service), each));
  // What is to end is not wrong when it has.
  if (row.instances.size() == 1 && app.wish.is<goal::Run>() && jobs.contains(row.instances[0].service) &&
      row.state == AppState::exited)
    row.state = row.instances[0].state;
  if (const UpCount count = count_up(row.instances);
      !row.unfinished && row.trouble.empty() && count.up > 0 && count.up < count.wanted)
    row.state = AppState::partial;
  if (!app.releases.empty()) {
    const state::ReleaseOutline& newest = app.releases.back();
    if (newest.verdict == Verdict::failed && (!shown || newest.number > *shown)) row.last_failed = newest.number.text();
  }
  return row;
}

// Who is at work on what is unfinished; empty: that was interrupted.
std::string at_work(const state::Store& store, const AppName& app, const Wish& wish) {
  if (!wish.is_unfinished()) return {};
  return FileLock::holder_of(state::lock_path(store.folder(), app)).value_or("");
}

// Services of the wished release that somebody stopped, by the names that a user gives them.
std::vector<std::string> held_services(const App& app) {
  std::vector<std::string> held;
  const Release* release = app.wish.is<goal::Run>() ? app.find(*app.wish.release()) : nullptr;
  if (release == nullptr) return held;
  for (const auto& service : release->spec.services) {
    if (!app.wish.is_held_down(service.name)) continue;
    held.push_back(shown_service(*release, service));
  }
  return held;
}

// What only a closer look tells.
void add_detail(AppSummary& row, const ContainerDetail& detail, Time since, Time now) {
  if (!change::restart_loop(detail, since, now)) return;
  row.restarts = detail.restart_count;
  if (!row.unfinished && row.trouble.empty()) row.state = AppState::restarting;
}

// As a user writes them: a replica is one of its service's.
void name_replicas(const Release& release, AppSummary& row) {
  for (auto& instance : row.instances)
    for (const auto& service : release.spec.services)
      if (service.name == instance.service) {
        instance.number = service.number;
        instance.service = service.group_name();
        break;
      }
}

// `world` needs only its containers.
AppSummary summary_of(const App& app, const World& world) {
  const auto shown = shown_release(app.wish, app.last);
  const Release* release = shown ? app.find(*shown) : nullptr;
  std::vector<std::pair<std::string, const Container*>> containers;
  if (release != nullptr)
    for (const auto& service : release->spec.services)
      containers.emplace_back(service.name, plan::find_instance(app, world, release->number, service.name));
  AppSummary row = summary_of(outline_of(app), containers);
  if (release != nullptr) name_replicas(*release, row);
  return row;
}

// An outline knows no replicas. Most apps have none, and are not read for it: one is called like another service, with
// a number.
void name_replicas(change::Context& context, AppSummary& row) {
  const auto is_numbered = [&](const InstanceRow& each) {
    const size_t dash = each.service.rfind('-');
    return dash != std::string::npos && parse_number(each.service.substr(dash + 1)) &&
           std::any_of(row.instances.begin(), row.instances.end(),
                       [&](const InstanceRow& other) { return other.service == each.service.substr(0, dash); });
  };
  if (std::none_of(row.instances.begin(), row.instances.end(), is_numbered)) return;
  const auto app = context.store.app(AppName(row.name));
  const Release* release = app ? app->find(ReleaseNumber::parse(row.release)) : nullptr;
  if (release != nullptr) name_replicas(*release, row);
}

World containers_only(change::Context& context, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, stop);
  return world;
}

// What is wished and does not run is wanted.
std::vector<Mark> marks_of(const App& app, const Release& release, const World& world) {
  std::vector<Mark> marks;
  if (app.wish.is<goal::Run>() && app.wish.release() == release.number) {
    const auto ours = plan::instances(app, world);
    const bool runs = std::any_of(ours.begin(), ours.end(), [&](const auto& instance) {
      return instance.release == release.container_release(instance.service) && instance.container->is_up();
    });
    marks.push_back(runs && !app.wish.is_unfinished() ? Mark::running : Mark::wanted);
  }
  if (app.last == release.number) marks.push_back(Mark::last);
  if (app.stable == release.number) marks.push_back(Mark::stable);
  if (change::is_quarantined(app, release)) marks.push_back(Mark::quarantined);
  return marks;
}

ReleaseNumber release_shown(const App& app, const std::string& which) {
  if (which == "stable") {
    if (app.stable) return *app.stable;
    throw NotFound(ErrorCode::release_not_found, format("no release of {} is marked stable", app.name.text()),
                   format("Mark the one that runs with: belay stable {}", app.name.text()));
  }
  if (!which.empty() && which != "last") return app.release(ReleaseNumber::parse(which)).number;
  const auto shown = which.empty() && app.wish.is<goal::Run>() ? app.wish.release() : app.last;
  if (shown) return *shown;
  // What failed at its first start is what one looks at.
  if (which.empty() && !app.releases.empty()) return app.releases.back().number;
  throw NotFound(ErrorCode::release_not_found, format("nothing of {} has run yet", app.name.text()),
                 change::first_start_hint(app));
}

std::vector<VolumeRow> volume_rows(change::Context& context, const AppName& name, const Service& service,
                                   std::stop_token stop) {
  std::vector<VolumeRow> rows;
  const auto volumes = context.engine.volumes({}, stop);
  for (const auto& mount : service.mounts) {
    VolumeRow row;
    row.volume = mount.source;
    row.mount_point = mount.target;
    row.kind = mount.kind;
    row.read_only = mount.read_only;
    if (mount.kind == Mount::Kind::bind) {
      std::error_code error;
      row.exists = fs::exists(mount.source, error);
      row.host_path = mount.source;
    }
    for (const auto& volume : volumes) {
      if (mount.kind != Mount::Kind::volume || volume.name != mount.source) continue;
      row.exists = true;
      row.host_path = volume.mount_point;
      const auto label = volume.labels.find(labels::app);
      row.ours = label != volume.labels.end() && label->second == name.text();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string_view to_text(AppState state) {
  switch (state) {
    case AppState::built:
      return "built";
    case AppState::stopped:
      return "stopped";
    case AppState::missing:
      return "missing";
    case AppState::partial:
      return "partial";
    case AppState::held:
      return "held";
    case AppState::done:
      return "done";
    case AppState::failed:
      return "failed";
    case AppState::unfinished:
      return "unfinished";
    case AppState::in_trouble:
      return "in_trouble";
    case AppState::created:
      return "created";
    case AppState::running:
      return "running";
    case AppState::paused:
      return "paused";
    case AppState::restarting:
      return "restarting";
    case AppState::exited:
      return "exited";
    case AppState::dead:
      return "dead";
    case AppState::removing:
      return "removing";
  }
  return "";
}

std::string_view to_text(Mark mark) {
  switch (mark) {
    case Mark::running:
      return "running";
    case Mark::wanted:
      return "wanted";
    case Mark::last:
      return "last";
    case Mark::stable:
      return "stable";
    case Mark::quarantined:
      return "quarantined";
    case Mark::failed:
      return "failed";
  }
  return "";
}

std::vector<std::string> to_texts(const std::vector<Mark>& marks) {
  std::vector<std::string> words;
  for (const Mark mark : marks) words.emplace_back(to_text(mark));
  return words;
}

std::vector<std::string> names(change::Context& context) {
  return context.store.app_names();
}

std::vector<std::string> release_names(change::Context& context, const AppName& name) {
  const auto app = context.store.app(name);
  if (!app)
    throw NotFound(ErrorCode::app_not_found, format("there is no app {}", name.text()), "belay ls shows the apps.");
  std::vector<std::string> names;
  for (auto release = app->releases.rbegin(); release != app->releases.rend(); ++release)
    names.push_back(release->number.text());
  return names;
}

namespace {

bool has_its_image(const state::ReleaseOutline& release, const labels::Owner& owner, const Container& container) {
  const auto image = release.images.find(owner.service);
  return image == release.images.end() || image->second == container.image_id;
}

// Whether the labels name the release, or the one whose container its service goes on with.
bool is_named(const state::ReleaseOutline& release, const labels::Owner& owner) {
  const auto body = release.bodies.find(owner.service);
  const ReleaseNumber number = body == release.bodies.end() ? release.number : body->second.release;
  const std::string& identity = body == release.bodies.end() ? release.identity : body->second.identity;
  return identity == owner.identity && (!identity.empty() || number == owner.release);
}

// A list, its labels read once, and found by app and by name however long it is.
class Listed {
 public:
  explicit Listed(const World& world) : world_(world) {
    for (size_t i = 0; i < world.containers.size(); ++i) {
      owners_.push_back(world.containers[i].owner());
      if (owners_.back()) by_app_[owners_.back()->app].push_back(i);
      by_name_.emplace(world.containers[i].name, i);
    }
  }

  // The containers of the release that is shown, by service; nullptr where there is none.
  std::vector<std::pair<std::string, const Container*>> shown(const state::Outline& app) const {
    const auto number = shown_release(app.wish, app.last);
    const state::ReleaseOutline* release = number ? app.find(*number) : nullptr;
    std::vector<std::pair<std::string, const Container*>> found;
    if (release == nullptr) return found;
    for (const auto& [service, name] : release->containers) found.emplace_back(service, nullptr);
    const auto take = [&](const std::string& service, const Container& candidate) {
      const auto recorded = release->containers.find(service);
      for (auto& [each, container] : found)
        // Of several the one that has the name: the others are copies that somebody made.
        if (each == service &&
            (container == nullptr || (recorded != release->containers.end() && recorded->second == candidate.name)))
          container = &candidate;
    };
    for (const size_t place : candidates(app, *release)) {
      const Container& candidate = world_.containers[place];
      const auto& owner = owners_[place];
      if (owner && owner->app == app.name.text() && is_named(*release, *owner) &&
          has_its_image(*release, *owner, candidate))
        take(owner->service, candidate);
      if (owner) continue;
      // Adopted ones carry no labels: the state knows their names.
      for (const auto& [service, name] : release->containers)
        if (name == candidate.name) take(service, candidate);
    }
    return found;
  }

 private:
  // In the order of the list.
  std::set<size_t> candidates(const state::Outline& app, const state::ReleaseOutline& release) const {
    std::set<size_t> places;
    if (const auto own = by_app_.find(app.name.text()); own != by_app_.end())
      places.insert(own->second.begin(), own->second.end());
    for (const auto& [service, name] : release.containers)
      if (const auto named = by_name_.find(name); named != by_name_.end()) places.insert(named->second);
    return places;
  }

  const World& world_;
  std::vector<std::optional<labels::Owner>> owners_;  // of the world's containers, in their order
  std::map<std::string, std::vector<size_t>> by_app_;
  std::map<std::string, size_t> by_name_;
};

// Those of apps that this state does not know, one row an app.
std::vector<AppSummary> unknown_apps(const World& world, const std::set<std::string>& known) {
  std::map<std::string, AppSummary> rows;
  for (const auto& container : world.containers) {
    const auto owner = container.owner();
    if (!owner || known.contains(owner->app)) continue;
    // Of several containers the one that runs speaks for the app.
    const auto [row, is_first] = rows.try_emplace(owner->app);
    if (!is_first && !container.is_up()) continue;
    row->second = {};
    row->second.name = owner->app;
    row->second.release = owner->release.text();
    row->second.state = state_of(container.state);
    row->second.container = container.name;
    row->second.status = container.status;
    // Older engines show the id itself of an image that a container was created from by id.
    if (!container.image.starts_with("sha256:")) row->second.image = container.image;
    row->second.image_id = container.image_id;
    row->second.ports = container.ports;
    row->second.known = false;
  }
  std::vector<AppSummary> all;
  for (auto& [name, row] : rows) all.push_back(std::move(row));
  return all;
}

}  // namespace

UpCount count_up(const std::vector<InstanceRow>& instances) {
  UpCount count;
  for (const auto& row : instances) {
    if (!row.should_run) continue;
    ++count.wanted;
    if (row.is_up) ++count.up;
  }
  return count;
}

namespace {

void add_backup(AppSummary& row, safekeeping::BackupHealth health, Time now) {
  row.backup_trouble = trouble_text(health, now);
  row.backup_is_late = health.is_late(now);
  row.backup = std::move(health);
}

// A few questions to the state, however many apps there are.
void add_backups(change::Context& context, std::vector<AppSummary>& rows) {
  const Time now = context.clock.now();
  auto health = safekeeping::backup_health_of_all(context.store, now);
  std::map<std::string, std::vector<Errand>> errands;
  for (auto& errand : context.store.errands({})) errands[errand.app].push_back(std::move(errand));
  for (auto& row : rows) {
    add_backup(row, std::move(health[row.name]), now);
    row.errands = std::move(errands[row.name]);
  }
}

}  // namespace

std::vector<AppSummary> list(change::Context& context, std::stop_token stop) {
  const auto waits = context.store.waits();
  const World world = containers_only(context, stop);
  std::vector<AppSummary> rows;
  std::set<std::string> known;
  const Listed listed(world);
  // A table needs no specs and no builds: the state's outline is enough, so a long list costs little.
  for (const auto& app : context.store.outlines()) {
    known.insert(app.name.text());
    const auto containers = listed.shown(app);
    AppSummary& row = rows.emplace_back(summary_of(app, containers));
    name_replicas(context, row);
    row.at_work = at_work(context.store, app.name, app.wish);
    if (const auto of_app = waits.find(row.name); of_app != waits.end())
      for (const auto& wait : of_app->second) row.waits.push_back(wait.topic);
    // Of the others no list need be doubted.
    for (const auto& [service, container] : containers)
      if (container != nullptr && change::may_be_in_a_loop(*container, app.wish.proved(), context.clock.now()))
        if (const auto detail = change::inspected(context.engine, container->name, stop))
          add_detail(row, *detail, app.wish.since, context.clock.now());
  }
  add_backups(context, rows);
  for (auto& row : unknown_apps(world, known)) rows.push_back(std::move(row));
  std::sort(rows.begin(), rows.end(), [](const AppSummary& a, const AppSummary& b) { return a.name < b.name; });
  return rows;
}

std::vector<ReleaseRow> releases(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = containers_only(context, stop);
  const auto gone = change::gone_images(context.engine, app, stop);
  std::vector<ReleaseRow> rows;
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release) {
    ReleaseRow row;
    row.release = release->number.text();
    row.verdict = release->verdict;
    if (const Service* told = service_to_tell(*release)) {
      row.reference = told->image;
      const auto image = release->images.find(told->name);
      row.image = image == release->images.end() ? "" : image->second;
    } else if (!release->images.empty()) {
      row.image = release->images.begin()->second;
    }
    row.more_images = more_images(release->images, row.image);
    row.created = release->created;
    row.who = release->who;
    row.why = release->why;
    row.reason = release->reason;
    row.marks = marks_of(app, *release, world);
    for (const auto& image : gone) {
      if (image.release != release->number) continue;
      row.image_gone = true;
      row.digest = image.digest;
    }
    for (const auto& service : release->spec.services) {
      const Container* container = plan::find_instance(app, world, release->number, service.name);
      if (release->proof(service.name).verdict == Verdict::failed && release->spec.services.size() > 1)
        row.failed_service = service.name;
      if (container == nullptr) continue;
      const bool is_job = release->runs_to_its_end(service);
      InstanceRow& instance = row.instances.emplace_back(instance_row(app.wish, service.name, is_job, container));
      instance.service = service.group_name();
      instance.number = service.number;
      const bool is_first = row.container.empty();
      if (is_first || (!container->is_up() && row.state == ContainerState::running && !is_job)) {
        row.container = container->name;
        row.state = container->state;
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

std::vector<std::string> checks_of(const Release& release) {
  std::vector<std::string> texts;
  for (const auto& service : release.spec.services)
    for (const auto& check : service.checks)
      texts.push_back(release.spec.services.size() == 1 ? question(check)
                                                        : format("{}: {}", service.name, question(check)));
  return texts;
}

Status with_the_rest(change::Context& context, const App& app, const World& world, Status status) {
  status.images_gone = gone_text(change::gone_images(world, app));
  status.lock_holder = FileLock::holder_of(state::lock_path(context.store.folder(), app.name)).value_or("");
  if (status.lock_holder.empty()) status.left_over = left_over(app);
  return status;
}

Status status_of(change::Context& context, const App& app, const World& world, const std::vector<Wait>& waits) {
  Status status;
  status.summary = summary_of(app, world);
  add_backup(status.summary, safekeeping::backup_health(context.store, app.name, context.clock.now()),
             context.clock.now());
  status.summary.errands = context.store.errands(app.name.text());
  for (const auto& wait : waits) status.summary.waits.push_back(wait.topic);
  status.wish = std::visit(Overloaded{[](const goal::None&) { return std::string("nothing was asked of it yet"); },
                                      [&](const goal::Run& run) {
                                        const std::string up = format("{} should be up", run.release.text());
                                        const auto held = join(held_services(app), ", ");
                                        return held.empty() ? up : format("{}, without {}", up, held);
                                      },
                                      [](const goal::Stopped&) { return std::string("it should be down"); },
                                      [](const goal::Removed&) { return std::string("it is being removed"); }},
                           app.wish.goal);
  status.trouble = app.wish.trouble;
  if (const Release* shown = app.wish.release() ? app.find(*app.wish.release()) : nullptr) {
    status.kept_files = change::kept_paths(context.store, app, *shown);
    status.checks = checks_of(*shown);
  }
  if (app.wish.is_unfinished())
    status.wish += at_work(context.store, app.name, app.wish).empty()
                       ? format("; {} was interrupted: {} finishes it", app.wish.why, finishing_command(app))
                       : "; the command that asked for it is at work";
  if (!app.wish.is<goal::None>()) status.since = app.wish.since;
  if (const auto detail = world.details.find(status.summary.container); detail != world.details.end()) {
    add_detail(status.summary, detail->second, app.wish.since, context.clock.now());
    status.restarts = detail->second.restart_count;
    status.health_output = std::string(trim(printable(detail->second.health_output)));
    status.networks = detail->second.container.networks;
    for (const auto& mount : detail->second.container.mounts)
      status.volumes.push_back({mount.source, mount.target, mount.read_only});
  }
  if (auto silence = change::unanswered(app, world)) status.trouble = std::move(*silence);
  // A plan that knows nothing of them would make them once more.
  if (const auto made = made_by_compose(app, world); !made.empty()) {
    status.trouble = format("docker compose made {} anew; belay up takes over what it made", join(made, ", "));
    return with_the_rest(context, app, world, std::move(status));
  }
  try {
    const plan::Plan plan = change::plan_left(context.store, app, world, context.clock.now(), context.defaults);
    for (const auto& action : plan.actions) status.pending.push_back(plan::step_text(action.step));
    if (status.trouble.empty()) status.trouble = change::restart_loop(app, world, context.clock.now()).value_or("");
  } catch (const Error& error) {
    status.trouble = error.what();
  }
  return with_the_rest(context, app, world, std::move(status));
}

}  // namespace

Status status(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  return status_of(context, app, change::observe(context.engine, app, stop), context.store.waits()[name.text()]);
}

std::vector<Status> statuses(change::Context& context, std::stop_token stop) {
  const auto apps = context.store.apps();
  const World world = change::observe_all(context.engine, apps, stop);
  auto waits = context.store.waits();
  std::vector<Status> all;
  for (const auto& app : apps) all.push_back(status_of(context, app, world, waits[app.name.text()]));
  return all;
}

namespace {

// The paragraph of `belay why`, sentence by sentence.
class Explanation {
 public:
  // `plan`: what is left to do where something was interrupted.
  Explanation(const App& app, const World& world, const std::vector<Wait>& waits, const state::Store& store, Time now,
              plan::Plan plan)
      : app_(app),
        plan_(std::move(plan)),
        waits_(waits),
        name_(app.name.text()),
        row_(summary_of(app, world)),
        now_(now),
        loop_(change::restart_loop(app, world, now)),
        at_work_(at_work(store, app.name, app.wish)),
        lock_(state::lock_path(store.folder(), app.name)),
        made_by_compose_(made_by_compose(app, world)) {
    const auto shown = shown_release(app.wish, app.last);
    if (shown) present_ = app.find(*shown);
    if (present_ != nullptr) kept_ = change::kept_paths(store, app, *present_);
    if (app.wish.rollback && app.wish.rollback->failed) rolled_back_ = app.find(*app.wish.rollback->failed);
  }

  std::string text() && {
    if (app_.wish.is<goal::None>()) {
      never_started();
    } else if (app_.wish.is<goal::Removed>() && !at_work_.empty()) {
      interrupted();
    } else if (app_.wish.is<goal::Removed>()) {
      say("{} is being removed since {}, and that was interrupted: belay remove {} finishes it, belay start {} last "
          "takes "
          "it back.",
          name_, ago(app_.wish.since, now_), name_, name_);
    } else {
      if (app_.wish.is_unfinished()) {
        interrupted();
      } else if (app_.wish.is<goal::Run>()) {
        runs();
      } else {
        is_down();
      }
      if (!kept_.empty())
        say("It is bound to kept copies, because the files on this host differ: {}; the next change of its files that "
            "proves itself ends that.",
            join(kept_, ", "));
      was_tried();
      newer_ones();
      if (app_.stable && (present_ == nullptr || app_.stable != present_->number))
        say("The stable release is {}.", app_.stable->text());
      for (const auto& wait : waits_) waits_for(wait);
    }
    if (const std::string at_it = FileLock::holder_of(lock_).value_or(""); !at_it.empty()) {
      if (safekeeping::is_barely_begun(app_)) say("{} is at work on it.", at_it);
    } else if (const std::string left = left_over(app_); !left.empty()) {
      say("{}.", with_capital(left));
    }
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void say(fmt::format_string<Parts...> pattern, Parts&&... parts) {
    text_ += (text_.empty() ? "" : " ") + format(pattern, std::forward<Parts>(parts)...);
  }

  // "belay deploy web by root, 3 minutes ago"
  std::string origin(const std::string& command, const std::string& who, Time when) const {
    return format("{} by {}, {}", command, who, ago(when, now_));
  }
  // Who asked for what is: not the way back, but the command that first started it.
  std::string origin() const {
    if (rolled_back_ != nullptr && present_ != nullptr) return origin(present_->why, present_->who, present_->created);
    return origin(app_.wish.why, app_.wish.who, app_.wish.since);
  }

  void never_started() {
    if (safekeeping::is_barely_begun(app_)) {
      say("{} is not there yet.", name_);
    } else if (app_.builds.empty()) {
      say("{} has never run. {}", name_, change::first_start_hint(app_));
    } else {
      say("{} was built {} by {}, but nothing of it was started yet: belay start {} new.", name_,
          ago(app_.builds.back().created, now_), app_.builds.back().who, name_);
    }
  }

  void interrupted() {
    if (!at_work_.empty()) {
      say("{} is at work on {} since {}: {}.", at_work_, name_, ago(app_.wish.since, now_), app_.wish.why);
    } else if (app_.wish.is_rolling_back()) {
      say("Going back to {} was interrupted {}; belay rollback {} finishes it.",
          app_.wish.release() ? app_.wish.release()->text() : "nothing that runs", ago(app_.wish.since, now_), name_);
    } else if (app_.wish.is<goal::Stopped>()) {
      say("{} was to be stopped ({}), and that was interrupted; {} finishes it.", name_, origin(),
          finishing_command(app_));
    } else if (app_.wish.progress == Wish::Progress::held) {
      say("{} by {} was interrupted, and had {} held still for it{}; {} lets it go on.", app_.wish.why, app_.wish.who,
          name_, what_stands_still(), finishing_command(app_));
    } else if (app_.wish.fallback == app_.wish.release()) {
      // Its data was exchanged; what runs was to stay the same.
      say("{} by {} was interrupted; {} should go on with {}, and {} sees to that.", app_.wish.why, app_.wish.who,
          name_, app_.wish.release()->text(), finishing_command(app_));
      becomes_of_the_data();
    } else {
      say("{} was to run {} ({}), and that was interrupted: {} goes on with it, belay rollback {} takes it back.",
          name_, app_.wish.release()->text(), origin(), finishing_command(app_), name_);
    }
    if (!at_work_.empty()) return;
    if (const std::string steps = steps_left(plan_, name_); !steps.empty()) say("Left to do: {}.", steps);
    if (!row_.container.empty()) say("Its container {} is {} now.", row_.container, row_.status);
  }

  // ": web-r1 is paused, db-r1 is exited"; empty: all run.
  std::string what_stands_still() const {
    std::vector<std::string> still;
    for (const auto& instance : row_.instances)
      if (!instance.container.empty() && (!instance.is_up || instance.state == AppState::paused))
        still.push_back(format("{} is {}", instance.container, to_text(instance.state)));
    return still.empty() ? std::string() : ": " + join(still, ", ");
  }

  // Of a restore that was interrupted: which data the places will hold, and where the other one is.
  void becomes_of_the_data() {
    for (const auto& exchange : app_.wish.data) {
      const bool is_to_come = std::any_of(plan_.actions.begin(), plan_.actions.end(), [&](const plan::Action& action) {
        const auto* step = std::get_if<plan::ExchangeData>(&action.step);
        return step != nullptr && step->place == exchange.place;
      });
      const std::string place = text_of(exchange.place), kept = whose_reserve(exchange.reserve);
      if (is_to_come)
        say("The data that was brought back then takes the place of what {} holds, which stays as {}.", place, kept);
      else
        say("{} holds the data that was brought back; what it held before is {}.", with_capital(place), kept);
    }
  }
  std::string whose_reserve(const DataPlace& reserve) const {
    for (const auto& snapshot : app_.snapshots)
      for (const auto& item : snapshot.items)
        if (item.kept == reserve) return format("the snapshot {0} (belay restore {1} {0})", snapshot.text(), name_);
    return text_of(reserve);
  }
  static std::string with_capital(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
  }

  void runs() {
    const std::string number = present_ != nullptr ? present_->number.text() : "";
    const bool is_back = rolled_back_ != nullptr;
    // Of several services it is another one that is not as it should be.
    const auto wrong = std::find_if(row_.instances.begin(), row_.instances.end(),
                                    [](const InstanceRow& each) { return each.should_run && !each.is_up; });
    if (!made_by_compose_.empty()) {
      say("docker compose made {} of {} anew, and Belay did not do that; belay up takes over what it made.",
          join(made_by_compose_, ", "), name_);
    } else if (!app_.wish.trouble.empty()) {
      say("{} should run {} ({}) and is in trouble: {}.", name_, number, origin(), app_.wish.trouble);
      if (!row_.container.empty()) say("Its container {} is {}: {}.", row_.container, engine_state(), row_.status);
      say("belay start {} last tries it again; belay logs {} shows what it wrote.", name_, name_);
      say_way_back();
    } else if (row_.container.empty()) {
      say("{} should run {} ({}), but its container is gone; belay start {} last makes it again.", name_, number,
          origin(), name_);
    } else if (loop_) {
      say("{} should run {} ({}), but {}; belay logs {} shows what it wrote.", name_, number, origin(), *loop_, name_);
      say_way_back();
    } else if (present_ != nullptr && is_run_by_the_clock(*present_)) {
      say("{} has {} ({}), which is run by the clock.", name_, number, origin());
    } else if (row_.state == AppState::running) {
      say("{} runs {}{} ({}). Its container {} is up: {}.", name_, number, is_back ? " again" : "", origin(),
          row_.container, row_.status);
    } else if (wrong != row_.instances.end() && wrong->container.empty()) {
      say("{} should run {} ({}), but the container of {} is gone; belay start {} last makes it again.", name_, number,
          origin(), wrong->service, name_);
    } else {
      const bool is_other = wrong != row_.instances.end();
      say("{} should run {} ({}), but its container {} is {} ({}), and Belay did not do that; belay start {} last "
          "starts it again.",
          name_, number, origin(), is_other ? wrong->container : row_.container,
          to_text(is_other ? wrong->state : row_.state), is_other ? wrong->status : row_.status, name_);
    }
    if (present_ == nullptr) return;
    for (const auto& service : held_services(app_))
      say("Its service {1} is stopped, because somebody stopped it; belay start {0}/{1} starts it.", name_, service);
    if (present_->verdict == Verdict::unproven) say("Belay did not watch whether {} proves itself.", number);
    // A good release, whose latest start failed.
    if (present_->verdict == Verdict::passed && !present_->reason.empty())
      say("{} proved itself before, but its last start failed: {}.", number, present_->reason);
  }

  void say_way_back() {
    if (present_ == nullptr) return;
    if (const auto ways = app_.ways_back(present_->number); !ways.empty())
      say("belay rollback {} goes back to {}.", name_, ways.front().text());
  }

  static bool is_run_by_the_clock(const Release& release) {
    return std::all_of(release.spec.services.begin(), release.spec.services.end(),
                       [](const Service& service) { return service.scheduled; });
  }

  // The state in the row is the app's.
  std::string engine_state() const { return row_.health == Health::none ? "there" : std::string(to_text(row_.health)); }

  void is_down() {
    if (app_.wish.rollback) {
      say("Nothing of {} runs, as before the last change.", name_);
    } else {
      say("{} is down ({}).", name_, origin());
    }
    if (present_ == nullptr) return;
    if (row_.state == AppState::running) {
      say("Its container {} runs all the same, and Belay did not do that; belay stop {} stops it.", row_.container,
          name_);
    } else {
      say("belay start {} last starts {} again.", name_, present_->number.text());
    }
  }

  // What failed to take its place: the last change, or the newest release.
  void was_tried() {
    const Release* tried = rolled_back_;
    for (auto release = app_.releases.rbegin(); release != app_.releases.rend() && tried == nullptr; ++release) {
      if (present_ != nullptr && release->number <= present_->number) break;
      if (release->reason.empty()) break;
      tried = &*release;
    }
    if (tried == nullptr || tried->reason.empty() || tried == present_) return;
    const Time when = tried == rolled_back_ ? app_.wish.since : tried->created;
    const bool failed = tried->verdict == Verdict::failed;
    say("{} was tried {} ({} by {}) and {}: {}.", tried->number.text(), ago(when, now_), tried->why, tried->who,
        tried->verdict == Verdict::pending ? "could not prove itself" : "failed", tried->reason);
    const auto lines = split(std::string(trim(tried->log_tail)), '\n');
    if (const std::string last(trim(printable(lines.back()))); !last.empty()) say("The last that it wrote: {}.", last);
    if (change::is_quarantined(app_, *tried)) {
      say("Its image is in quarantine; belay retry {} tries it again.", name_);
    } else if (failed || tried->verdict == Verdict::pending) {
      say("belay retry {} tries it again.", name_);
    }
  }

  void newer_ones() {
    if (present_ == nullptr) return;
    const Release& newest = app_.releases.back();
    if (newest.number > present_->number && (newest.verdict == Verdict::passed || newest.verdict == Verdict::unproven))
      say("{} is newer ({}) but is not running; to run it: belay start {} {}.", newest.number.text(),
          to_text(newest.verdict), name_, newest.number.text());
    const Build* build = app_.latest_build();
    if (build == nullptr || present_->images.empty() || app_.is_quarantined(build->image)) return;
    const bool was_started = std::any_of(app_.releases.begin(), app_.releases.end(), [&](const Release& release) {
      return std::any_of(release.images.begin(), release.images.end(),
                         [&](const auto& image) { return image.second == build->image; });
    });
    if (!was_started)
      say("A newer image was built {} and not started yet: belay start {} new.", ago(build->created, now_), name_);
  }

  // "1.3@cd34ef567890 is new and waits for its window 'Sun' (first seen 2 hours ago; its turn comes Sun 00:00)."
  void waits_for(const Wait& wait) {
    const bool is_update = wait.topic == Wait::Topic::update;
    const std::string since = format("{} {}", is_update ? "first seen" : "noticed", ago(wait.since, now_));
    std::string until;
    if (wait.until && *wait.until <= now_)
      until = "; it is due; belay serve or belay apply makes it";
    else if (wait.until)
      until = format("; it is due {}", updates::local_time_text(*wait.until, now_));
    switch (wait.topic) {
      case Wait::Topic::update:
      case Wait::Topic::held:
        say("{} ({}{}).", capitalised(wait.text), since, until);
        return;
      case Wait::Topic::registry:
        say("It is not known whether there is a newer image ({}): {}.", since, wait.text);
        return;
      case Wait::Topic::definition:
        say("The definition cannot be applied ({}): {}.", since, wait.text);
        return;
      case Wait::Topic::health:
        say("Waiting before the next repair: {} ({}{}).", wait.text, since, until);
        return;
    }
  }
  // Tags stay as they are.
  static std::string capitalised(std::string text) {
    if (text.starts_with("its ")) text[0] = 'I';
    if (text.starts_with("what ")) text[0] = 'W';
    return text;
  }

  const App& app_;
  const plan::Plan plan_;
  const std::vector<Wait>& waits_;
  const std::string name_;
  const AppSummary row_;
  const Time now_;
  const std::optional<std::string> loop_;
  const std::string at_work_;
  const fs::path lock_;
  const std::vector<std::string> made_by_compose_;
  const Release* present_ = nullptr;      // the one that should run, else the last
  const Release* rolled_back_ = nullptr;  // the one whose failure led to what should be now
  std::vector<std::string> kept_;         // paths in whose place it has kept copies
  std::string text_;
};

}  // namespace

Why why(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  Why result;
  auto waits = context.store.waits();
  for (auto& wait : waits[name.text()]) {
    // What was done by hand since then is another story.
    if (wait.topic == Wait::Topic::held && app.wish.since > wait.since) continue;
    result.waits.push_back(std::move(wait));
  }
  const Time now = context.clock.now();
  const World world = change::observe(context.engine, app, stop);
  plan::Plan left;
  if (app.wish.is_unfinished()) left = plan_or_none(context.store, app, world, now, context.defaults);
  result.text = Explanation(app, world, result.waits, context.store, now, std::move(left)).text();
  const auto health = safekeeping::backup_health(context.store, name, now);
  bool is_told = false;  // the failure of a backup, by the sentence about its schedule
  for (const auto& errand : context.store.errands(name.text())) {
    result.text += " " + sentence_of(errand, now);
    is_told = is_told || (errand.kind == Errand::Kind::backup && errand.has_failed() && errand.reason == health.reason);
  }
  if (const auto trouble = trouble_text(health, now); !trouble.empty() && !is_told)
    result.text += format(" Beside that, {}.", trouble);
  return result;
}

std::vector<ImageRow> images(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = containers_only(context, stop);
  std::map<std::string, Image> found;
  for (auto& image :
       context.engine.images({.label = format("{}={}", labels::family, name.text()), .reference = {}}, stop))
    found[image.id] = std::move(image);
  std::map<std::string, std::vector<const Release*>> users;
  for (const auto& release : app.releases)
    for (const auto& [service, id] : release.images) {
      users[id].push_back(&release);
      if (found.contains(id)) continue;
      if (auto image = context.engine.image(id, stop)) found[id] = std::move(*image);
    }
  for (const auto& build : app.builds)
    if (!found.contains(build.image))
      if (auto image = context.engine.image(build.image, stop)) found[build.image] = std::move(*image);
  std::vector<ImageRow> rows;
  for (const auto& [id, image] : found) {
    ImageRow row;
    row.id = id;
    for (const auto& tag : image.tags)
      if (!tag.starts_with("belay/")) row.tags.push_back(tag);
    row.size = image.size;
    row.created = image.created;
    const Build* build = app.latest_build();
    row.is_newest_build = build != nullptr && build->image == id;
    for (const Release* release : users[id]) {
      // Several services may have it.
      const std::string number = release->number.text();
      if (std::find(row.releases.begin(), row.releases.end(), number) == row.releases.end())
        row.releases.push_back(number);
      for (const auto& mark : marks_of(app, *release, world))
        if (std::find(row.marks.begin(), row.marks.end(), mark) == row.marks.end()) row.marks.push_back(mark);
    }
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const ImageRow& a, const ImageRow& b) { return a.created > b.created; });
  return rows;
}

std::vector<VolumeRow> volumes(change::Context& context, const Target& target, const std::string& which,
                               std::stop_token stop) {
  const App app = app_with_volumes(context, target.app, stop);
  const Release& release = app.release(release_shown(app, which));
  std::vector<VolumeRow> rows;
  for (const Service* service : app.services_of(release, target))
    for (auto& row : volume_rows(context, target.app, *service, stop)) {
      if (release.spec.services.size() > 1) row.service = service->name;
      rows.push_back(std::move(row));
    }
  return rows;
}

std::vector<VolumeRow> current_volumes(change::Context& context, const Target& target, std::stop_token stop) {
  const App app = known_app(context, target.app, stop);
  return app.last || app.wish.is<goal::Run>() ? volumes(context, target, {}, stop)
                                              : image_volumes(context, target.app, stop);
}

namespace {

// What the first container of the last build would get.
Service built_service(change::Context& context, const App& app, std::stop_token stop) {
  const AppName& name = app.name;
  const Build* build = app.latest_build();
  if (build == nullptr)
    throw NotFound(ErrorCode::release_not_found, format("{} has never run", name.text()),
                   change::first_start_hint(app));
  const auto image = context.engine.image(build->image, stop);
  if (!image)
    throw NotFound(ErrorCode::image_gone, format("the image of the last build of {} is gone", name.text()),
                   format("Build it again: belay build {}", name.text()));
  const auto first =
      build->configurations.contains("default") ? build->configurations.find("default") : build->configurations.begin();
  return family::family_service(context, app, *build, first->second, image->config, stop);
}

}  // namespace

std::vector<VolumeRow> image_volumes(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = app_with_volumes(context, name, stop);
  return volume_rows(context, name, built_service(context, app, stop), stop);
}

Mapping mapping(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = app_with_volumes(context, name, stop);
  const bool has_run = app.last || app.wish.is<goal::Run>();
  const Service service =
      has_run ? app.release(release_shown(app, {})).spec.services.at(0) : built_service(context, app, stop);
  Mapping mapping;
  for (const auto& port : service.ports) {
    const std::string address = port.host_ip.empty() ? "" : port.host_ip + ":";
    mapping.ports.emplace_back(address + (port.host_port ? std::to_string(*port.host_port) : ""),
                               format("{}/{}", port.container_port, port.protocol));
  }
  for (const auto& mount : service.mounts)
    if (mount.keeps_data()) mapping.volumes.emplace_back(mount.source, mount.target + (mount.read_only ? ":ro" : ""));
  return mapping;
}

std::vector<ContainerRow> containers(change::Context& context, const std::optional<AppName>& name,
                                     std::stop_token stop) {
  const World world = containers_only(context, stop);
  std::vector<ContainerRow> rows;
  const auto add = [&](const App& app) {
    for (const auto& instance : plan::instances(app, world)) {
      ContainerRow row;
      row.app = app.name.text();
      row.container = instance.container->name;
      row.release = instance.release.text();
      row.state = instance.container->state;
      row.status = instance.container->status;
      row.image = instance.container->image_id;
      row.running = instance.container->is_up();
      row.ports = port_texts(instance.container->ports);
      if (const Release* release = app.find(instance.release)) {
        row.marks = marks_of(app, *release, world);
        if (release->verdict == Verdict::failed) row.marks.push_back(Mark::failed);
      }
      rows.push_back(std::move(row));
    }
  };
  if (name) {
    add(known_app(context, *name, stop));
  } else {
    for (const auto& app : context.store.apps()) add(app);
  }
  return rows;
}

Config config(change::Context& context, const AppName& name, const std::string& which, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  if (which == "new") {
    const Build* build = app.latest_build();
    if (build == nullptr)
      throw NotFound(ErrorCode::release_not_found, format("{} was never built", name.text()),
                     change::first_start_hint(app));
    return {"new", spec_to_json(without_secrets(family::pick(build->configurations, {}).spec), 2)};
  }
  const Release& release = app.release(release_shown(app, which));
  return {release.number.text(), spec_to_json(without_secrets(release.spec), 2)};
}

std::optional<Project> project_of(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  return app.release(release_shown(app, {})).spec.project;
}

std::vector<FieldChange> config_differences(change::Context& context, const AppName& name, const std::string& from,
                                            const std::string& to, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const Release& before = app.release(release_shown(app, from));
  const Release& after = app.release(release_shown(app, to));
  auto changes = differences(before.spec, after.spec);
  for (const auto& [service, image] : after.images) {
    const auto old = before.images.find(service);
    if (old == before.images.end() || old->second == image) continue;
    changes.insert(changes.begin(), {after.images.size() > 1 ? service + ".image" : "image", short_digest(old->second),
                                     short_digest(image), false});
  }
  return changes;
}

namespace {

// What may go on while nobody holds the app's lock.
bool goes_on_unlocked(const JournalEntry& entry) {
  return entry.verb == JournalVerb("job") || entry.verb == JournalVerb("update");
}

}  // namespace

std::vector<PastEntry> history(change::Context& context, const std::optional<AppName>& name, int limit) {
  const auto entries = context.store.journal(name ? name->text() : "", limit);
  if (entries.empty() && name && !context.store.app(*name)) known_app(context, *name, {});
  std::map<std::string, bool> at_work;
  const auto is_at_work = [&](const std::string& app) {
    const auto known = at_work.find(app);
    if (known != at_work.end()) return known->second;
    const bool is_held = AppName::is_valid(app) &&
                         FileLock::holder_of(state::lock_path(context.store.folder(), AppName(app))).has_value();
    return at_work[app] = is_held;
  };
  using Kind = JournalOutcome::Kind;
  std::map<std::pair<std::string, std::string>, Kind> later;  // what came next of the same kind
  std::vector<PastEntry> past;
  for (const auto& entry : entries) {
    const std::pair key(entry.app, entry.verb.text());
    PastEntry& one = past.emplace_back(PastEntry{entry, false});
    const auto next = later.find(key);
    if (entry.outcome.kind() == Kind::started && !goes_on_unlocked(entry))
      one.cut_off = next == later.end() ? !is_at_work(entry.app) : next->second == Kind::started;
    later[key] = entry.outcome.kind();
  }
  return past;
}

int trim_history(change::Context& context, const std::optional<AppName>& name, int keep) {
  if (name) history(context, name, 1);
  return context.store.trim_journal(name ? name->text() : "", keep);
}

std::vector<NamedContainer> containers_of(change::Context& context, const Target& target, const std::string& which,
                                          std::stop_token stop) {
  const App app = known_app(context, target.app, stop);
  const ReleaseNumber number = release_shown(app, which);
  const Release& release = app.release(number);
  const World world = containers_only(context, stop);
  std::vector<NamedContainer> found;
  for (const Service* service : app.services_of(release, target)) {
    const Container* container = plan::find_instance(app, world, number, service->name);
    if (container == nullptr) continue;
    found.push_back({shown_service(release, *service), container->name});
  }
  if (found.empty())
    throw NotFound(ErrorCode::container_not_found, format("{} {} has no container", target.text(), number.text()),
                   format("belay start {} {} makes it.", target.app.text(), number.text()));
  return found;
}

std::vector<PortBinding> published_ports(change::Context& context, const Target& target, std::stop_token stop) {
  std::vector<PortBinding> ports;
  for (const auto& each : containers_of(context, target, {}, stop))
    if (const auto detail = context.engine.container(each.container, stop))
      ports.insert(ports.end(), detail->container.ports.begin(), detail->container.ports.end());
  return ports;
}

std::string container_of(change::Context& context, const Target& target, const std::string& which,
                         std::stop_token stop) {
  const auto found = containers_of(context, target, which, stop);
  if (found.size() > 1)
    for (const auto& each : found)
      if (const auto detail = context.engine.container(each.container, stop);
          detail && detail->container.state == ContainerState::running)
        return each.container;
  return found.front().container;
}

}  // namespace belay::look
