// Which base images a build pulls itself, and when.

#include "family/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* base = "registry.example/base:1";

class BaseImages : public ::testing::Test {
 protected:
  BaseImages() {
    scene_.offer("1");
    scene_.engine.log_in({"registry.example", {"me", "secret", {}}});
    for (const char* reference : {base, "registry.example/tools:2", "open.example/public:3"})
      scene_.engine.in_registry(reference, {}, {});
    dockerfile(std::string("FROM open.example/public:3 AS open\nFROM ") + base + "\n");
  }

  void dockerfile(const std::string& text) { scene_.write("Dockerfile", text); }
  // The steps of a preview, and then of the same build, which must be equal.
  std::vector<std::string> steps() {
    options_.where = scene_.source.string();
    Context here = scene_.context();
    const size_t before = scene_.engine.changes().size();
    options_.dry_run = true;
    const std::string preview = plan::plan_text(build(here, web, options_, {}).plan);
    EXPECT_EQ(scene_.engine.changes().size(), before);
    options_.dry_run = false;
    const auto outcome = build(here, web, options_, {});
    EXPECT_EQ(plan::plan_text(outcome.plan), preview);
    EXPECT_EQ(scene_.app().latest_build()->image, outcome.image);
    notes_ = outcome.plan.notes;
    std::vector<std::string> found;
    for (const auto& action : outcome.plan.actions) found.push_back(plan::step_text(action.step));
    EXPECT_THAT(found.back(), HasSubstr("build web:latest from "));
    EXPECT_EQ(outcome.plan.actions.back().after.size(), found.size() - 1) << "the build waits for all pulls";
    found.pop_back();
    return found;
  }

  Scene scene_;
  BuildOptions options_;
  std::vector<std::string> notes_;
};

TEST_F(BaseImages, BehindALoginArePulledBeforeTheBuild) {
  EXPECT_THAT(steps(), ElementsAre("pull registry.example/base:1"));
  EXPECT_TRUE(scene_.engine.image(base, {}));
}

TEST_F(BaseImages, ThatAreHereAreNotPulledAgain) {
  scene_.engine.pull(base, {}, {});
  EXPECT_THAT(steps(), IsEmpty());
  options_.pull = true;
  EXPECT_THAT(steps(), ElementsAre("pull registry.example/base:1"));
}

TEST_F(BaseImages, AreAllPulledWherePullIsAskedForAndOneNeedsALogin) {
  options_.pull = true;
  dockerfile("FROM registry.example/base:1\nCOPY --from=open.example/public:3 /a /a\n");
  EXPECT_THAT(steps(), ElementsAre("pull registry.example/base:1", "pull open.example/public:3"));
  dockerfile("FROM open.example/public:3\n");
  EXPECT_THAT(steps(), IsEmpty()) << "BuildKit does that itself";
}

TEST_F(BaseImages, FollowArgumentsAndTheTarget) {
  dockerfile("ARG NAME=base:1\nFROM registry.example/${NAME} AS one\nFROM open.example/public:3 AS two\n");
  EXPECT_THAT(steps(), IsEmpty());
  options_.target = "one";
  options_.arguments["NAME"] = "tools:2";
  EXPECT_THAT(steps(), ElementsAre("pull registry.example/tools:2"));
}

TEST_F(BaseImages, ForAnotherPlatformAreLeftToBuildKit) {
  dockerfile("FROM --platform=linux/arm64/v8 registry.example/base:1\n");
  EXPECT_THAT(steps(), IsEmpty());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("registry.example/base:1 for linux/arm64/v8 is left to BuildKit")));
  dockerfile("FROM --platform=$BUILDPLATFORM registry.example/base:1\n");
  EXPECT_THAT(steps(), ElementsAre("pull registry.example/base:1"));
}

TEST_F(BaseImages, AreTheClassicBuildersOwnBusiness) {
  options_.builder = plan::BuilderChoice::classic;
  EXPECT_THAT(steps(), IsEmpty());
}

TEST_F(BaseImages, ThatCannotBePulledEndTheBuildBeforeItBegins) {
  dockerfile("FROM registry.example/absent:1\n");
  options_.where = scene_.source.string();
  Context here = scene_.context();
  const size_t before = scene_.engine.changes().size();
  try {
    build(here, web, options_, {});
    ADD_FAILURE() << "there is no such image";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("registry.example/absent:1"));
  }
  EXPECT_EQ(scene_.engine.changes().size(), before);
}

