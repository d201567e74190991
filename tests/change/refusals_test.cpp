// What bad input gets: one sentence, a hint that says what to do, and nothing changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/lock.h"
#include "change/apps.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::HasSubstr;

// Which error, with which hint (both as parts of the text); neither state nor engine may differ afterwards.
template <class Kind>
void expect_refusal(Scene& scene, const std::function<void(Context&)>& use, const std::string& text,
                    const std::string& hint, std::optional<ErrorCode> code = {}) {
  const std::string before = scene.all();
  Context here = scene.context();
  try {
    use(here);
    ADD_FAILURE() << "not refused; it should have said: " << text;
  } catch (const Error& error) {
    EXPECT_NE(dynamic_cast<const Kind*>(&error), nullptr) << "another kind of error: " << error.what();
    EXPECT_THAT(error.what(), HasSubstr(text));
    EXPECT_THAT(error.hint(), HasSubstr(hint));
    if (code) {
      EXPECT_EQ(error_name(error.code()), error_name(*code)) << error.what();
    }
  }
  EXPECT_EQ(scene.all(), before) << "after: " << text;
}

BuildOptions from(const fs::path& where) {
  BuildOptions options;
  options.where = where.string();
  return options;
}

// What the daemon saw may be over when it gets to act: a stop of the user's in between stays.
TEST(Refusals, OfWhatWasDecidedForAnotherWish) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("deploy 2");
  const Time seen = scene.app().wish.since;
  scene.clock.advance(Seconds(1));
  scene.run("stop");
  const std::vector<std::function<void(Context&)>> uses{[](Context& c) { restart(c, web, {}, {}); },
                                                        [](Context& c) { rollback(c, web, {}, {}, {}); },
                                                        [](Context& c) { stop(c, web, false, {}); }};
  for (const auto& use : uses)
    expect_refusal<change::Overtaken>(
        scene,
        [&](Context& c) {
          c.for_wish_since = seen;
          use(c);
        },
        "another command has changed web", "belay why web");
  Context here = scene.context();
  here.for_wish_since = scene.app().wish.since;
  EXPECT_FALSE(restart(here, web, {}, {}).failed());
}

TEST(Refusals, AnUnknownApp) {
  Scene scene;
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_new(c, web, {}, {}); }, "there is no app web", "belay build NAME");
  scene.run("build 1");
  const AppName near("wbe"), far("database");
  const std::vector<std::function<void(Context&, const AppName&)>> uses{
      [](Context& c, const AppName& name) { start_new(c, name, {}, {}); },
      [](Context& c, const AppName& name) { start_release(c, name, "last", {}, {}); },
      [](Context& c, const AppName& name) { stop(c, name, false, {}); },
      [](Context& c, const AppName& name) { restart(c, name, {}, {}); },
      [](Context& c, const AppName& name) { rollback(c, name, {}, {}, {}); },
      [](Context& c, const AppName& name) { retry(c, name, {}, {}); },
      [](Context& c, const AppName& name) { plan_now(c, name, {}); },
      [](Context& c, const AppName& name) { mark_stable(c, name, {}, false, {}); },
      [](Context& c, const AppName& name) { clear_stable(c, name, false, {}); },
      [](Context& c, const AppName& name) { show_stable(c, name, {}); },
      [](Context& c, const AppName& name) { set_autostart(c, name, Autostart::last, false, {}); },
      [](Context& c, const AppName& name) { cleanup(c, name, 1, false, {}, {}); },
      [](Context& c, const AppName& name) { remove(c, name, false, false, {}, {}); }};
  for (const auto& use : uses) {
    expect_refusal<NotFound>(
        scene, [&](Context& c) { use(c, near); }, "there is no app wbe", "Did you mean 'web'?",
        ErrorCode::app_not_found);
    expect_refusal<NotFound>(scene, [&](Context& c) { use(c, far); }, "there is no app database", "belay ls");
  }
  InstalledService service;
  service.name = "greet";
  scene.store->save(service);
  for (const auto& use : uses)
    expect_refusal<NotFound>(
        scene, [&](Context& c) { use(c, AppName("greet")); }, "greet is a service", "belay service help greet");
}

TEST(Refusals, AnAppThatOnlyTheEngineKnows) {
  Scene scene;
  scene.run("deploy 1");
  scene.store->forget(web);
  expect_refusal<Conflict>(
      scene, [](Context& c) { stop(c, web, false, {}); },
      "the engine has containers of web that this state does not know: web-r1", "belay recover",
      ErrorCode::foreign_container);
}

