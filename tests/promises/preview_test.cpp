// What --dry-run shows is what the run does: for every verb that changes something, action by action.

#include <algorithm>
#include <cctype>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "change/new_release.h"
#include "change/remove_stopped.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "family/import_store.h"
#include "family/settings.h"
#include "formats/setting_keys.h"
#include "plan/sequence.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore.h"
#include "safekeeping/snapshots.h"
#include "safekeeping/trial.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// Ids of images that a tag names are shown as that tag: before a build nobody knows the id.
std::string with_tags(std::string text, Scene& scene) {
  for (const auto* tag : {"web:latest", "web:1", "web:2", "far:1", "far:2"})
    if (const auto image = scene.engine.image(tag, {})) text = replaced(text, short_digest(image->id), tag);
  return text;
}

// The actions with their reasons and waits. A run may be several plans, one after the other; `ends` are their ends, and
// a wait for an action of an earlier plan goes without saying.
std::vector<std::string> actions_of(const plan::Plan& plan, const std::vector<size_t>& ends, Scene& scene) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < plan.actions.size(); ++i) {
    const plan::Action& action = plan.actions[i];
    size_t begin = 0;
    for (const size_t end : ends)
      if (end <= i) begin = end;
    std::string line = format("{}. {} — {}", i + 1, plan::step_text(action.step), action.reason);
    std::vector<size_t> waits = action.after;
    std::sort(waits.begin(), waits.end());
    for (const size_t before : waits)
      if (before >= begin) line += format(" after {}", before + 1);
    if (action.may_fail) line += " (may fail)";
    if (action.deadline) line += format(" (at most {} ms)", action.deadline->count());
    lines.push_back(with_tags(line, scene));
  }
  return lines;
}

// What a container has to prove is said by its image: where that was still to come, the plan says both.
void learn_verdicts(plan::Plan& shown, const std::vector<plan::Plan>& ran) {
  for (auto& action : shown.actions) {
    const auto* wait = std::get_if<plan::AwaitVerdict>(&action.step);
    if (wait == nullptr || !wait->has_unseen_image) continue;
    EXPECT_THAT(plan::step_text(action.step), ::testing::HasSubstr("where its image has no check"));
    const std::string name = wait->name;
    for (const auto& plan : ran)
      for (const auto& other : plan.actions)
        if (const auto* known = std::get_if<plan::AwaitVerdict>(&other.step); known != nullptr && known->name == name)
          action.step = other.step;
  }
}

void expect_same(plan::Plan shown, const std::vector<plan::Plan>& ran, Scene& scene) {
  learn_verdicts(shown, ran);
  plan::Plan all;
  std::vector<size_t> ends;
  for (const auto& each : ran) {
    const size_t offset = all.actions.size();
    for (auto action : each.actions) {
      for (auto& before : action.after) before += offset;
      all.actions.push_back(std::move(action));
    }
    ends.push_back(all.actions.size());
  }
  EXPECT_EQ(join(actions_of(shown, ends, scene), "\n"), join(actions_of(all, ends, scene), "\n"));
}

// Runs the verb dry, then in earnest, and compares.
using Perform = std::function<plan::Plan(Context& context, bool dry_run)>;
void compare(Scene& scene, const std::string& command, const Perform& perform, bool fails = false) {
  Context context = scene.context("belay " + command);
  scene.report.ran.clear();
  const std::string before = scene.all();
  const plan::Plan shown = perform(context, true);
  EXPECT_EQ(scene.all(), before) << "a preview changes nothing";
  EXPECT_TRUE(scene.report.ran.empty()) << "a preview runs nothing";
  scene.report.ran.clear();
  std::ignore = perform(context, false);
  if (fails && scene.report.ran.size() > 1) scene.report.ran.pop_back();
  expect_same(shown, scene.report.ran, scene);
}

bool yes(const RemovalPreview&) {
  return true;
}

