// The power goes off after every call to the engine, before its effect or before its answer; then Belay begins anew on
// the same files (promise 2).

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
  std::string verb;  // cut short after n calls
  Lines after;       // then
  std::string runs;  // the version that must run at the end; empty: nothing; "a|b": either
  SceneOptions scene{};
  // What else must hold at the end: "" where it does.
  std::function<std::string(Scene&)> also = [](Scene&) { return std::string(); };
};

void PrintTo(const Story& story, std::ostream* out) {
  *out << story.name;
}

SceneOptions with(NamingScheme scheme, bool port = true) {
  return {scheme, port, port};
}

std::string last_is(Scene& scene, const std::string& release) {
  const auto last = scene.app().last;
  return last && last->text() == release ? "" : format("  last is {}\n", last ? last->text() : "not set");
}

class Crash : public ::testing::TestWithParam<Story> {};

TEST_P(Crash, LeavesAWorldThatTheNextCommandPutsRight) {
  const Story& story = GetParam();
  Scene scene(story.scene);
  for (const auto& line : story.before) ASSERT_NE(scene.run(line).substr(0, 5), "error") << line;
  const auto beginning = scene.beginning();
  for (const Cut cut : {Cut::before_the_effect, Cut::before_the_answer}) {
    // Another command than the one that was cut short: one cut in two, so that the whole stays quick.
    const bool is_other = story.after.front() != story.verb;
    for (int n = is_other && cut == Cut::before_the_answer ? 1 : 0;; n += is_other ? 2 : 1) {
      ASSERT_LT(n, 300) << "never came to an end";
      scene.begin_again(*beginning);
      scene.engine.crash_after(n, cut);
      const bool crashed = scene.crashes(story.verb);
      if (!crashed) break;
      scene.engine.crash_after(std::nullopt);
      scene.reopen();
      const size_t known = scene.engine.changes().size();
      const std::string then = scene.changes();
      std::string came;
      for (const auto& line : story.after) came += format("  {}: {}\n", line, scene.run(line));
      std::string trouble;
      for (const auto& version : split(story.runs, '|'))
        if (trouble = scene.trouble(version); trouble.empty()) break;
      trouble += story.also(scene);
      ASSERT_EQ(trouble, "") << story.verb << " was cut short after " << n << " calls, before the "
                             << (cut == Cut::before_the_effect ? "effect" : "answer") << "\nchanges till then:\n"
                             << then << "after it:\n"
                             << came << scene.changes(known) << "state:\n"
                             << scene.state();
    }
  }
}

std::string is_bound_to(Scene& scene, const std::string& text) {
  const std::string bound = scene.bound_text();
  return bound == text ? "" : format("  it is bound to {}\n", bound);
}

// What is bound of the host goes back with its release.
void add_stories_of_files(std::vector<Story>& all) {
  const SceneOptions here{NamingScheme::belay, true, true, true};
  const auto good = [](Scene& scene) { return is_bound_to(scene, "good"); };
  const auto other = [](Scene& scene) { return is_bound_to(scene, "other"); };
  const Lines one{"bind good", "deploy 1", "bind other"}, two{"bind good", "deploy 1", "bind other", "deploy 2"};
  all.push_back({"deploy_with_another_file", one, "deploy 2", {"deploy 2"}, "2", here, other});
  all.push_back({"failing_deploy_with_another_file", one, "deploy bad", {"deploy bad"}, "1", here, good});
  all.push_back({"rollback_to_another_file", two, "rollback", {"rollback"}, "1", here, good});
  all.push_back({"rollback_to_another_file_then_start", two, "rollback", {"start r1"}, "1", here, good});
  all.push_back({"deploy_with_another_file_then_rollback", one, "deploy 2", {"deploy 2", "rollback"}, "1", here, good});
}

