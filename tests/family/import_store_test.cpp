// Families out of the stores of jockler and dockervisor.

#include "family/import_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The store of a tool and the containers that it made, as the real ones leave them.
struct Origin {
  explicit Origin(NamingScheme scheme) : scene({scheme}), kind(kind_of(scheme)) { fs::create_directories(store); }
  static StoreKind kind_of(NamingScheme scheme) {
    return scheme == NamingScheme::jcl ? StoreKind::jockler : StoreKind::dockervisor;
  }
  void keep(const std::string& family, const std::string& file, const std::string& text) {
    fs::create_directories(store / family);
    write_file_durably(store / family / file, text);
  }
  void container(const std::string& name, bool starts, const std::string& volume, const std::string& image = "web") {
    scene.clock.advance(Seconds(5));
    if (!scene.engine.image(image, {})) scene.engine.add_image(image, {}, {}, "1");
    engine::ContainerRequest request;
    request.name = name;
    request.image = image;
    request.restart.name = "on-failure";
    request.service.mounts.push_back({Mount::Kind::volume, volume, "/data", false, ""});
    scene.engine.create_container(request, {});
    if (starts) scene.engine.start_container(name, {});
  }
  std::vector<ImportedFamily> import(const ImportOptions& options = {}) {
    ImportOptions given = options;
    if (given.folder.empty()) given.folder = store;
    auto here = scene.context("belay import");
    return import_store(here, kind, given, {});
  }
  std::string refusal(const ImportOptions& options = {}) {
    try {
      const auto families = import(options);
      return families.empty() || !families[0].error ? "not refused" : families[0].error->what();
    } catch (const Error& error) {
      EXPECT_NE(error.hint(), "") << error.what();
      return error.what();
    }
  }

  Scene scene;
  StoreKind kind;
  fs::path store = scene.folder.path() / "store";
};