TEST(Refusals, AMarkOrReleaseThatIsNotThere) {
  Scene scene;
  scene.run("build 1");
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_release(c, web, "last", {}, {}); }, "web has no last release",
      "belay start web new");
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_release(c, web, "stable", {}, {}); }, "no release of web is marked stable",
      "belay stable web");
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_release(c, web, "r7", {}, {}); }, "web has no release r7", "belay start web new",
      ErrorCode::release_not_found);
  expect_refusal<UsageError>(scene, [](Context& c) { start_release(c, web, "newest", {}, {}); }, "newest", "");
  expect_refusal<NotFound>(
      scene, [](Context& c) { mark_stable(c, web, {}, false, {}); }, "web does not run, so there is nothing to mark",
      "belay start web last");
  expect_refusal<NotFound>(
      scene, [](Context& c) { retry(c, web, {}, {}); }, "no release of web has failed", "belay releases web");
  scene.run("start new");
  expect_refusal<NotFound>(
      scene, [](Context& c) { rollback(c, web, {}, {}, {}); }, "web has no good release before r1",
      "belay releases web");
  expect_refusal<NotFound>(
      scene, [](Context& c) { rollback(c, web, ReleaseNumber{4}, {}, {}); }, "web has no release r4",
      "belay releases web");
  scene.run("deploy bad");
  expect_refusal<Error>(
      scene, [](Context& c) { mark_stable(c, web, ReleaseNumber{2}, false, {}); },
      "web r2 failed and cannot be the stable one", "belay releases web", ErrorCode::not_proved);
}

TEST(Refusals, AContainerThatIsNobodys) {
  Scene scene;
  scene.run("deploy 1");
  scene.stranger("nginx", {});
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_container(c, "nginx", {}, {}); }, "nginx is not one of Belay's", "belay adopt");
  expect_refusal<NotFound>(
      scene, [](Context& c) { start_container(c, "nothing", {}, {}); }, "no app and no container nothing", "belay ls");
  expect_refusal<NotFound>(
      scene, [](Context& c) { stop_containers(c, {"nothing"}, {}); }, "there is no container nothing", "docker ps");
}

TEST(Refusals, AHostPortThatAnotherHolds) {
  Scene scene;
  scene.stranger("nginx", 8080);
  scene.run("build 1");
  expect_refusal<Conflict>(
      scene, [](Context& c) { start_new(c, web, {}, {}); },
      "starting web: host port 8080 is held by the container nginx (not Belay's)", "Stop that container",
      ErrorCode::port_held);
  scene.engine.stop_container("nginx", {}, {});
  scene.run("start new");
  const AppName shop("shop");
  scene.offer("1");
  Context here = scene.context();
  build(here, shop, from(scene.source), {});
  expect_refusal<Conflict>(
      scene, [&](Context& c) { start_new(c, shop, {}, {}); }, "held by the container web-r1 of the app web",
      "belay stop web");
}

TEST(Refusals, AContainerNameThatAnotherHas) {
  Scene dcv({NamingScheme::dcv});
  dcv.stranger("dcv_web", {});
  dcv.run("build 1");
  expect_refusal<Conflict>(
      dcv, [](Context& c) { start_new(c, web, {}, {}); }, "the container name dcv_web", "belay adopt web dcv_web",
      ErrorCode::name_taken);
}

TEST(Refusals, APlaceWithoutADockerfile) {
  Scene scene;
  const fs::path empty = scene.folder.path() / "empty";
  make_folder(empty);
  expect_refusal<NotFound>(
      scene, [&](Context& c) { build(c, web, from(empty), {}); },
      format("there is neither web-Dockerfile nor Dockerfile in {}", empty.string()), "belay deploy web PATH");
  expect_refusal<NotFound>(
      scene, [&](Context& c) { build(c, web, from(empty / "none"), {}); }, "none does not exist",
      "belay deploy web PATH");
}

TEST(Refusals, ABuildThatFails) {
  Scene scene;
  scene.run("deploy 1");
  const auto deployment = [&](Context& c) {
    scene.engine.next_build_fails("RUN make: exit code 2");
    deploy(c, web, from(scene.source), {}, {});
  };
  expect_refusal<Error>(scene, deployment, "building web: build web:latest", "");
  EXPECT_EQ(scene.trouble("1"), "") << "the old release keeps running";
  Scene fresh;
  fresh.engine.next_build_fails("RUN make: exit code 2");
  expect_refusal<Error>(fresh, [&](Context& c) { build(c, web, from(fresh.source), {}); }, "RUN make: exit code 2", "");
}

