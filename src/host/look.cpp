#include "host/look.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "formats/family.h"
#include "host/apps.h"
#include "host/change.h"
#include "host/parameters.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::host {

namespace {

std::vector<std::string> port_texts(const std::vector<PortBinding>& ports) {
  std::vector<std::string> texts;
  for (const auto& port : ports) texts.push_back(port.text());
  return texts;
}

std::string summary_state(const Wish& wish, bool has_releases, const Container* container) {
  if (wish.unfinished) return "unfinished";
  if (container == nullptr) {
    if (wish.state == Wish::State::up) return "missing";
    return has_releases ? "stopped" : "built";
  }
  if (!container->is_up() && wish.state != Wish::State::up) return "stopped";
  return std::string(to_text(container->state));
}

// `world` needs only its containers.
AppSummary summary_of(const App& app, const World& world) {
  AppSummary row;
  row.name = app.name.text();
  row.unfinished = app.wish.unfinished;
  row.autostart = to_text(app.autostart);
  if (app.stable) row.stable = app.stable->text();
  const auto shown = app.wish.state == Wish::State::up ? app.wish.release : app.last;
  const Container* container = nullptr;
  for (const auto& instance : plan::instances(app, world))
    if (shown == instance.release) container = instance.container;
  if (shown) {
    row.release = shown->text();
    if (const Release* release = app.find(*shown)) {
      row.verdict = to_text(release->verdict);
      if (!release->spec.services.empty()) row.image = release->spec.services[0].image;
    }
  } else if (const Build* build = app.latest_build()) {
    row.image = build->tag;
  }
  row.state = summary_state(app.wish, !app.releases.empty(), container);
  if (container != nullptr) {
    row.container = container->name;
    row.status = container->status;
    row.ports = port_texts(container->ports);
    if (container->health != Health::none) row.health = to_text(container->health);
  }
  return row;
}

World containers_only(Context& context, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, stop);
  return world;
}

std::vector<std::string> marks_of(const App& app, const Release& release) {
  std::vector<std::string> marks;
  if (app.wish.state == Wish::State::up && app.wish.release == release.number)
    marks.emplace_back(app.wish.unfinished ? "wanted" : "running");
  if (app.last == release.number) marks.emplace_back("last");
  if (app.stable == release.number) marks.emplace_back("stable");
  for (const auto& [service, image] : release.images)
    if (app.is_quarantined(image)) {
      marks.emplace_back("quarantined");
      break;
    }
  return marks;
}

ReleaseNumber release_shown(const App& app, const std::string& which) {
  if (which == "stable") {
    if (app.stable) return *app.stable;
    throw NotFound(format("no release of {} is marked stable", app.name.text()),
                   format("Mark the one that runs with: belay stable {}", app.name.text()));
  }
  if (!which.empty() && which != "last") return app.release(ReleaseNumber::parse(which)).number;
  const auto shown = which.empty() && app.wish.state == Wish::State::up ? app.wish.release : app.last;
  if (shown) return *shown;
  throw NotFound(format("nothing of {} has run yet", app.name.text()),
                 format("Start it for the first time with: belay start {} new", app.name.text()));
}

