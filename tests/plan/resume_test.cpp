// Killed after any step, the next plan holds the rest.

#include <gtest/gtest.h>
#include <set>

#include "scene.h"
#include "simulation.h"

namespace belay::plan {
namespace {

bool is_verdict(const Step& step) {
  return std::holds_alternative<AwaitVerdict>(step);
}

std::multiset<std::string> steps(const Plan& plan, size_t first, size_t count) {
  std::multiset<std::string> texts;
  for (size_t i = first; i < first + count; ++i)
    // A verdict that was taken before the crash is taken again: nobody had recorded it.
    if (!is_verdict(plan.actions[i].step)) texts.insert(step_text(plan.actions[i].step));
  return texts;
}

void expect_resumable(Scene scene) {
  const Plan whole = plan_wish(scene.situation());
  ASSERT_FALSE(whole.empty());
  for (size_t done = 0; done <= whole.actions.size(); ++done) {
    SCOPED_TRACE("interrupted after " + std::to_string(done) + " steps of\n" + plan_text(whole));
    Scene cut = scene;
    for (size_t i = 0; i < done; ++i) apply(cut.app, cut.world, whole.actions[i].step);
    const Plan rest = plan_wish(cut.situation());
    EXPECT_EQ(steps(rest, 0, rest.actions.size()), steps(whole, done, whole.actions.size() - done)) << plan_text(rest);
    for (const auto& action : rest.actions) ASSERT_NO_THROW(apply(cut.app, cut.world, action.step));
    cut.app.wish.progress = Wish::Progress::fulfilled;
    EXPECT_EQ(cut.plan(), "nothing to do\n");
  }
}

Scene upgrade(NamingScheme scheme, const Service& before, const Service& after) {
  Scene scene;
  scene.app.scheme = scheme;
  scene.release(1, {before});
  scene.release(2, {after}, Verdict::pending).containers["web"] = "web-r2";
  scene.world.images.at(image_id(2)).tags.clear();
  scene.container(1, ContainerState::running, "unless-stopped");
  scene.app.last = ReleaseNumber{1};
  scene.wish_up(2);
  return scene;
}

TEST(Resuming, FinishesAFirstStart) {
  Service db = Scene::service({}, {"data"});
  db.name = "db";
  db.networks = {{"inner", {}, "", ""}};
  Scene scene;
  scene.release(1, {db, Scene::service({8080})}, Verdict::pending);
  scene.wish_up(1);
  expect_resumable(scene);
}

TEST(Resuming, FinishesASwapThatStopsFirst) {
  expect_resumable(upgrade(NamingScheme::belay, Scene::service({8080}), Scene::service({8080}, {"data"})));
}

TEST(Resuming, FinishesASwapThatStartsFirst) {
  expect_resumable(upgrade(NamingScheme::belay, Scene::service({8080}), Scene::service({8081}, {"data"})));
}

TEST(Resuming, FinishesASwapWithRenames) {
  expect_resumable(upgrade(NamingScheme::dcv, Scene::service({8080}), Scene::service({8080})));
}

TEST(Resuming, FinishesAStop) {
  Scene scene = upgrade(NamingScheme::belay, Scene::service(), Scene::service());
  scene.wish_down();
  expect_resumable(scene);
}

TEST(Resuming, FinishesARemoval) {
  Scene scene = upgrade(NamingScheme::belay, Scene::service({}, {"data"}), Scene::service());
  scene.world.networks.push_back({"inner", "bridge", labels::for_network(scene.app.name)});
  scene.app.wish.goal = goal::Removed{true};
  expect_resumable(scene);
}

// What was killed while it stopped the container of a release that had proved itself.
Scene stop_cut_off(const std::string& own_policy) {
  Service service = Scene::service();
  service.restart = {own_policy, 0};
  Scene scene;
  scene.release(1, {service});
  scene.container(1, ContainerState::running, "no");
  scene.wish_up(1);
  scene.app.wish.terms.wait = false;
  return scene;
}

TEST(Resuming, ReliesOnNoContainerThatTheEngineMayStillBeStopping) {
  EXPECT_EQ(stop_cut_off("unless-stopped").plan(),
            "  1. stop web-r1 — what stopped it was cut off, and the engine may be at it still\n"
            "  2. start web-r1 — r1 should be up (after 1)\n"
            "  3. set the restart policy of web-r1 to unless-stopped — no verdict was asked for (after 2)\n");
}

TEST(Resuming, RestartsNothingWhosePolicyTellsOfNoStop) {
  EXPECT_EQ(stop_cut_off("no").plan(), "nothing to do\n");
}

TEST(Resuming, RestartsNothingWhereNothingWasCutOff) {
  Scene scene = stop_cut_off("unless-stopped");
  scene.app.wish.progress = Wish::Progress::fulfilled;
  EXPECT_EQ(scene.plan(), "  1. set the restart policy of web-r1 to unless-stopped — no verdict was asked for\n");
}

TEST(Resuming, LetsAReleaseThatIsStillToProveItselfRunOn) {
  Scene scene = stop_cut_off("unless-stopped");
  scene.app.releases.front().verdict = Verdict::pending;
  EXPECT_EQ(scene.plan(), "  1. set the restart policy of web-r1 to unless-stopped — no verdict was asked for\n");
}

}  // namespace
}  // namespace belay::plan