struct Verb {
  const char* name;
  std::vector<std::string> before;  // lines of Scene::run
  std::function<plan::Plan(Scene& scene, Context& context, bool dry_run)> perform;
  bool does_something = true;
  NamingScheme scheme = NamingScheme::belay;
  bool fails = false;            // the way back follows, which no preview shows
  bool has_mount_points = true;  // the image; before its first build nobody knows them, and a note says so
};
void PrintTo(const Verb& verb, std::ostream* out) {
  *out << verb.name;
}

ChangeOptions change_options(bool dry_run) {
  ChangeOptions options;
  options.dry_run = dry_run;
  return options;
}

auto start_of(const std::string& which) {
  return [which](Scene& /*scene*/, Context& context, bool dry_run) {
    return start_release(context, web, which, change_options(dry_run), {}).plan;
  };
}

plan::Plan deploy_of(Scene& scene, Context& context, const std::string& version, const std::string& image,
                     bool snapshot, bool dry_run) {
  BuildOptions build_options;
  build_options.where = scene.source.string();
  build_options.scheme = scene.options.scheme;
  build_options.image = image;
  build_options.dry_run = dry_run;
  StartOptions options;
  options.scheme = scene.options.scheme;
  options.change = change_options(dry_run);
  options.change.snapshot = snapshot;
  if (!dry_run && image.empty()) scene.offer(version);
  return deploy(context, web, build_options, options, {}).change.plan;
}

auto deploy_of(const std::string& version, bool snapshot = false) {
  return [=](Scene& scene, Context& context, bool dry_run) {
    return deploy_of(scene, context, version, "", snapshot, dry_run);
  };
}

plan::Plan start_new_one(Scene& scene, Context& context, bool dry_run) {
  StartOptions options;
  options.scheme = scene.options.scheme;
  options.change = change_options(dry_run);
  return start_new(context, web, options, {}).plan;
}

auto backup_of(std::optional<backup::Consistency> consistency, bool with_image = false) {
  return [=](Scene& scene, Context& context, bool dry_run) {
    BackupOptions options;
    options.dry_run = dry_run;
    options.consistency = consistency;
    options.with_image = with_image;
    return back_up(context, web, *scene.backups(), {}, options, {}).plan;
  };
}

plan::Plan restore_newest(Scene& scene, Context& context, bool dry_run) {
  RestoreOptions options;
  options.change = change_options(dry_run);
  return restore(context, web, *scene.backups(), scene.newest_backup(), {}, options, {}).change.plan;
}

auto removal(bool volumes) {
  return [=](Scene& /*scene*/, Context& context, bool dry_run) {
    return remove(context, web, volumes, dry_run, yes, {}).plan;
  };
}

auto cleanup_to(int keep) {
  return [=](Scene& /*scene*/, Context& context, bool dry_run) {
    return cleanup(context, web, keep, dry_run, yes, {}).plan;
  };
}

auto set_of(const std::vector<std::string>& words, const std::vector<std::string>& unset = {}) {
  return [=](Scene& /*scene*/, Context& context, bool dry_run) {
    SettingsChange wanted;
    if (!words.empty()) wanted.set = formats::settings_of_words(words, "/").settings;
    wanted.unset = unset;
    StartOptions options;
    options.change = change_options(dry_run);
    return change_settings(context, web, wanted, options, {}).change.value().plan;
  };
}

plan::Plan restart_all(Scene& /*scene*/, Context& context, bool dry_run) {
  return restart(context, web, change_options(dry_run), {}).plan;
}

plan::Plan mark_it(Scene& /*scene*/, Context& context, bool dry_run) {
  return mark_stable(context, web, {}, dry_run, {}).plan;
}

