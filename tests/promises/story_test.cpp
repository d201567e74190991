// A black box: whatever verbs came before, the plan is empty afterwards and the same words again change nothing.

#include <gtest/gtest.h>
#include <random>

#include "base/format.h"
#include "base/text.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

struct Course {
  NamingScheme scheme;
  bool port;
  unsigned seed;
};

class AnyStory : public ::testing::TestWithParam<Course> {};

// What the same words again must not change.
bool is_idempotent(const std::string& verb, const std::string& came) {
  if (came.starts_with("error") || came == "rolled_back" || came == "in_trouble" || came == "stuck") return false;
  for (const auto* verb_that_acts : {"start new", "restart", "rollback", "retry", "remove"})
    if (verb.starts_with(verb_that_acts)) return verb == "rollback r1";
  return !verb.starts_with("build");
}

TEST_P(AnyStory, EndsWithNothingToDoAndChangesNothingTwice) {
  const auto [scheme, port, seed] = GetParam();
  Scene scene({scheme, port, true});
  std::mt19937 random(seed);
  const std::vector<std::string> verbs{
      "start new",   "start last",     "start last",     "start stable",     "start r1",       "start r2",
      "stop",        "stop",           "restart",        "rollback",         "rollback r1",    "retry",
      "stable",      "stable clear",   "start-all",      "cleanup 2",        "cleanup 0",      "deploy same",
      "deploy same", "deploy",         "deploy",         "deploy bad",       "deploy refused", "deploy sick",
      "deploy fit",  "autostart last", "autostart none", "autostart stable", "remove",         "recover"};
  std::string story;
  int done = 0, built = 0;
  for (int step = 0; step < 100; ++step) {
    std::string verb = verbs[random() % verbs.size()];
    // An app that is gone must be made anew, or nothing would happen any more.
    if (!scene.store->app(web)) verb = "deploy";
    if (verb.starts_with("deploy") && verb != "deploy same")
      verb = format("deploy {}{}", verb == "deploy" ? "" : verb.substr(7), ++built);
    const std::string came = scene.run(verb);
    story += format("  {}. {}: {}\n", step, verb, came);
    if (came == "done") ++done;
    if (!scene.store->app(web)) continue;
    const auto app = scene.app();
    // What runs, by the state; trouble() holds the engine against it.
    std::string trouble;
    if (app.wish.is_unfinished()) trouble = "the wish is unfinished";
    if (trouble.empty()) trouble = scene.plan();
    const auto up = scene.running();
    const size_t wanted = app.wish.is<goal::Run>() ? 1 : 0;
    if (up.size() != wanted) trouble += format("{} run: {}\n", up.size(), join(up, ", "));
    if (!scene.engine.lost_volumes().empty()) trouble += "a volume is lost";
    ASSERT_EQ(trouble, "") << "seed " << seed << ", after\n" << story << scene.changes() << scene.state();
    if (!is_idempotent(verb, came)) continue;
    const auto before = scene.lasting_changes();
    if (verb.starts_with("deploy")) verb = "deploy same";
    const std::string again = scene.run(verb);
    const auto after = scene.lasting_changes();
    ASSERT_EQ(join({after.begin() + static_cast<std::ptrdiff_t>(before.size()), after.end()}, "\n"), "")
        << "seed " << seed << ": a second " << verb << " (" << again << ") changed something, after\n"
        << story << scene.state();
  }
  EXPECT_GT(done, 30) << story;
}

std::vector<Course> courses() {
  std::vector<Course> all;
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv})
    for (unsigned seed = 1; seed <= 3; ++seed) all.push_back({scheme, seed != 3, seed});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, AnyStory, ::testing::ValuesIn(courses()), [](const auto& course) {
  return format("{}_{}", to_text(course.param.scheme), course.param.seed);
});

}  // namespace
}  // namespace belay::scene