std::vector<VolumeRow> volume_rows(Context& context, const AppName& name, const Service& service,
                                   std::stop_token stop) {
  std::vector<VolumeRow> rows;
  const auto volumes = context.engine.volumes({}, stop);
  for (const auto& mount : service.mounts) {
    VolumeRow row;
    row.volume = mount.source;
    row.mount_point = mount.target;
    row.kind = mount.kind == Mount::Kind::volume ? "volume" : mount.kind == Mount::Kind::bind ? "folder" : "memory";
    row.mode = mount.read_only ? "ro" : "rw";
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

std::vector<std::string> names(Context& context) {
  return context.store.app_names();
}

namespace {

// A table needs no specs and no builds: the state's outline is enough, so a long list costs little.
// `owners`: of the world's containers, in their order; read once for all rows.
AppSummary summary_of(const state::Outline& app, const World& world,
                      const std::vector<std::optional<labels::Owner>>& owners) {
  AppSummary row;
  row.name = app.name.text();
  row.unfinished = app.wish.unfinished;
  row.autostart = to_text(app.autostart);
  if (app.stable) row.stable = app.stable->text();
  const auto shown = app.wish.state == Wish::State::up ? app.wish.release : app.last;
  const state::ReleaseOutline* release = shown ? app.find(*shown) : nullptr;
  const Container* container = nullptr;
  for (size_t i = 0; i < world.containers.size(); ++i) {
    const Container& candidate = world.containers[i];
    const auto& owner = owners[i];
    const bool labelled = owner && owner->app == row.name && shown == owner->release;
    // Adopted ones carry no labels: the state knows their names.
    const bool named = !owner && release != nullptr && !release->containers.empty() &&
                       release->containers.begin()->second == candidate.name;
    if (labelled || named) container = &candidate;
  }
  if (shown) row.release = shown->text();
  if (release != nullptr) row.verdict = to_text(release->verdict);
  if (container != nullptr) {
    row.container = container->name;
    row.status = container->status;
    // Older engines show the id itself of an image that a container was created from by id.
    row.image = container->image.starts_with("sha256:") ? short_digest(container->image) : container->image;
    row.ports = port_texts(container->ports);
    if (container->health != Health::none) row.health = to_text(container->health);
  } else if (release != nullptr && !release->images.empty()) {
    row.image = short_digest(release->images.begin()->second);
  }
  row.state = summary_state(app.wish, app.release_count > 0, container);
  return row;
}

}  // namespace

std::vector<AppSummary> list(Context& context, std::stop_token stop) {
  const World world = containers_only(context, stop);
  std::vector<AppSummary> rows;
  std::set<std::string> known;
  std::vector<std::optional<labels::Owner>> owners;
  for (const auto& container : world.containers) owners.push_back(container.owner());
  for (const auto& app : context.store.outlines()) {
    known.insert(app.name.text());
    rows.push_back(summary_of(app, world, owners));
  }
  for (const auto& container : world.containers) {
    const auto owner = container.owner();
    if (!owner || known.contains(owner->app)) continue;
    AppSummary row;
    row.name = owner->app;
    row.release = owner->release.text();
    row.state = to_text(container.state);
    row.container = container.name;
    row.status = container.status;
    row.image = container.image;
    row.ports = port_texts(container.ports);
    row.known = false;
    // Of several containers the one that runs speaks for the app.
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const AppSummary& r) { return r.name == row.name; });
    if (same == rows.end()) {
      rows.push_back(std::move(row));
    } else if (container.is_up()) {
      *same = std::move(row);
    }
  }
  std::sort(rows.begin(), rows.end(), [](const AppSummary& a, const AppSummary& b) { return a.name < b.name; });
  return rows;
}