const std::vector<Verb> verbs{
    {"start new, the first", {"build 1"}, start_new_one},
    {"start new, a second", {"deploy 1", "build 2"}, start_new_one},
    {"deploy with a check", {"deploy 1 check"}, deploy_of("2")},
    {"deploy that fails its check", {"deploy 1 check"}, deploy_of("wrong"), true, NamingScheme::belay, true},
    {"start new, of the same build", {"deploy 1"}, start_new_one},
    {"start last", {"deploy 1", "stop"}, start_of("last")},
    {"start last, which runs", {"deploy 1"}, start_of("last"), false},
    {"start stable", {"deploy 1", "stable", "deploy 2"}, start_of("stable")},
    {"start r1", {"deploy 1", "deploy 2"}, start_of("r1")},
    {"stop",
     {"deploy 1"},
     [](Scene& /*scene*/, Context& context, bool dry_run) { return stop(context, web, dry_run, {}).plan; }},
    {"set of a variable", {"deploy 1"}, set_of({"env.A=1"})},
    {"set of ports", {"deploy 1"}, set_of({"ports=9000:8080"})},
    {"set after a way back", {"deploy 1", "deploy bad"}, set_of({"env.A=1", "memory=64m"})},
    {"unset of what the image has", {"deploy 1 check"}, set_of({}, {"check"})},
    {"restart", {"deploy 1"}, restart_all},
    {"restart of what is stopped", {"deploy 1", "stop"}, restart_all},
    {"restart after a swap", {"deploy 1", "deploy 2"}, restart_all},
    {"deploy, the first", {}, deploy_of("1"), true, NamingScheme::belay, false, false},
    {"deploy, a second", {"deploy 1"}, deploy_of("2")},
    {"deploy of what is stopped", {"deploy 1", "stop"}, deploy_of("2")},
    {"deploy with a snapshot", {"deploy 1", "write a"}, deploy_of("2", true)},
    {"deploy of an image",
     {"deploy 1"},
     [](Scene& scene, Context& context, bool dry_run) {
       return deploy_of(scene, context, "", "other:1", false, dry_run);
     }},
    {"rollback",
     {"deploy 1", "deploy 2"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return rollback(context, web, {}, change_options(dry_run), {}).plan;
     }},
    {"rollback to r1",
     {"deploy 1", "deploy 2", "deploy 3"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return rollback(context, web, ReleaseNumber{1}, change_options(dry_run), {}).plan;
     }},
    {"rollback with data",
     {"deploy 1", "write a", "deploy 2 snapshot", "write b"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return rollback_with_data(context, web, {}, change_options(dry_run), {}).plan;
     }},
    {"retry",
     {"deploy 1", "deploy 2bad"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return retry(context, web, change_options(dry_run), {}).plan;
     },
     true,
     NamingScheme::belay,
     true},
    {"stable", {"deploy 1"}, mark_it, false},
    {"stable, with names that say so", {"deploy 1"}, mark_it, true, NamingScheme::dcv},
    {"stable --clear, with names that say so",
     {"deploy 1", "stable"},
     [](Scene& /*scene*/, Context& context, bool dry_run) { return clear_stable(context, web, dry_run, {}).plan; },
     true,
     NamingScheme::dcv},
    {"deploy, with names that say so", {"deploy 1", "stable"}, deploy_of("2"), true, NamingScheme::dcv},
    {"cleanup", {"deploy 1", "deploy 2", "deploy 3", "deploy 4"}, cleanup_to(0)},
    {"cleanup after a failure", {"deploy 1", "deploy 2bad"}, cleanup_to(0)},
    {"cleanup of little", {"deploy 1"}, cleanup_to(3), false},
    {"remove", {"deploy 1", "deploy 2"}, removal(false)},
    {"remove with volumes", {"deploy 1", "write a", "deploy 2"}, removal(true)},
    {"remove with volumes and snapshots", {"deploy 1", "write a", "deploy 2 snapshot"}, removal(true)},
    {"remove of what is stopped", {"deploy 1", "stop"}, removal(false)},
    {"start-all",
     {"deploy 1", "autostart last", "stop"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return start_all(context, change_options(dry_run), {}).at(0).change->plan;
     }},
    {"snapshot",
     {"deploy 1", "write a"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return take_snapshot(context, web, "by hand", dry_run, {}).plan;
     }},
    {"snapshot of what is stopped",
     {"deploy 1", "write a", "stop"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return take_snapshot(context, web, "by hand", dry_run, {}).plan;
     }},
    {"deploy with a snapshot too many",
     {"deploy 1", "write a", "deploy 2 snapshot", "deploy 3 snapshot", "deploy 4 snapshot"},
     deploy_of("5", true)},
    {"snapshot, one too many",
     {"deploy 1", "write a", "deploy 2 snapshot", "deploy 3 snapshot", "deploy 4 snapshot"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return take_snapshot(context, web, "by hand", dry_run, {}).plan;
     }},
    {"restore, one snapshot too many",
     {"deploy 1", "write a", "deploy 2 snapshot", "deploy 3 snapshot", "deploy 4 snapshot", "backup", "write b"},
     restore_newest},
    {"snapshots --remove",
     {"deploy 1", "write a", "deploy 2 snapshot"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return remove_snapshot(context, web, 1, dry_run, yes, {}).plan;
     }},
    {"restore of a snapshot",
     {"deploy 1", "write a", "deploy 2 snapshot", "write b"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       RestoreOptions options;
       options.change = change_options(dry_run);
       return restore_snapshot(context, web, 1, options, {}).change.plan;
     }},
    {"backup", {"deploy 1", "write a"}, backup_of({})},
    {"backup --stop", {"deploy 1", "write a"}, backup_of(backup::Consistency::stop)},
    {"backup --live", {"deploy 1", "write a"}, backup_of(backup::Consistency::live)},
    {"backup --image", {"deploy 1", "write a"}, backup_of({}, true)},
    {"backup of what is stopped", {"deploy 1", "write a", "stop"}, backup_of({})},
    {"restore", {"deploy 1", "write a", "backup", "write b"}, restore_newest},
    {"restore of what is stopped", {"deploy 1", "write a", "backup", "stop"}, restore_newest},
    {"restore of what is gone", {"deploy 1", "write a", "backup image", "remove volumes"}, restore_newest},
    {"restore of what is gone, with a health check",
     {"deploy 1fit", "write a", "backup image", "remove volumes"},
     restore_newest},
    {"adopt",
     {},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       TakeOver how;
       how.dry_run = dry_run;
       return adopt(context, AppName("plex"), {}, how, {}).plan;
     }},
    {"adopt of what loses a setting",
     {},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       TakeOver how;
       how.dry_run = dry_run;
       how.lossy = true;
       return adopt(context, AppName("plex"), {}, how, {}).plan;
     }},
    {"import run, of an image that is not here",
     {},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return import_run(context, "far", {"-p", "90:90", "far:1"}, dry_run, {}).plan;
     }},
    {"import run, of an image that is here",
     {},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return import_run(context, "near", {"other:1"}, dry_run, {}).plan;
     },
     false},
    {"import of a store",
     {},
     [](Scene& scene, Context& context, bool dry_run) {
       const fs::path store = scene.folder.path() / "store";
       make_folder(store);
       make_folder(store / "plex");
       write_file_durably(store / "plex" / "last", "plex");
       ImportOptions options;
       options.folder = store;
       options.dry_run = dry_run;
       return import_store(context, StoreKind::jockler, options, {}).at(0).plan;
     }},
    {"recover",
     {"deploy 1", "lose the state"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       TakeOver how;
       how.dry_run = dry_run;
       EXPECT_EQ(recover(context, how, {}).size(), 1U);
       return plan::Plan();
     },
     false},
    {"down",
     {"deploy 1"},
     [](Scene& /*scene*/, Context& context, bool dry_run) { return take_down(context, web, dry_run, yes, {}).plan; }},
    {"rm",
     {"deploy 1", "stop"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return remove_stopped(context, web, UnnamedVolumes::go, dry_run, {}).plan;
     }},
    {"rm --stop --volumes",
     {"deploy 1"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       if (dry_run) return preview_stop_and_removal(context, web, UnnamedVolumes::go, {}).plan;
       const plan::Plan stopping = stop(context, web, false, {}).plan;
       return plan::in_sequence(stopping, remove_stopped(context, web, UnnamedVolumes::go, false, {}).plan);
     }},
    {"down --rmi",
     {"deploy 1", "stop"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       return remove_images(context, web, AppImages::all, dry_run, {}).plan;
     }},
    {"autostart",
     {"deploy 1"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       EXPECT_TRUE(set_autostart(context, web, Autostart::last, dry_run, {}));
       return plan::Plan();
     },
     false},
    {"restore as another app",
     {"deploy 1", "write a", "backup image"},
     [](Scene& scene, Context& context, bool dry_run) {
       RestoreOptions options;
       options.change = change_options(dry_run);
       options.as = AppName("copy");
       return restore(context, web, *scene.backups(), scene.newest_backup(), {}, options, {}).change.plan;
     }},
    {"drill",
     {"deploy 1", "write a", "backup image"},
     [](Scene& scene, Context& context, bool dry_run) {
       TrialOptions options;
       options.dry_run = dry_run;
       return drill(context, web, *scene.backups(), scene.newest_backup(), {}, options, {}).trial.plan;
     }},
    {"try of an image",
     {"deploy 1", "write a"},
     [](Scene& /*scene*/, Context& context, bool dry_run) {
       TryOptions options;
       options.trial.dry_run = dry_run;
       options.image = "other:1";
       return try_candidate(context, web, options, {}).trial.plan;
     }},
};

