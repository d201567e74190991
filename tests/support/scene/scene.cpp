#include "support/scene/scene.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "model/naming.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore.h"
#include "state/store.h"

namespace belay::scene {

namespace {

std::string number(const std::optional<ReleaseNumber>& release) {
  return release ? release->text() : "-";
}

std::string words(const std::map<std::string, std::string>& map) {
  std::string text;
  for (const auto& [key, value] : map) text += format("[{}={}]", key, value);
  return text;
}

std::string text_of(const App& app) {
  const Wish& wish = app.wish;
  std::string text =
      format("app {} {} last {} stable {} autostart {} highest {}\n", app.name.text(), to_text(app.scheme),
             number(app.last), number(app.stable), to_text(app.autostart), app.highest_release);
  text += format("wish {} {} unfinished {} fallback {} lose {} wait {} why {}\n", wish.goal.index(),
                 number(wish.release()), wish.is_unfinished(), number(wish.fallback),
                 wish.is<goal::Removed>() && std::get<goal::Removed>(wish.goal).with_data, wish.terms.wait, wish.why);
  for (const auto& release : app.releases)
    text += format("{} {} images {} digests {} containers {} {} {} {} adopted {} {}\n", release.number.text(),
                   spec_to_json(release.spec), words(release.images), words(release.digests), words(release.containers),
                   to_text(release.verdict), release.reason, release.log_tail, release.adopted,
                   words(release.container_created));
  for (const auto& build : app.builds) {
    text += format("build {} {} {} {}\n", build.number, build.image, build.tag, build.parameter_text);
    for (const auto& [name, configuration] : build.configurations)
      text += format("  {} {}\n", name, spec_to_json(configuration.spec));
  }
  for (const auto& entry : app.quarantine) text += format("quarantine {} {}\n", entry.image, entry.reason);
  for (const auto& snapshot : app.snapshots) {
    text += format("snapshot {} of {} complete {} why {}:", snapshot.text(), number(snapshot.release),
                   snapshot.complete, snapshot.why);
    for (const auto& item : snapshot.items) text += format(" {}", item.kept.source);
    text += "\n";
  }
  for (const auto& exchange : wish.data)
    text += format("data {} {} {}\n", exchange.place.source, exchange.reserve.source, exchange.content);
  for (const auto& exchange : wish.fallback_data)
    text += format("fallback {} {} {}\n", exchange.place.source, exchange.reserve.source, exchange.content);
  return text;
}

}  // namespace

fs::path Scene::made_for(const SceneOptions& options, const fs::path& folder) {
  if (!options.files) return {};
  make_folder(folder / "volumes");
  return folder / "volumes";
}

Scene::Scene(SceneOptions wanted) : options(wanted), source(folder.path() / "source") {
  make_folder(source);
  write("Dockerfile", "FROM scratch\n");
  reopen();
}

void Scene::write(const std::string& file, const std::string& text) {
  write_file_durably(source / file, text);
}

void Scene::reopen() {
  store.reset();
  store = state::Store::open(folder.path() / "state");
}

namespace {

void copy_content(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  for (const auto& entry : fs::recursive_directory_iterator(from))
    if (entry.is_regular_file() && !entry.is_symlink())
      fs::last_write_time(to / entry.path().lexically_relative(from), entry.last_write_time());
}

}  // namespace

std::unique_ptr<Scene::Beginning> Scene::beginning() {
  store.reset();
  auto kept = std::make_unique<Beginning>();
  kept->world = engine.beginning();
  copy_content(folder.path(), kept->files.path());
  kept->time = clock.now();
  kept->last_version = last_version_;
  reopen();
  return kept;
}

void Scene::begin_again(const Beginning& from) {
  store.reset();
  for (const auto& entry : fs::directory_iterator(folder.path())) fs::remove_all(entry.path());
  copy_content(from.files.path(), folder.path());
  engine.begin_again(from.world);
  clock.advance(from.time - clock.now());
  last_version_ = from.last_version;
  report = Notes();
  stopping = std::stop_source();
  reason.clear();
  change.reset();
  reopen();
}

Context Scene::context(const std::string& command) {
  Context context{engine, *store, clock, report, "tester", command};
  context.wait_for_lock = wait_for_lock;
  context.defaults.settle = Milliseconds(200);
  context.defaults.wait_timeout = Milliseconds(400);
  context.run.workers = workers;
  if (grace) {
    context.defaults.stop_timeout = Seconds(0);
    context.defaults.grace = *grace;
  }
  return context;
}

void Scene::offer(const std::string& version) {
  if (version != "same") last_version_ = version;
  const std::string& offered = last_version_;
  ImageConfig config;
  if (options.port) config.exposed_ports = {"8080/tcp"};
  if (options.volume) config.volumes = {"/data"};
  if (options.files) config.volumes = {"/data", "/more"};
  engine::Behaviour behaviour;
  const auto has = [&](const char* part) { return offered.find(part) != std::string::npos; };
  if (has("bad")) {
    behaviour.exits_after = Milliseconds(150);
    behaviour.exit_code = 3;
    behaviour.output = "starting\nno such table: users\n";
  }
  if (has("sick") || has("fit"))
    config.health = HealthCheck{{"CMD", "/check"}, Milliseconds(10), Milliseconds(10), {}, 1};
  if (has("sick")) behaviour.unhealthy_after = Milliseconds(150);
  if (has("fit")) behaviour.healthy_after = Milliseconds(150);
  behaviour.ports[8080] = {.status = has("wrong") ? 500 : 200, .body = "page of " + offered, .after = Milliseconds(50)};
  if (has("refused")) behaviour.start_error = "exec: no such file";
  engine.next_build(config, behaviour, offered);
}

std::string Scene::image_of(const std::string& version) const {
  // The id is a function of tag and version; an engine of its own computes it.
  testing::FakeClock still;
  engine::MemoryEngine other(still);
  return other.add_image("web:latest", {}, {}, version);
}

void Scene::stranger(const std::string& name, std::optional<std::uint16_t> host_port) {
  const bool crash_safe = engine.image("stranger", {}).has_value();
  if (!crash_safe) engine.add_image("stranger", {}, {});
  engine::ContainerRequest request;
  request.name = name;
  request.image = "stranger";
  if (host_port) request.service.ports.push_back({80, "tcp", "", host_port});
  engine.create_container(request, {});
  engine.start_container(name, {});
}

std::string Scene::told(Change came) {
  reason = came.reason;
  std::string text(to_text(came.kind));
  change = std::move(came);
  return text;
}

bool Scene::crashes(const std::string& line) {
  try {
    std::ignore = run(line);
    return false;
  } catch (const engine::MemoryEngine::Crash&) {
    return true;
  }
}

std::string Scene::run(const std::string& line) {
  clock.advance(Seconds(60));
  try {
    return perform(line);
  } catch (const Error& error) {
    return format("error: {}", error.what());
  }
}

std::string Scene::perform(const std::string& line) {
  Context here = context("belay " + line);
  const auto words = split(line, ' ');
  const std::string verb = words.at(0), argument = words.size() > 1 ? words[1] : "";
  const std::stop_token stop_token = stopping.get_token();
  BuildOptions build_options;
  build_options.where = source.string();
  build_options.scheme = options.scheme;
  StartOptions start_options;
  start_options.scheme = options.scheme;
  const auto yes = [](const RemovalPreview&) { return true; };
  if (verb == "build") {
    offer(argument);
    std::ignore = build(here, web, build_options, stop_token);
    return "done";
  }
  if (verb == "start" && argument == "new") return told(start_new(here, web, start_options, stop_token));
  if (verb == "start") return told(start_release(here, web, argument, {}, stop_token));
  if (verb == "deploy") {
    offer(argument);
    start_options.change.snapshot = words.size() > 2 && words[2] == "snapshot";
    if (words.size() > 2 && words[2] == "check") build_options.checks = {parse_check("GET :8080/ 200 retries=1 ~page")};
    if (words.size() > 2 && words[2] == "uncheck") build_options.checks = std::vector<Check>{};
    return told(deploy(here, web, build_options, start_options, stop_token).change);
  }
  if (verb == "write") {
    hold(argument);
    return "done";
  }
  if (verb == "backup") {
    BackupOptions backup_options;
    backup_options.with_image = argument == "image";
    if (!argument.empty() && !backup_options.with_image) backup_options.consistency = backup::consistency(argument);
    return back_up(here, web, *backups(), {}, backup_options, stop_token).done ? "done" : "nothing";
  }
  if (verb == "restore" && !argument.empty())
    return told(restore_snapshot(here, web, std::stoi(argument.substr(1)), {}, stop_token).change);
  if (verb == "restore") return told(restore(here, web, *backups(), newest_backup(), {}, {}, stop_token).change);
  if (verb == "rollback" && argument == "data") return told(rollback_with_data(here, web, {}, {}, stop_token));
  if (verb == "stop") return told(stop(here, web, false, stop_token));
  if (verb == "restart") return told(restart(here, web, {}, stop_token));
  if (verb == "rollback")
    return told(rollback(here, web, argument.empty() ? std::nullopt : std::optional(ReleaseNumber::parse(argument)), {},
                         stop_token));
  if (verb == "retry") return told(retry(here, web, {}, stop_token));
  if (verb == "stable" && argument == "clear") {
    clear_stable(here, web, false, stop_token);
    return "done";
  }
  if (verb == "stable") {
    mark_stable(here, web, {}, false, stop_token);
    return "done";
  }
  if (verb == "autostart") {
    set_autostart(here, web, autostart(argument), false, stop_token);
    return "done";
  }
  if (verb == "start-all") {
    std::string text;
    for (const auto& started : start_all(here, {}, stop_token))
      text += (text.empty() ? "" : ", ") +
              (started.error ? started.error->what() : std::string(to_text(started.change->kind)));
    return text;
  }
  if (verb == "bind") {
    write_file_durably(source / "app.conf", argument);
    write_file_durably(source / "dcv-web", R"({"volumes": {"./app.conf": "/etc/app.conf:ro"}})");
    return "done";
  }
  if (verb == "cleanup")
    return cleanup(here, web, argument.empty() ? 1 : std::stoi(argument), false, yes, stop_token).done ? "done"
                                                                                                       : "nothing";
  if (verb == "down") return take_down(here, web, false, yes, stop_token).done ? "done" : "nothing";
  if (verb == "remove")
    return remove(here, web, argument == "volumes", false, yes, stop_token).done ? "done" : "nothing";
  if (verb == "recover") {
    recover(here, {}, stop_token);
    return "done";
  }
  throw UsageError("the test knows no verb " + verb);
}

void Scene::hold(const std::string& text) {
  write_file_durably(volume("web_data") / "file", text);
  write_file_durably(volume("web_more") / "file", text);
}

std::string Scene::held() {
  const auto in = [&](const char* name) { return read_file_if_present(volume(name) / "file").value_or("-"); };
  const std::string data = in("web_data"), more = in("web_more");
  return data == more ? data : data + "|" + more;
}

std::unique_ptr<backup::Destination> Scene::backups() {
  return backup::destination(backup::parse_place((folder.path() / "backups").string()), {});
}

std::string Scene::newest_backup() {
  std::string newest;
  for (const auto& file : backups()->list({})) newest = std::max(newest, file.name);
  return newest;
}

std::string Scene::leftovers() {
  std::string text;
  const auto say = [&](const std::string& sentence) { text += "  " + sentence + "\n"; };
  const auto known = store->app(web);
  for (const auto& each : engine.volumes({}, {})) {
    if (each.labels.contains(labels::temporary)) say(format("the temporary volume {}", each.name));
    if (each.name.find(".belay-") == std::string::npos) continue;
    const bool is_kept =
        known && std::any_of(known->snapshots.begin(), known->snapshots.end(), [&](const auto& snapshot) {
          return snapshot.complete && std::any_of(snapshot.items.begin(), snapshot.items.end(),
                                                  [&](const auto& item) { return item.kept.source == each.name; });
        });
    if (!is_kept) say(format("the reserve {}", each.name));
  }
  for (const auto& each : engine.containers({}, {}))
    if (each.labels.contains(labels::temporary)) say(format("the temporary container {}", each.name));
  if (known)
    for (const auto& snapshot : known->snapshots) {
      if (!snapshot.complete) say(format("the unfinished snapshot {}", snapshot.text()));
      for (const auto& item : snapshot.items)
        if (!fs::exists(item.kept.kind == DataPlace::Kind::volume ? volume(item.kept.source)
                                                                  : fs::path(item.kept.source)))
          say(format("{} without {}", snapshot.text(), item.kept.source));
    }
  if (!fs::exists(folder.path() / "backups")) return text;
  Context here = context("belay verify");
  for (const auto& file : backups()->list({})) {
    try {
      std::ignore = verify_backup(here, *backups(), file.name, {}, {}, {});
    } catch (const Error& error) {
      say(format("the backup {}: {}", file.name, error.what()));
    }
  }
  return text;
}

std::string Scene::bound_text() {
  const App known = app();
  const Release& release = known.release(known.wish.release().value());
  const auto detail = engine.container(release.containers.begin()->second, {});
  for (const auto& mount : detail.value().service.mounts)
    if (mount.target == "/etc/app.conf") return read_file(mount.source);
  return "nothing";
}

App Scene::app(const std::string& name) {
  return store->app(AppName(name)).value();
}

std::string Scene::state() {
  std::string text;
  for (const auto& each : store->apps()) text += text_of(each);
  return text;
}

std::string Scene::changes(size_t from) const {
  const auto all = engine.changes();
  std::string text;
  for (size_t i = from; i < all.size(); ++i) text += format("  {}. {}\n", i, all[i]);
  return text;
}

std::vector<std::string> Scene::lasting_changes() const {
  auto all = engine.changes();
  // The probe of whether the engine's files are this host's leaves nothing.
  std::erase_if(all, [](const std::string& each) {
    return each.starts_with("build ") || each.find(" +belay-probe-") != std::string::npos ||
           each.find(" -belay-probe-") != std::string::npos;
  });
  return all;
}

std::string Scene::all() {
  return state() + changes();
}

std::vector<std::string> Scene::running() {
  std::vector<std::string> names;
  for (const auto& each : engine.containers({false, {}}, {})) names.push_back(each.name);
  return names;
}

std::optional<Container> Scene::container(const std::string& name) {
  const auto detail = engine.container(name, {});
  if (!detail) return {};
  return detail->container;
}

std::string Scene::plan() {
  Context here = context();
  return plan::plan_text(plan_now(here, web, {}));
}

std::string Scene::trouble(const std::string& version) {
  std::string text;
  const auto say = [&](const std::string& sentence) { text += "  " + sentence + "\n"; };
  const auto known = store->app(web);
  int up = 0;
  for (const auto& each : engine.containers({}, {})) {
    const auto owner = each.owner();
    if (!owner) continue;
    const auto policy = engine.container(each.name, {})->restart.name;
    if (known && known->find(owner->release) == nullptr) say(format("{} belongs to no release", each.name));
    if (each.is_up()) {
      ++up;
      if (version.empty()) {
        say(format("{} runs, nothing should", each.name));
      } else {
        if (each.image_id != image_of(version))
          say(format("{} runs another image than version {}", each.name, version));
        if (each.state != ContainerState::running) say(format("{} is {}", each.name, to_text(each.state)));
        if (policy != "unless-stopped") say(format("{} runs with the restart policy {}", each.name, policy));
        // A release that changes nothing of a container goes on with it.
        const Release* last = known && known->last ? known->find(*known->last) : nullptr;
        const bool goes_on = last != nullptr && std::any_of(last->containers.begin(), last->containers.end(),
                                                            [&](const auto& its) { return its.second == each.name; });
        if (known && known->last != owner->release && !goes_on)
          say(format("{} runs, but last is {}", each.name, number(known->last)));
        if (options.scheme == NamingScheme::dcv && known) {
          const std::string wanted = known->stable == owner->release ? "dcv_web_stable" : "dcv_web";
          if (each.name != wanted) say(format("{} should be called {}", each.name, wanted));
        }
      }
    } else if (policy != "no") {
      say(format("{} is down with the restart policy {}", each.name, policy));
    }
  }
  if (!version.empty() && up != 1) say(format("{} containers run, not one", up));
  auto lost = engine.lost_volumes();
  std::erase_if(lost, [](const std::string& name) { return name.find(".belay-") != std::string::npos; });
  if (!lost.empty()) say("lost volumes: " + join(lost, ", "));
  if (known) {
    if (known->wish.is_unfinished()) say("the wish is unfinished");
    try {
      if (const auto pending = plan(); !pending.empty()) say("the plan is not empty:\n" + pending);
    } catch (const Error& error) {
      say(format("no plan: {}", error.what()));
    }
  }
  return text;
}

}  // namespace belay::scene