TEST(ImportStore, TakesContainersMarksAutostartAndSettingsAndTouchesNothing) {
  Origin origin(NamingScheme::jcl);
  Scene& scene = origin.scene;
  origin.container("jcl_web_20240101000000", false, "my_data");
  origin.container("jcl_web_20240202000000", true, "my_data");
  origin.keep("web", "last", "jcl_web_20240202000000");
  origin.keep("web", "stable", "jcl_web_20240101000000");
  origin.keep("web", "startup", "jcl_web_20240101000000");
  origin.keep("web", "images", "0123456789ab");
  origin.keep("web", "jockler-web", R"({"ports": {"9001": "80"}, "volumes": {"my_data": "/data"}})");
  const auto dry = origin.import({.dry_run = true});
  ASSERT_EQ(dry.size(), 1U);
  EXPECT_TRUE(dry[0].changed);
  EXPECT_THAT(scene.store->app_names(), IsEmpty());

  const size_t before = scene.engine.changes().size();
  const auto families = origin.import();
  ASSERT_EQ(families.size(), 1U);
  EXPECT_FALSE(families[0].error) << families[0].error->what();
  EXPECT_THAT(families[0].warnings, IsEmpty());
  EXPECT_EQ(scene.changes(before), format("  {}. tag belay/web:r1\n  {}. tag belay/web:r2\n", before, before + 1));
  const App app = scene.app();
  EXPECT_EQ(app.scheme, NamingScheme::jcl);
  EXPECT_EQ(app.last, ReleaseNumber{2});
  EXPECT_EQ(app.stable, ReleaseNumber{1});
  EXPECT_EQ(app.autostart, Autostart::stable);
  EXPECT_EQ(scene.plan(), "");
  // The next one finds the data where the settings of the store say.
  EXPECT_EQ(scene.run("start new"), "done");
  const auto fresh = scene.engine.container(scene.app().find({3})->containers.at("web"), {}).value();
  EXPECT_THAT(fresh.container.name, HasSubstr("jcl_web_"));
  ASSERT_EQ(fresh.service.mounts.size(), 1U);
  EXPECT_EQ(fresh.service.mounts[0].source, "my_data");
  ASSERT_EQ(fresh.container.ports.size(), 1U);
  EXPECT_EQ(fresh.container.ports[0].host_port, 9001);
  EXPECT_EQ(scene.run("start stable"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("jcl_web_20240101000000"));
}

TEST(ImportStore, ASecondTimeChangesNothingAndLeavesWhatTheUserChangedSince) {
  Origin origin(NamingScheme::jcl);
  Scene& scene = origin.scene;
  origin.container("jcl_web_20240101000000", true, "my_data");
  origin.keep("web", "last", "jcl_web_20240101000000");
  origin.keep("web", "stable", "jcl_web_20240101000000");
  origin.keep("web", "startup", "jcl_web_20240101000000");
  EXPECT_TRUE(origin.import().at(0).changed);
  const std::string before = scene.all();
  EXPECT_FALSE(origin.import().at(0).changed);
  EXPECT_EQ(scene.all(), before);
  scene.run("autostart none");
  scene.run("stable clear");
  const std::string chosen = scene.all();
  EXPECT_FALSE(origin.import().at(0).changed);
  EXPECT_EQ(scene.all(), chosen);
}

TEST(ImportStore, KeepsTheNamesAndVolumesOfTheRealDockervisor) {
  Origin origin(NamingScheme::dcv);
  Scene& scene = origin.scene;
  origin.container("dcv_web_20240101000000", false, "dcv_web_data");
  origin.container("dcv_web_20240202000000", true, "dcv_web_data");
  origin.keep("web", "last", "dcv_web_20240202000000");
  origin.keep("web", "stable", "dcv_web_20240101000000");
  origin.keep("web", "dcv-web", R"({"volumes": {"dcv_web_data": "/data"}})");
  EXPECT_FALSE(origin.import().at(0).error);
  EXPECT_EQ(scene.plan(), "") << "what is adopted keeps its name";
  EXPECT_EQ(scene.run("start new"), "done");
  EXPECT_EQ(scene.engine.container("dcv_web", {})->service.mounts.at(0).source, "dcv_web_data");
  EXPECT_EQ(scene.run("stable"), "done");
  EXPECT_EQ(scene.run("start r2"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web_20240202000000"));
  EXPECT_EQ(scene.run("start stable"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web_stable"));
  EXPECT_EQ(scene.plan(), "");
}

TEST(ImportStore, AddsToAnAppThatWasBuiltBefore) {
  Origin origin(NamingScheme::jcl);
  Scene& scene = origin.scene;
  origin.container("jcl_web_20240101000000", true, "my_data");
  origin.keep("web", "last", "jcl_web_20240101000000");
  origin.keep("web", "jockler-web", R"({"volumes": {"my_data": "/data"}, "ports": {}})");
  scene.run("build 2");
  const std::string built = scene.app().builds.back().image;
  EXPECT_FALSE(origin.import().at(0).error);
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().builds.back().image, built) << "what was built last is what starts next";
  EXPECT_EQ(scene.run("start new"), "done");
  const auto fresh = scene.engine.container(scene.app().find({2})->containers.at("web"), {}).value();
  EXPECT_EQ(fresh.service.mounts.at(0).source, "my_data");
}

TEST(ImportStore, OneFamilysTroubleStopsNoOther) {
  Origin origin(NamingScheme::jcl);
  origin.container("jcl_web_20240101000000", true, "my_data");
  origin.keep("web", "last", "jcl_web_20240101000000");
  origin.keep("aa", "last", "jcl_aa_20240101000000");
  origin.keep("bb", "last", "two\nlines");
  origin.keep("cc", "jockler-cc", R"({"ports": {"80": )");
  origin.keep("x", "last", "jcl_x_20240101000000");
  fs::create_directories(origin.store / "not-a-family");
  write_file_durably(origin.store / "readme.md", "MYAPP");
  const auto families = origin.import();
  ASSERT_EQ(families.size(), 5U);
  EXPECT_EQ(families[0].name, "aa");
  EXPECT_STREQ(families[0].error->what(), "the engine has neither a container nor an image of aa");
  EXPECT_THAT(families[1].error->what(), HasSubstr("names 2 containers"));
  EXPECT_THAT(families[2].error->what(), HasSubstr("jockler-cc:1"));
  EXPECT_FALSE(families[3].error);
  EXPECT_EQ(families[3].name, "web");
  EXPECT_TRUE(families[4].error) << "names of one letter are refused";
  EXPECT_THAT(origin.scene.store->app_names(), ElementsAre("web"));
}

TEST(ImportStore, OnlyTheNamedOneAndNothingWhereThereIsNoStore) {
  Origin origin(NamingScheme::jcl);
  origin.container("jcl_web_20240101000000", false, "my_data");
  origin.container("jcl_shop_20240101000000", false, "shop_data");
  origin.keep("web", "last", "jcl_web_20240101000000");
  origin.keep("shop", "last", "jcl_shop_20240101000000");
  EXPECT_EQ(origin.import({.only = AppName("shop")}).size(), 1U);
  EXPECT_THAT(origin.scene.store->app_names(), ElementsAre("shop"));
  const std::string before = origin.scene.all();
  EXPECT_THAT(origin.refusal({.only = AppName("wiki")}), HasSubstr("has no family wiki"));
  EXPECT_THAT(origin.refusal({.folder = origin.store / "nowhere"}), HasSubstr("there is no store of jockler at"));
  EXPECT_EQ(origin.scene.all(), before);
}

TEST(ImportStore, MarksOfContainersThatAreGoneAreToldAndLeftOut) {
  Origin origin(NamingScheme::jcl);
  origin.container("jcl_web_20240202000000", false, "my_data");
  origin.keep("web", "last", "jcl_web_20240202000000");
  origin.keep("web", "stable", "jcl_web_20240101000000");
  const auto families = origin.import();
  EXPECT_FALSE(families.at(0).error);
  EXPECT_THAT(families[0].warnings, ElementsAre(HasSubstr("jcl_web_20240101000000 as stable of web, and it is gone")));
  EXPECT_EQ(origin.scene.app().stable, std::nullopt);
  EXPECT_TRUE(origin.scene.app().wish.is<goal::Stopped>());
}

TEST(ImportStore, AFamilyThatWasOnlyBuiltCanBeStarted) {
  Origin origin(NamingScheme::jcl);
  origin.scene.engine.add_image("web:latest", {}, {}, "1");
  origin.keep("web", "images", "0123456789ab");
  origin.keep("web", "jockler-web", R"({"volumes": {"my_data": "/data"}, "ports": {}})");
  EXPECT_FALSE(origin.import().at(0).error);
  EXPECT_EQ(origin.scene.run("start new"), "done");
  const auto made = origin.scene.engine.container(origin.scene.app().find({1})->containers.at("web"), {}).value();
  EXPECT_EQ(made.service.mounts.at(0).source, "my_data");
}

TEST(ImportStore, AdoptTakesTheMarksOfTheStoreToo) {
  Origin origin(NamingScheme::jcl);
  origin.container("jcl_web_20240101000000", false, "my_data");
  origin.container("jcl_web_20240202000000", true, "my_data");
  origin.keep("web", "stable", "jcl_web_20240101000000");
  origin.keep("web", "last", "jcl_web_20240202000000");
  origin.keep("web", "startup", "jcl_web_20240202000000");
  auto here = origin.scene.context();
  const auto adopted = adopt(here, web, {}, {.stores = {origin.store, {}}}, {});
  EXPECT_EQ(adopted.stable, ReleaseNumber{1});
  EXPECT_EQ(origin.scene.app().stable, ReleaseNumber{1});
  EXPECT_EQ(origin.scene.app().autostart, Autostart::last);
  EXPECT_EQ(origin.scene.run("cleanup 0"), "nothing") << "both are marked";
  EXPECT_THAT(origin.scene.container("jcl_web_20240101000000"), ::testing::Ne(std::nullopt));
}

}  // namespace
}  // namespace belay::scene