bool removes_data(const plan::Plan& plan) {
  return std::any_of(plan.actions.begin(), plan.actions.end(),
                     [](const plan::Action& action) { return std::holds_alternative<plan::RemoveData>(action.step); });
}

class Preview : public ::testing::TestWithParam<Verb> {};

TEST_P(Preview, IsWhatTheRunDoes) {
  const Verb& verb = GetParam();
  SceneOptions options;
  options.files = options.volume = options.port = verb.has_mount_points;
  options.scheme = verb.scheme;
  Scene scene(options);
  for (const auto& line : verb.before) {
    if (line == "lose the state")
      scene.store->forget(web);
    else
      ASSERT_THAT(scene.run(line), ::testing::Not(::testing::StartsWith("error"))) << line;
  }
  const std::string_view name = verb.name;
  if (name.starts_with("adopt") || name == "import of a store") scene.stranger("plex", {});
  if (name.ends_with("loses a setting")) scene.engine.has_unkept("plex", {"DeviceRequests", "--gpus"});
  scene.engine.in_registry("far:1", {}, {}, "far");
  ImageConfig config;
  config.exposed_ports = {"8080/tcp"};
  config.volumes = {"/data", "/more"};
  scene.engine.add_image("other:1", config, {}, "other");
  scene.clock.advance(Seconds(60));
  const size_t changes = scene.engine.changes().size();
  compare(
      scene, verb.name, [&](Context& context, bool dry_run) { return verb.perform(scene, context, dry_run); },
      verb.fails);
  size_t actions = 0;
  for (const auto& plan : scene.report.ran) actions += plan.actions.size();
  if (name.ends_with("too many")) {
    EXPECT_TRUE(removes_data(scene.report.ran.back())) << "the oldest snapshot goes, at the end";
  }
  EXPECT_EQ(actions > 0, verb.does_something) << "the case shows what it should";
  if (actions == 0) {
    EXPECT_EQ(scene.engine.changes().size(), changes) << "what no plan says is not done";
  }
}