std::vector<Story> stories() {
  std::vector<Story> all;
  add_stories_of_files(all);
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv, NamingScheme::fixed}) {
    const std::string in = "_" + std::string(to_text(scheme));
    const auto here = with(scheme);
    const Lines two{"deploy 1", "deploy 2"};
    // The same command again.
    all.push_back({"start_new" + in, {"build 1"}, "start new", {"start new"}, "1", here, [](Scene& s) {
                     return s.app().releases.size() == 1 ? "" : std::string("  it began a second release\n");
                   }});
    all.push_back({"deploy" + in, {"deploy 1"}, "deploy 2", {"deploy 2"}, "2", here});
    all.push_back({"first_deploy" + in, {}, "deploy 1", {"deploy 1"}, "1", here});
    all.push_back(
        {"rollback" + in, two, "rollback", {"rollback"}, "1", here, [](Scene& s) { return last_is(s, "r1"); }});
    all.push_back({"remove" + in, two, "remove", {"remove"}, "", here, [](Scene& s) {
                     std::string text;
                     for (const auto& c : s.engine.containers({}, {})) text += "  left: " + c.name + "\n";
                     if (s.engine.volumes({}, {}).size() != 1) text += "  the volume is gone\n";
                     if (s.store->app(web)) text += "  the app is still known\n";
                     return text;
                   }});
    all.push_back({"stop" + in, two, "stop", {"stop"}, "", here, [](Scene& s) { return last_is(s, "r2"); }});
    all.push_back({"restart" + in, two, "restart", {"restart"}, "2", here});
    all.push_back({"start_last" + in, {"deploy 1", "deploy 2", "stop"}, "start last", {"start last"}, "2", here});
    all.push_back({"retry" + in, {"deploy 1", "deploy bad"}, "retry", {"retry"}, "1", here});
    all.push_back({"cleanup" + in,
                   {"deploy 1", "deploy 2", "deploy bad", "deploy 3"},
                   "cleanup 0",
                   {"cleanup 0"},
                   "3",
                   here,
                   [](Scene& s) {
                     return s.app().releases.size() == 1 && s.engine.containers({}, {}).size() == 1
                                ? ""
                                : std::string("  more is left than the release that runs\n");
                   }});
    // A release that fails: the cut may come on the way back as well.
    all.push_back({"failing_deploy" + in, {"deploy 1"}, "deploy bad", {"deploy bad"}, "1", here, [](Scene& s) {
                     return last_is(s, "r1");
                   }});
    all.push_back({"failing_first_deploy" + in, {}, "deploy bad", {"deploy bad"}, "", here});
    // Where nothing is shared, the new one runs beside the old one.
    all.push_back({"deploy_beside" + in, {"deploy 1"}, "deploy 2", {"deploy 2"}, "2", with(scheme, false)});
    all.push_back(
        {"failing_deploy_beside" + in, {"deploy 1"}, "deploy sick", {"start last"}, "1", with(scheme, false)});
    all.push_back({"rollback_beside" + in, two, "rollback", {"rollback"}, "1", with(scheme, false)});
    // Another command. The scheme jcl differs from belay's in nothing but the names it gives.
    if (scheme == NamingScheme::jcl) continue;
    const Lines verbs{"start last", "start r1", "rollback", "stop",   "remove",
                      "start-all",  "stable",   "restart",  "cleanup"};
    for (const auto& cut_short : {"deploy 3", "deploy bad"}) {
      for (const auto& verb : verbs) {
        Story story{std::string(cut_short) + "_then_" + verb + in,
                    {"deploy 1", "deploy 2", "autostart last"},
                    cut_short,
                    {verb},
                    "2",
                    here};
        if (verb == "start r1") story.runs = "1";
        if (verb == "rollback") story.runs = "1|2";
        if (verb == "stop" || verb == "remove") story.runs = "";
        if (verb == "stable" || verb == "restart" || verb == "cleanup" || verb == "start-all") story.runs = "2|3";
        for (char& c : story.name)
          if (c == ' ' || c == '-') c = '_';
        all.push_back(std::move(story));
      }
    }
    for (const auto& verb : verbs) {
      Story story{
          "rollback_then_" + verb + in, {"deploy 1", "deploy 2", "autostart last"}, "rollback", {verb}, "1|2", here};
      if (verb == "stop" || verb == "remove") story.runs = "";
      for (char& c : story.name)
        if (c == ' ' || c == '-') c = '_';
      all.push_back(std::move(story));
    }
    for (const auto& verb : {"start last", "stop", "start-all"}) {
      Story story{
          std::string("stop_then_") + verb + in, {"deploy 1", "deploy 2", "autostart last"}, "stop", {verb}, "2", here};
      if (verb == std::string("stop")) story.runs = "";
      for (char& c : story.name)
        if (c == ' ' || c == '-') c = '_';
      all.push_back(std::move(story));
    }
    all.push_back({"remove_then_start_all" + in,
                   {"deploy 1", "deploy 2", "autostart last"},
                   "remove",
                   {"start-all", "remove"},
                   "",
                   here});
  }
  all.push_back({"deploy_with_a_check", {"deploy 1 check"}, "deploy 2", {"deploy 2"}, "2"});
  all.push_back({"deploy_that_fails_its_check", {"deploy 1 check"}, "deploy wrong", {"start-all"}, "1|wrong"});
  all.push_back({"deploy_of_another_check", {"deploy 1"}, "deploy same check", {"deploy same check"}, "1"});
  const auto dcv = with(NamingScheme::dcv);
  const auto is_stable = [](Scene& s) {
    return s.container("dcv_web_stable") && s.app().stable == ReleaseNumber{2} ? ""
                                                                               : std::string("  r2 is not stable\n");
  };
  all.push_back({"stable_dcv", {"deploy 1", "stable", "deploy 2"}, "stable", {"stable"}, "2", dcv, is_stable});
  all.push_back({"stable_then_start_last_dcv", {"deploy 1", "stable", "deploy 2"}, "stable", {"start last"}, "2", dcv});
  all.push_back({"stable_then_stop_dcv", {"deploy 1", "stable", "deploy 2"}, "stable", {"stop"}, "", dcv});
  all.push_back({"clear_stable_dcv", {"deploy 1", "stable"}, "stable clear", {"stable clear"}, "1", dcv});
  all.push_back({"start_stable_dcv", {"deploy 1", "stable", "deploy 2"}, "start stable", {"start stable"}, "1", dcv});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Crash, ::testing::ValuesIn(stories()),
                         [](const auto& story) { return story.param.name; });

}  // namespace
}  // namespace belay::scene
