// The power goes off while data is read, copied or exchanged: after every call to the engine, and at every step's
// beginning, end and news from within. Then Belay begins anew on the same files.

#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using Cut = engine::MemoryEngine::Cut;
using Lines = std::vector<std::string>;

struct Story {
  std::string name;
  Lines before;      // what was done in peace
  std::string verb;  // cut short
  Lines after;       // then
  // What may be at the end: "VERSION DATA", version "-" for nothing that runs.
  Lines ends;
  // Words that the first start of this release writes into the data.
  std::string writer{}, writes{};
};

void PrintTo(const Story& story, std::ostream* out) {
  *out << story.name;
}

class DataCrash : public ::testing::TestWithParam<Story> {
 protected:
  // False: the story's verb came to its end before the cut.
  bool holds_after(const std::function<void(Scene&)>& cut, const std::string& what) {
    const Story& story = GetParam();
    if (!beginning_) {
      for (const auto& line : story.before) EXPECT_NE(scene_.run(line).substr(0, 5), "error") << line;
      if (HasFailure()) return false;
      beginning_ = scene_.beginning();
    }
    Scene& scene = scene_;
    scene.begin_again(*beginning_);
    const auto write = [&](const std::string& step) {
      if (!story.writer.empty() && step == "start " + story.writer) scene.hold(story.writes);
    };
    scene.report.on_step = write;
    cut(scene);
    if (!scene.crashes(story.verb)) return false;
    scene.engine.crash_after(std::nullopt);
    scene.report.crash_after.reset();
    scene.report.on_step = nullptr;
    scene.reopen();
    const std::string then = scene.changes(), state = scene.state();
    const size_t known = scene.engine.changes().size();
    std::string came;
    for (const auto& line : story.after) came += format("  {}: {}\n", line, scene.run(line));
    std::string trouble;
    for (const auto& end : story.ends) {
      const auto words = split(end, ' ');
      trouble = scene.trouble(words[0] == "-" ? "" : words[0]);
      if (scene.held() != words[1]) trouble += format("  the data is {}, not {}\n", scene.held(), words[1]);
      if (trouble.empty()) break;
    }
    trouble += scene.leftovers();
    EXPECT_EQ(trouble, "") << story.verb << " was cut short " << what << "\nchanges till then:\n"
                           << then << "state then:\n"
                           << state << "after it:\n"
                           << came << scene.changes(known) << "state:\n"
                           << scene.state();
    return !HasFailure();
  }

 private:
  Scene scene_{{NamingScheme::belay, true, true, true}};
  std::unique_ptr<Scene::Beginning> beginning_;  // after what was done in peace
};

TEST_P(DataCrash, AtACallOfTheEngineLeavesWhatTheNextCommandPutsRight) {
  for (const Cut cut : {Cut::before_the_effect, Cut::before_the_answer})
    // Steps change nothing between their own moments, which are all tried: a third of the calls keeps the whole quick.
    for (int n = cut == Cut::before_the_effect ? 0 : 1;; n += 3) {
      ASSERT_LT(n, 400) << "never came to an end";
      if (!holds_after([&](Scene& scene) { scene.engine.crash_after(n, cut); },
                       format("after {} calls, before the {}", n, cut == Cut::before_the_effect ? "effect" : "answer")))
        break;
    }
}

TEST_P(DataCrash, InAStepLeavesWhatTheNextCommandPutsRight) {
  for (int n = 0;; ++n) {
    ASSERT_LT(n, 400) << "never came to an end";
    if (!holds_after([&](Scene& scene) { scene.report.crash_after = n; }, format("after {} moments", n))) break;
  }
}

std::vector<Story> stories() {
  std::vector<Story> all;
  const Lines one{"deploy 1", "write old"};
  const Lines saved{"deploy 1", "write new", "backup", "write old"};
  const Lines kept{"deploy 1", "write old", "deploy 2 snapshot", "write new"};
  for (const auto* way : {"", " stop", " live"})
    all.push_back({format("backup{}", way), one, format("backup{}", way), {"backup"}, {"1 old"}});
  all.push_back({"backup_then_restart", one, "backup", {"restart", "backup"}, {"1 old"}});
  all.push_back({"backup_then_deploy", one, "backup", {"deploy 2", "backup"}, {"2 old"}});
  all.push_back({"backup_then_stop", one, "backup", {"stop", "backup"}, {"- old"}});
  all.push_back({"restore", saved, "restore", {"restore"}, {"1 new"}});
  all.push_back({"restore_then_backup", saved, "restore", {"backup"}, {"1 old", "1 new"}});
  all.push_back({"restore_then_stop", saved, "restore", {"stop", "backup"}, {"- old", "- new"}});
  all.push_back({"restore_then_down", saved, "restore", {"down", "backup"}, {"- old", "- new"}});
  all.push_back({"restore_then_start", saved, "restore", {"start last", "backup"}, {"1 old", "1 new"}});
  all.push_back({"restore_then_deploy", saved, "restore", {"deploy 2", "backup"}, {"2 old", "2 new"}});
  all.push_back({"restore_then_failing_deploy", saved, "restore", {"deploy bad", "backup"}, {"1 old", "1 new"}});
  all.push_back({"restore_of_a_stopped_app",
                 {"deploy 1", "write new", "backup", "write old", "stop"},
                 "restore",
                 {"restore"},
                 {"- new"}});
  all.push_back({"restore_of_a_removed_app",
                 {"deploy 1", "write new", "backup image", "remove"},
                 "restore",
                 {"restore"},
                 {"1 new"}});
  all.push_back({"restore_of_a_removed_app_twice",
                 {"deploy 1", "write new", "backup image", "remove"},
                 "restore",
                 {"restore", "write later", "restore"},
                 {"1 new"}});
  all.push_back({"restore_of_a_snapshot", kept, "restore s1", {"restore s1"}, {"2 old"}});
  all.push_back({"rollback_with_data", kept, "rollback data", {"backup"}, {"1 old", "2 new"}});
  all.push_back({"rollback_with_data_then_stop", kept, "rollback data", {"stop", "backup"}, {"- old", "- new"}});
  all.push_back(
      {"rollback_with_data_then_rollback", kept, "rollback data", {"rollback", "backup"}, {"1 old", "1 new"}});
  all.push_back(
      {"deploy_with_snapshot_then_down", one, "deploy 2 snapshot", {"down"}, {"- new", "- old"}, "web-r2", "new"});
  all.push_back(
      {"deploy_with_snapshot", one, "deploy 2 snapshot", {"deploy 2 snapshot"}, {"2 new", "2 old"}, "web-r2", "new"});
  all.push_back({"deploy_with_snapshot_then_backup",
                 one,
                 "deploy 2 snapshot",
                 {"backup"},
                 {"2 new", "2 old", "1 old"},
                 "web-r2",
                 "new"});
  all.push_back({"failing_deploy_with_snapshot",
                 one,
                 "deploy bad snapshot",
                 {"deploy bad snapshot"},
                 {"1 old"},
                 "web-r2",
                 "new"});
  all.push_back(
      {"failing_deploy_with_snapshot_then_backup", one, "deploy bad snapshot", {"backup"}, {"1 old"}, "web-r2", "new"});
  for (auto& story : all)
    for (char& c : story.name)
      if (c == ' ') c = '_';
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, DataCrash, ::testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.name; });

}  // namespace
}  // namespace belay::scene