std::vector<ReleaseRow> releases(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = containers_only(context, stop);
  std::vector<ReleaseRow> rows;
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release) {
    ReleaseRow row;
    row.release = release->number.text();
    row.verdict = to_text(release->verdict);
    row.image = release->images.empty() ? "" : release->images.begin()->second;
    row.created = release->created;
    row.who = release->who;
    row.why = release->why;
    row.reason = release->reason;
    row.marks = marks_of(app, *release);
    row.state = "no container";
    for (const auto& instance : plan::instances(app, world)) {
      if (instance.release != release->number) continue;
      row.container = instance.container->name;
      row.state = to_text(instance.container->state);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Status status(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = observe(context.engine, app, stop);
  Status status;
  status.summary = summary_of(app, world);
  switch (app.wish.state) {
    case Wish::State::none:
      status.wish = "nothing was asked of it yet";
      break;
    case Wish::State::up:
      status.wish = format("{} should be up", app.wish.release->text());
      break;
    case Wish::State::down:
      status.wish = "it should be down";
      break;
    case Wish::State::gone:
      status.wish = "it is being removed";
      break;
  }
  if (app.wish.unfinished) status.wish += "; the command that asked for it was interrupted";
  if (app.wish.state != Wish::State::none) status.since = iso_time(app.wish.since);
  if (const auto detail = world.details.find(status.summary.container); detail != world.details.end()) {
    status.restarts = detail->second.restart_count;
    status.health_output = std::string(trim(printable(detail->second.health_output)));
    status.networks = detail->second.container.networks;
    for (const auto& mount : detail->second.container.mounts)
      status.volumes.push_back(format("{}:{}{}", mount.source, mount.target, mount.read_only ? ":ro" : ""));
  }
  try {
    const plan::Plan plan = plan::plan_wish({app, world, context.clock.now(), context.defaults});
    for (const auto& action : plan.actions) status.pending.push_back(plan::step_text(action.step));
  } catch (const Error& error) {
    status.trouble = error.what();
  }
  status.lock_holder = FileLock::holder_of(state::lock_file(context.store.folder(), name)).value_or("");
  return status;
}

std::string why(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = observe(context.engine, app, stop);
  const Time now = context.clock.now();
  std::string text;
  const auto say = [&](const std::string& sentence) { text += (text.empty() ? "" : " ") + sentence; };

  if (app.wish.state == Wish::State::none) {
    say(app.builds.empty() ? format("{} was never built.", name.text())
                           : format("{} was built {}, but nothing of it was started yet: belay start {} new.",
                                    name.text(), ago(app.builds.back().created, now), name.text()));
    return text;
  }
  if (app.wish.state == Wish::State::gone) {
    say(
        format("{} is being removed since {}, and that was interrupted: belay remove {} finishes it, belay start {} "
               "last takes it back.",
               name.text(), ago(app.wish.since, now), name.text(), name.text()));
    return text;
  }
  const AppSummary row = summary_of(app, world);
  if (app.wish.state == Wish::State::up) {
    const Release& release = app.release(*app.wish.release);
    say(format("{} should run {}, since {} ({} by {}).", name.text(), release.number.text(), ago(app.wish.since, now),
               app.wish.why, app.wish.who));
    if (app.wish.unfinished) {
      say("The command that asked for it was interrupted; the next one finishes or takes it back.");
    } else if (row.container.empty()) {
      say(format("Its container is gone; belay start {} last makes it again.", name.text()));
    } else if (row.state != "running") {
      say(format("Its container {} is {} ({}).", row.container, row.state, row.status));
    } else {
      say(format("Its container {} is up ({}); the verdict on the release: {}.", row.container, row.status,
                 to_text(release.verdict)));
    }
  } else {
    say(format("{} should be down, since {} ({} by {}).", name.text(), ago(app.wish.since, now), app.wish.why,
               app.wish.who));
  }
  const auto shown = app.wish.state == Wish::State::up ? app.wish.release : app.last;
  // What came after it and did not stay.
  for (auto release = app.releases.rbegin(); release != app.releases.rend() && shown && release->number > *shown;
       ++release) {
    if (release->verdict == Verdict::failed) {
      say(format("{} was tried {} and taken back: {}.", release->number.text(), ago(release->created, now),
                 release->reason));
      bool quarantined = false;
      for (const auto& [service, image] : release->images) quarantined = quarantined || app.is_quarantined(image);
      if (quarantined) say(format("Its image is in quarantine; belay retry {} tries it again.", name.text()));
      break;
    }
    say(format("{} is newer ({}); belay start {} {} goes to it.", release->number.text(), to_text(release->verdict),
               name.text(), release->number.text()));
    break;
  }
  const Release* present = shown ? app.find(*shown) : nullptr;
  if (const Build* build = app.latest_build(); build != nullptr && present != nullptr && !present->images.empty() &&
                                               present->images.begin()->second != build->image &&
                                               !app.is_quarantined(build->image))
    say(format("A newer image was built {} and not started yet: belay start {} new.", ago(build->created, now),
               name.text()));
  if (app.stable && app.stable != shown) say(format("The stable release is {}.", app.stable->text()));
  return text;
}

std::vector<ImageRow> images(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
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
    row.size = byte_text(image.size);
    row.created = image.created;
    std::vector<std::string> uses;
    if (const Build* build = app.latest_build(); build != nullptr && build->image == id)
      uses.emplace_back("newest build");
    for (const Release* release : users[id]) {
      row.releases.push_back(release->number.text());
      for (const auto& mark : marks_of(app, *release))
        if (std::find(uses.begin(), uses.end(), mark) == uses.end()) uses.push_back(mark);
    }
    row.use = uses.empty() ? "unused" : join(uses, ", ");
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const ImageRow& a, const ImageRow& b) { return a.created > b.created; });
  return rows;
}