INSTANTIATE_TEST_SUITE_P(EveryVerb, Preview, ::testing::ValuesIn(verbs), [](const auto& verb) {
  std::string name;
  for (const char c : std::string_view(verb.param.name)) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

// db ← web (three replicas) ← proxy
class StackPreview : public ::testing::Test {
 protected:
  StackPreview() {
    for (const auto* image : {"db:1", "web:1", "web:2", "proxy:1"}) scene_.engine.add_image(image, {}, {}, image);
    std::ignore = deploy(made("web:1"), false);
    scene_.clock.advance(Seconds(60));
  }

  ReleaseDraft made(const std::string& web_image) {
    ReleaseDraft made;
    const auto add = [&](const std::string& name, const std::string& image, std::vector<Need> needs) -> Service& {
      Service service;
      service.name = name;
      service.needs = std::move(needs);
      made.images[name] = scene_.engine.image(image, {})->id;
      return made.spec.services.emplace_back(std::move(service));
    };
    add("db", "db:1", {}).mounts.push_back({Mount::Kind::volume, "shop_data", "/data", false, ""});
    for (const int number : {1, 2, 3}) {
      Service& replica = add(number == 1 ? "web" : format("web-{}", number), web_image, {{"db"}});
      replica.group = "web";
      replica.number = number;
    }
    add("proxy", "proxy:1", {{"web"}, {"web-2"}, {"web-3"}});
    return made;
  }

  plan::Plan deploy(const ReleaseDraft& made, bool dry_run, Containers containers = Containers::changed_in_place) {
    Context context = scene_.context("belay deploy shop");
    App app = scene_.store->app(shop_).value_or(App(shop_));
    return start_draft(context, app, made, change_options(dry_run), containers, "deploy", {}).plan;
  }
  void compare_with(const Perform& perform) {
    compare(scene_, "test", perform);
    EXPECT_FALSE(scene_.report.ran.empty());
  }

  Scene scene_;
  const AppName shop_{"shop"};
};

TEST_F(StackPreview, OfADeployIsWhatTheRunDoes) {
  compare_with([&](Context& /*context*/, bool dry_run) { return deploy(made("web:2"), dry_run); });
}

TEST_F(StackPreview, OfADeployInNewContainersIsWhatTheRunDoes) {
  compare_with(
      [&](Context& /*context*/, bool dry_run) { return deploy(made("web:2"), dry_run, Containers::new_ones); });
}

TEST_F(StackPreview, OfARollbackIsWhatTheRunDoes) {
  std::ignore = deploy(made("web:2"), false);
  compare_with(
      [&](Context& context, bool dry_run) { return rollback(context, shop_, {}, change_options(dry_run), {}).plan; });
}

TEST_F(StackPreview, OfARestartOfTheAppOfAServiceAndOfAReplicaIsWhatTheRunDoes) {
  for (const Target& target : {Target{shop_}, Target{shop_, "web"}, Target{shop_, "web", 2}, Target{shop_, "db"}}) {
    SCOPED_TRACE(target.text());
    compare_with(
        [&](Context& context, bool dry_run) { return restart(context, target, change_options(dry_run), {}).plan; });
  }
}

TEST_F(StackPreview, OfAStopAndAStartOfAReplicaOfAServiceAndOfTheAppIsWhatTheRunDoes) {
  for (const Target& target : {Target{shop_, "web", 2}, Target{shop_, "web"}, Target{shop_, "db"}, Target{shop_}}) {
    SCOPED_TRACE(target.text());
    compare_with([&](Context& context, bool dry_run) { return stop(context, target, dry_run, {}).plan; });
    compare_with([&](Context& context, bool dry_run) {
      return start_services(context, target, change_options(dry_run), {}).plan;
    });
  }
}

// Keeps the plans that run, of all apps.
class Plans final : public DeclaredListener {
 public:
  void tell(const plan::Event& event) override {
    if (const auto* begun = std::get_if<plan::PlanBegun>(&event.what)) ran.push_back(*begun->plan);
  }
  std::vector<plan::Plan> ran;
};

class DeclaredPreview : public ::testing::Test {
 protected:
  DeclaredPreview() {
    make_folder(folder_);
    for (const auto* image : {"web:1", "web:2"}) scene_.engine.add_image(image, {}, {}, image);
    engine::Behaviour exits;
    exits.exits_after = Milliseconds(50);
    exits.exit_code = 3;
    scene_.engine.add_image("web:bad", {}, exits, "bad");
  }

  void define(const std::string& rest) {
    write_file_durably(folder_ / "web.json", format("{{\"name\": \"web\", {}}}", rest));
  }
  DeclaredHost apply(bool dry_run, Plans& plans) {
    Context context = scene_.context("belay apply");
    DeclaredOptions options;
    options.sources = {folder_.string()};
    options.workers = 1;
    options.ask_registries = false;
    options.allow_empty = true;
    options.dry_run = dry_run;
    return apply_declared(context, read_definitions(folder_, {}), options, plans, {});
  }
  void apply() {
    Plans plans;
    std::ignore = apply(false, plans);
    scene_.clock.advance(Seconds(60));
  }
  // How many actions it took.
  size_t compare_them() {
    Plans dry, real;
    const std::string before = scene_.all();
    plan::Plan shown;
    for (const auto& app : apply(true, dry).apps) {
      const size_t offset = shown.actions.size();
      for (auto action : app.change.plan.actions) {
        for (auto& each : action.after) each += offset;
        shown.actions.push_back(action);
      }
      notes_.insert(notes_.end(), app.change.plan.notes.begin(), app.change.plan.notes.end());
    }
    EXPECT_EQ(scene_.all(), before) << "a preview changes nothing";
    std::ignore = apply(false, real);
    expect_same(shown, real.ran, scene_);
    return shown.actions.size();
  }

  std::vector<std::string> notes_;  // of the previews
  Scene scene_;
  fs::path folder_ = scene_.folder.path() / "containers.d";
};

TEST_F(DeclaredPreview, OfANewAppIsWhatTheRunDoes) {
  define(R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
  EXPECT_GT(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfAnotherImageIsWhatTheRunDoes) {
  define(R"("image": "web:1", "env": {"LEVEL": "info"})");
  apply();
  define(R"("image": "web:2", "env": {"LEVEL": "debug"})");
  EXPECT_GT(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfAnImageOfARegistryIsWhatTheRunDoes) {
  ImageConfig checked;
  checked.health = HealthCheck{{"CMD", "/check"}, Milliseconds(10), Milliseconds(10), {}, 1};
  engine::Behaviour healthy;
  healthy.healthy_after = Milliseconds(50);
  scene_.engine.in_registry("far:1", {}, {}, "far 1");
  scene_.engine.in_registry("far:2", checked, healthy, "far 2");
  define(R"("image": "far:1", "volumes": [{"containerPath": "/data"}])");
  EXPECT_GT(compare_them(), 0U);
  EXPECT_THAT(notes_,
              ::testing::Contains("far:1 is not here yet: its own volumes and health check are known once it is"));
  scene_.clock.advance(Seconds(60));
  define(R"("image": "far:2", "volumes": [{"containerPath": "/data"}])");
  EXPECT_GT(compare_them(), 0U);
  scene_.clock.advance(Seconds(60));
  notes_.clear();
  define(R"("image": "far:1", "volumes": [{"containerPath": "/data"}])");
  EXPECT_GT(compare_them(), 0U);
  EXPECT_THAT(notes_, ::testing::Not(::testing::Contains(::testing::HasSubstr("is not here yet"))))
      << "it is here by now";
}

// Nothing is known to speak against it yet.
TEST_F(DeclaredPreview, OfAnImageThatIsNotHereDoesNotSayThatNothingChecksIt) {
  ImageConfig checked;
  checked.health = HealthCheck{{"CMD", "/check"}, Milliseconds(10), Milliseconds(10), {}, 1};
  engine::Behaviour healthy;
  healthy.healthy_after = Milliseconds(50);
  scene_.engine.in_registry("far:1", checked, healthy, "far 1");
  make_folder(folder_ / "shop");
  write_file_durably(folder_ / "shop" / "compose.yaml", R"(services:
  db: {image: "far:1"}
  web:
    image: "web:1"
    depends_on: {db: {condition: service_healthy}}
)");
  EXPECT_GT(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfALimitThatIsChangedInPlaceIsWhatTheRunDoes) {
  define(R"("image": "web:1", "memory": "64m")");
  apply();
  define(R"("image": "web:1", "memory": "128m")");
  EXPECT_GT(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfARepairIsWhatTheRunDoes) {
  define(R"("image": "web:1")");
  apply();
  scene_.engine.stop_container("web", {}, {});
  EXPECT_GT(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfWhatIsHeldIsNothing) {
  define(R"("image": "web:1")");
  apply();
  define(R"("image": "web:bad")");
  apply();
  EXPECT_EQ(compare_them(), 0U);
}

TEST_F(DeclaredPreview, OfWhatIsNoLongerDeclaredIsWhatTheRunDoes) {
  define(R"("image": "web:1")");
  apply();
  fs::remove(folder_ / "web.json");
  EXPECT_GT(compare_them(), 0U);
}

}  // namespace
}  // namespace belay::scene