// "belay deploy nosuch" in the folder of another app.
class NewNames : public ::testing::Test {
 protected:
  NewNames() { fs::current_path(scene_.source); }
  ~NewNames() override { fs::current_path(before_); }

  void build_as(const std::string& name, const std::string& where, bool dry_run = false) {
    scene_.offer("1");
    Context here = scene_.context();
    BuildOptions options;
    options.where = where;
    options.dry_run = dry_run;
    options.tells_new_names = true;
    if (asks_) options.confirm_new_name = [&](const std::string& what) { return asked_.push_back(what), false; };
    std::ignore = build(here, AppName(name), options, {});
  }
  // What was asked before an app of this name was made; empty: nothing, and it is there.
  std::string question_for(const std::string& name, const std::string& where) {
    asked_.clear();
    asks_ = true;
    try {
      build_as(name, where);
      EXPECT_TRUE(scene_.store->app(AppName(name))) << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::declined) << error.what();
      EXPECT_FALSE(scene_.store->app(AppName(name))) << name;
    }
    return asked_.empty() ? "" : asked_.front();
  }

  fs::path before_ = fs::current_path();
  Scene scene_;
  bool asks_ = false;
  std::vector<std::string> asked_;
};

TEST_F(NewNames, AreSaidToBeNew) {
  build_as("site", "");
  EXPECT_THAT(scene_.report.notes, ElementsAre("site is a new app"));
  build_as("site", "");
  EXPECT_THAT(scene_.report.notes, ElementsAre("site is a new app")) << "no longer";
}

TEST_F(NewNames, ThatMayBeASlipNameTheAppOfTheFolder) {
  build_as("site", "");
  const std::string before = scene_.state();
  build_as("stie", "", true);
  EXPECT_EQ(scene_.state(), before);
  EXPECT_THAT(scene_.report.notes.back(), "stie is a new app, from the same Dockerfile as site. Did you mean 'site'?");
  scene_.report.notes.clear();
  build_as("stie", ".");
  EXPECT_THAT(scene_.report.notes,
              ElementsAre("stie is a new app, from the same Dockerfile as site. Did you mean 'site'?"));
}

TEST_F(NewNames, OfAnotherDockerfileAreOnlyNew) {
  build_as("site", "");
  scene_.write("blog-Dockerfile", "FROM scratch\n");
  build_as("blog", "");
  EXPECT_EQ(scene_.report.notes.back(), "blog is a new app");
  EXPECT_TRUE(scene_.store->app(AppName("blog")));
}

TEST_F(NewNames, NearToAnotherAreAskedFor) {
  for (const char* name : {"site", "shop-a", "web1", "mail", "production-shop-web"}) build_as(name, "");
  const auto elsewhere = [&](const std::string& name, const std::string& folder) {
    fs::create_directories(scene_.source / folder);
    scene_.write(folder + "/Dockerfile", "FROM scratch\n");
    return question_for(name, folder);
  };
  EXPECT_EQ(elsewhere("stie", "new"), "there is no app stie yet, and its name is near to that of site");
  EXPECT_EQ(elsewhere("maill", "new"), "there is no app maill yet, and its name is near to that of mail");
  EXPECT_EQ(elsewhere("shpo-a", "new"), "there is no app shpo-a yet, and its name is near to that of shop-a");
  EXPECT_EQ(elsewhere("web2", "second"), "") << "a series";
  EXPECT_EQ(elsewhere("shop-b", "third"), "") << "a series";
  EXPECT_EQ(elsewhere("sites", "sites"), "") << "the folder is called so";
  EXPECT_EQ(elsewhere("blog", "fourth"), "");
  EXPECT_EQ(elsewhere("production-shop-db", "fifth"), "") << "another part of the same";
  EXPECT_EQ(elsewhere("production-shop-wbe", "sixth"),
            "there is no app production-shop-wbe yet, and its name is near to that of production-shop-web");
  EXPECT_EQ(question_for("siet", ""), "web1 is built from this Dockerfile, and siet is new");
}

}  // namespace
}  // namespace belay::scene