std::vector<VolumeRow> volumes(Context& context, const AppName& name, const std::string& which, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const Release& release = app.release(release_shown(app, which));
  return volume_rows(context, name, release.spec.services.at(0), stop);
}

std::vector<VolumeRow> current_volumes(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  return app.last || app.wish.state == Wish::State::up ? volumes(context, name, {}, stop)
                                                       : image_volumes(context, name, stop);
}

std::vector<VolumeRow> image_volumes(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const Build* build = app.latest_build();
  if (build == nullptr)
    throw NotFound(format("{} was never built", name.text()), format("Build it first: belay build {}", name.text()));
  const auto image = context.engine.image(build->image, stop);
  if (!image)
    throw NotFound(format("the image of the last build of {} is gone", name.text()),
                   format("Build it again: belay build {}", name.text()));
  const auto first =
      build->configurations.contains("default") ? build->configurations.find("default") : build->configurations.begin();
  Service service = first->second.spec.services.at(0);
  formats::complete_from_image(service, image->config, app.scheme, app.name,
                               {first->second.ports_overridden, first->second.volumes_overridden});
  return volume_rows(context, name, service, stop);
}

std::vector<ContainerRow> containers(Context& context, const std::optional<AppName>& name, std::stop_token stop) {
  const World world = containers_only(context, stop);
  std::vector<ContainerRow> rows;
  const auto add = [&](const App& app) {
    for (const auto& instance : plan::instances(app, world)) {
      ContainerRow row;
      row.app = app.name.text();
      row.container = instance.container->name;
      row.release = instance.release.text();
      row.state = to_text(instance.container->state);
      row.status = instance.container->status;
      row.image = instance.container->image_id;
      row.running = instance.container->is_up();
      row.ports = port_texts(instance.container->ports);
      if (const Release* release = app.find(instance.release)) {
        row.marks = marks_of(app, *release);
        if (release->verdict == Verdict::failed) row.marks.emplace_back("failed");
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

Config config(Context& context, const AppName& name, const std::string& which, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  if (which == "new") {
    const Build* build = app.latest_build();
    if (build == nullptr)
      throw NotFound(format("{} was never built", name.text()), format("Build it first: belay build {}", name.text()));
    return {"new", spec_to_json(without_secrets(pick(build->configurations, {}).spec), 2)};
  }
  const Release& release = app.release(release_shown(app, which));
  return {release.number.text(), spec_to_json(without_secrets(release.spec), 2)};
}

std::vector<FieldChange> config_differences(Context& context, const AppName& name, const std::string& from,
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

std::vector<JournalEntry> history(Context& context, const std::optional<AppName>& name, int limit) {
  auto entries = context.store.journal(name ? name->text() : "", limit);
  if (entries.empty() && name && !context.store.app(*name)) known_app(context, *name, {});
  return entries;
}

std::string container_of(Context& context, const AppName& name, const std::string& which, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const ReleaseNumber release = release_shown(app, which);
  const World world = containers_only(context, stop);
  const Container* found = nullptr;
  for (const auto& instance : plan::instances(app, world))
    if (instance.release == release) found = instance.container;
  if (found == nullptr)
    throw NotFound(format("{} {} has no container", name.text(), release.text()),
                   format("belay start {} {} makes it.", name.text(), release.text()));
  return found->name;
}

}  // namespace belay::host