TEST(Refusals, AParameterFileWithAMistake) {
  Scene scene;
  scene.run("deploy 1");
  const auto refused = [&](const std::string& file, const std::string& text, const std::string& message) {
    scene.write(file, text);
    expect_refusal<ConfigError>(scene, [&](Context& c) { deploy(c, web, from(scene.source), {}, {}); }, message, "");
    fs::remove(scene.source / file);
  };
  const std::string jockler = (scene.source / "jockler-web").string();
  const auto mistake = [&](const std::string& text, const std::string& position) {
    refused("jockler-web", text, jockler + position);
  };
  mistake("{\"ports\": {\"80\": 80}", ":1:");
  mistake("{\n  \"ports\": {\"99999\": \"80\"}\n}", ":2:13:");
  mistake("{\"ports\": {\"80\": \"http\"}}", ":1:18:");
  mistake("{\"volumes\": {\"data\": \"relative\"}}", ":1:");
  scene.write("jockler-web", "{\"prots\": {}}");
  expect_refusal<ConfigError>(
      scene, [&](Context& c) { deploy(c, web, from(scene.source), {}, {}); },
      jockler + ":1:2:", "Did you mean 'ports'?");
  fs::remove(scene.source / "jockler-web");
  refused("dcv-web", "{\"raw\": [\"--no-such-option\"]}", (scene.source / "dcv-web").string() + ":1:");
  scene.write("jockler-web", "{}");
  scene.write("dcv-web", "{}");
  expect_refusal<Error>(
      scene, [&](Context& c) { deploy(c, web, from(scene.source), {}, {}); }, "are there", "--config-file");
}

TEST(Refusals, AConfigurationThatIsNotThere) {
  Scene scene;
  scene.write("dcv-web", R"({"small": {"env": {"A": "1"}}, "large": {"env": {"A": "2"}}})");
  scene.run("build 1");
  StartOptions options;
  expect_refusal<UsageError>(
      scene, [&](Context& c) { start_new(c, web, options, {}); }, "several configurations: large, small", "Name one");
  options.configuration = "smal";
  expect_refusal<NotFound>(
      scene, [&](Context& c) { start_new(c, web, options, {}); }, "there is no configuration 'smal'",
      "Did you mean 'small'?");
}

TEST(Refusals, AnAppWithoutABuildAndAnImageThatIsGone) {
  Scene scene;
  scene.run("build 1");
  const std::string image = scene.image_of("1");
  scene.engine.remove_image("web:latest", {});
  expect_refusal<NotFound>(
      scene, [&](Context& c) { start_new(c, web, {}, {}); }, "of the last build of web is gone", "belay build web");
  scene.run("deploy 1");
  scene.run("stop");
  scene.engine.remove_container("web-r1", {});
  scene.engine.remove_image("web:latest", {});
  scene.engine.remove_image("belay/web:r1", {});
  expect_refusal<NotFound>(
      scene, [&](Context& c) { start_release(c, web, "last", {}, {}); }, "of web r1 is gone", "belay build web",
      ErrorCode::image_gone);
}

TEST(Refusals, ANameThatNoImageCanHave) {
  Scene scene;
  expect_refusal<UsageError>(
      scene, [&](Context& c) { build(c, AppName("web-"), from(scene.source), {}); },
      "no image can be called web-: ", "Choose a name");
}

TEST(Refusals, AnImageThatNoRegistryHas) {
  Scene scene;
  BuildOptions options;
  options.image = "nothing:1";
  expect_refusal<Error>(
      scene, [&](Context& c) { build(c, web, options, {}); }, "the registry has no image nothing:1", "");
}

TEST(Refusals, ASecondBelayThatDoesNotWait) {
  Scene scene;
  scene.run("deploy 1");
  testing::FakeClock clock;
  std::optional<FileLock> held(
      FileLock::take({state::lock_file(scene.store->folder(), web), "belay deploy web (pid 1)"}, clock, {}, {}));
  scene.wait_for_lock = false;
  const std::vector<std::function<void(Context&)>> uses{
      [&](Context& c) { build(c, web, from(scene.source), {}); }, [](Context& c) { start_new(c, web, {}, {}); },
      [](Context& c) { stop(c, web, false, {}); }, [](Context& c) { remove(c, web, false, false, {}, {}); },
      [](Context& c) { mark_stable(c, web, {}, false, {}); }};
  for (const auto& use : uses)
    expect_refusal<Conflict>(scene, use, "locking web: belay deploy web (pid 1) is working on it", "--no-lock-wait",
                             ErrorCode::locked);
  // One that waits says for whom, and goes on when the other is done.
  scene.wait_for_lock = true;
  scene.report.notes.clear();
  // The first sleep is a second look, not yet a wait.
  int sleeps = 0;
  scene.clock.on_sleep = [&] {
    if (++sleeps == 2) held.reset();
  };
  EXPECT_EQ(scene.run("stop"), "done");
  ASSERT_EQ(scene.report.notes.size(), 1U);
  EXPECT_EQ(scene.report.notes[0], "waiting for belay deploy web (pid 1) to finish");
}

TEST(Refusals, TheUsersNo) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2", "deploy 3"}) scene.run(line);
  const std::string before = scene.all();
  Context here = scene.context();
  const auto no = [](const RemovalPreview& preview) {
    EXPECT_FALSE(preview.plan.empty());
    return false;
  };
  EXPECT_TRUE(cleanup(here, web, 0, false, no, {}).declined);
  EXPECT_TRUE(remove(here, web, true, false, no, {}).declined);
  EXPECT_EQ(scene.all(), before);
}

}  // namespace
}  // namespace belay::scene
