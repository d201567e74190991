// What is no longer declared makes room for what takes its place, and runs again where that fails.

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/start.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "declared/plan_file.h"
#include "report/host_text.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// How two apps need the same thing. `write` declares the one of that name with this image, and no other.
struct Clash {
  const char* what;
  std::function<void(const fs::path& folder, const std::string& name, const std::string& image)> write;
  const char* old_container;
  const char* new_container;
};
void PrintTo(const Clash& clash, std::ostream* out) {
  *out << clash.what;
}

void write_definition(const fs::path& file, const std::string& name, const std::string& image, const char* rest) {
  write_file_durably(file, format(R"({{"name": "{}", "image": "{}", {}}})", name, image, rest));
}
void write_project(const fs::path& folder, const std::string& name, const std::string& image, const char* rest) {
  make_folder(folder / "project");
  write_file_durably(folder / "project" / "compose.yaml",
                     format("name: {}\nservices:\n  web:\n    image: \"{}\"\n{}", name, image, rest));
}

const std::vector<Clash> clashes{
    {"APort",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       write_definition(folder / "app.json", name, image, R"("ports": ["8080:80"])");
     },
     "shop", "store"},
    {"APortOfAnotherFile",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       fs::remove(folder / "shop.json");
       fs::remove(folder / "store.json");
       write_definition(folder / (name + ".json"), name, image, R"("ports": ["8080:80"])");
     },
     "shop", "store"},
    {"AVolume",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       write_definition(folder / "app.json", name, image, R"("volumes": ["goods:/data"])");
     },
     "shop", "store"},
    {"APortOfAProject",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       write_project(folder, name, image, "    ports: [\"8080:80\"]\n");
     },
     "shop-web-1", "store-web-1"},
    {"AnAddressOfAnotherFile",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       fs::remove(folder / "shop.json");
       fs::remove(folder / "store.json");
       write_definition(folder / (name + ".json"), name, image, R"("network": "name=lan,ip=10.7.0.5")");
     },
     "shop", "store"},
    {"AMacAddress",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       write_definition(folder / "app.json", name, image, R"("mac_address": "02:00:00:00:00:05")");
     },
     "shop", "store"},
    {"TheNameOfAContainer",
     [](const fs::path& folder, const std::string& name, const std::string& image) {
       write_project(folder, name, image, "    container_name: front\n");
     },
     "front", "front"},
};

class RoomScene : public ::testing::Test {
 protected:
  RoomScene() {
    make_folder(definitions_);
    for (const std::string image : {"web:1", "web:2"}) scene_.engine.add_image(image, {}, {}, image);
    engine::Behaviour ends;
    ends.exits_after = Milliseconds(50);
    ends.exit_code = 3;
    scene_.engine.add_image("web:bad", {}, ends, "bad");
    scene_.engine.create_network({"lan", {}}, {});
    options_.sources = {definitions_.string()};
    options_.workers = 1;
    options_.ask_registries = false;
  }

  DeclaredHost apply(bool dry_run = false) {
    scene_.clock.advance(Seconds(1));
    Context context = scene_.context("belay apply");
    DeclaredOptions options = options_;
    options.dry_run = dry_run;
    heard_ = {};
    return apply_declared(context, read_definitions(definitions_, {}), options, heard_, {});
  }
  static const DeclaredApp& of(const DeclaredHost& host, const std::string& name) {
    for (const auto& app : host.apps)
      if (app.name == name) return app;
    throw NotFound("no " + name);
  }
  // The container runs, and belongs to this app.
  bool runs(const std::string& app, const std::string& container) {
    const auto found = scene_.container(container);
    return found && found->is_up() && found->owner() && found->owner()->app == app;
  }
  bool is_known(const std::string& app) { return scene_.store->app(AppName(app)).has_value(); }
  void write(const std::string& file, const std::string& text) { write_file_durably(definitions_ / file, text); }

  struct Heard final : DeclaredListener {
    void tell(const plan::Event& event) override {
      if (const auto* begun = std::get_if<plan::PlanBegun>(&event.what))
        for (const auto& action : begun->plan->actions) steps.push_back(plan::step_text(action.step));
    }
    std::vector<std::string> steps;
  };

  Scene scene_;
  fs::path definitions_ = scene_.folder.path() / "containers.d";
  DeclaredOptions options_;
  Heard heard_;
};

class MakingRoom : public RoomScene, public ::testing::WithParamInterface<Clash> {
 protected:
  void declare(const std::string& name, const std::string& image) { GetParam().write(definitions_, name, image); }
  bool shop_runs() { return runs("shop", GetParam().old_container); }
  bool store_runs() { return runs("store", GetParam().new_container); }
  void begin() {
    declare("shop", "web:1");
    std::ignore = apply();
    ASSERT_TRUE(shop_runs());
  }
  void begin_afresh() {
    options_.allow_empty = true;
    for (const auto& each : fs::directory_iterator(definitions_)) fs::remove_all(each);
    std::ignore = apply();
    ASSERT_FALSE(is_known("shop") || is_known("store"));
    begin();
  }
};

INSTANTIATE_TEST_SUITE_P(Of, MakingRoom, ::testing::ValuesIn(clashes),
                         [](const auto& clash) { return std::string(clash.param.what); });

TEST_P(MakingRoom, EndsInOnePassWhereTheNewOneIsGood) {
  begin();
  declare("store", "web:2");
  const DeclaredHost host = apply();
  EXPECT_EQ(of(host, "store").change.kind, change::Change::Kind::done) << of(host, "store").reason;
  EXPECT_EQ(to_text(of(host, "shop").kind), "remove");
  EXPECT_TRUE(store_runs());
  EXPECT_FALSE(is_known("shop"));
  EXPECT_FALSE(apply().has_changes());
}

TEST_P(MakingRoom, RunsAgainWhereTheNewOneFails) {
  begin();
  const auto before = scene_.container(GetParam().old_container)->created;
  declare("store", "web:bad");
  const DeclaredHost host = apply();
  EXPECT_TRUE(of(host, "store").change.failed());
  EXPECT_EQ(to_text(of(host, "shop").kind), "held");
  EXPECT_FALSE(host.is_as_declared());
  ASSERT_TRUE(shop_runs()) << of(host, "store").reason;
  EXPECT_EQ(scene_.container(GetParam().old_container)->created, before);
  // What failed is not tried again, at the site's cost.
  scene_.reopen();
  EXPECT_EQ(to_text(of(apply(), "store").kind), "held");
  EXPECT_THAT(heard_.steps, ElementsAre());
  // It is as it was, and can be declared again; or the new one is mended.
  declare("shop", "web:1");
  std::ignore = apply();
  EXPECT_TRUE(shop_runs());
  EXPECT_FALSE(is_known("store"));
  declare("store", "web:2");
  std::ignore = apply();
  EXPECT_TRUE(store_runs());
  EXPECT_FALSE(is_known("shop"));
}

// What cannot even be tried costs no outage.
TEST_P(MakingRoom, IsNotAskedForByWhatCannotBeTried) {
  begin();
  declare("store", "nowhere:1");
  EXPECT_EQ(to_text(of(apply(), "store").kind), "broken");
  EXPECT_TRUE(shop_runs());
  EXPECT_THAT(heard_.steps, Not(::testing::Contains(HasSubstr("stop container"))));
}

// Whatever the engine refuses: before its successor's container is there, the old one is not touched but for its name.
TEST_P(MakingRoom, StopsNothingBeforeItsSuccessorIsPrepared) {
  bool is_refused = true;
  for (int calls = 0; is_refused; ++calls) {
    SCOPED_TRACE(calls);
    begin_afresh();
    declare("store", "web:2");
    const size_t before = scene_.engine.changes().size();
    const int calls_before = scene_.engine.calls();
    scene_.engine.fail_after(calls, EngineError(500, "unknown or invalid runtime name"));
    try {
      std::ignore = apply();
    } catch (const EngineError&) {
      // Before there was anything to look at.
    }
    scene_.engine.fail_after({}, EngineError(500, ""));
    is_refused = scene_.engine.calls() - calls_before > calls;
    const auto changes = scene_.engine.changes();
    const auto first = changes.begin() + static_cast<std::ptrdiff_t>(before);
    const auto begins_with = [](const std::string& word) {
      return [word](const std::string& change) { return change.starts_with(word); };
    };
    const auto stop = std::find_if(first, changes.end(), begins_with("stop "));
    const auto create = std::find_if(first, changes.end(), begins_with("create "));
    ASSERT_LE(create, stop);
    ASSERT_TRUE(shop_runs() || store_runs());
    ASSERT_LT(calls, 200);
  }
  ASSERT_TRUE(store_runs());
}

TEST_P(MakingRoom, IsPreviewedAsItIsDone) {
  begin();
  declare("store", "web:2");
  const auto before = scene_.engine.changes();
  const DeclaredHost preview = apply(true);
  EXPECT_EQ(scene_.engine.changes(), before);
  std::vector<std::string> planned;
  for (const auto& app : preview.apps)
    for (const auto& action : app.change.plan.actions) planned.push_back(plan::step_text(action.step));
  const auto& actions = of(preview, "store").change.plan.actions;
  const auto stops = std::find_if(actions.begin(), actions.end(), [](const plan::Action& action) {
    return std::holds_alternative<plan::StopContainer>(action.step);
  });
  ASSERT_NE(stops, actions.end());
  EXPECT_EQ(stops->reason, "store takes its place; it runs again if that fails");
  EXPECT_THAT(of(preview, "shop").reason, HasSubstr("if that fails, it runs again"));
  std::ignore = apply();
  EXPECT_EQ(heard_.steps, planned);
}

TEST_P(MakingRoom, IsKeptInAPlanFile) {
  begin();
  declare("store", "web:2");
  const std::map<std::string, PlannedSteps> plans = steps_by_app(planned_apps(apply(true)));
  options_.plans = &plans;
  const DeclaredHost host = apply();
  EXPECT_TRUE(store_runs()) << of(host, "store").reason;
  EXPECT_FALSE(is_known("shop")) << of(host, "shop").reason;
}

TEST_P(MakingRoom, IsRefusedByAPlanFileWhereTheOldOneIsNoLongerTheSame) {
  begin();
  declare("store", "web:2");
  const std::map<std::string, PlannedSteps> plans = steps_by_app(planned_apps(apply(true)));
  options_.plans = &plans;
  scene_.engine.stop_container(GetParam().old_container, {}, {});
  const DeclaredHost host = apply();
  EXPECT_EQ(of(host, "store").code, ErrorCode::plan_outdated);
  EXPECT_TRUE(is_known("shop"));
}

// Each call to the engine may be the last one of this pass.
TEST_P(MakingRoom, CutOffAnywhereIsFinishedByTheNextApply) {
  for (const std::string image : {"web:2", "web:bad"})
    for (const bool goes_back : {false, true}) {
      int cuts = 0;
      for (bool is_whole = false; !is_whole; ++cuts) {
        SCOPED_TRACE(format("{}, cut {}{}", image, cuts, goes_back ? ", and declared as before" : ""));
        begin_afresh();
        declare("store", image);
        is_whole = true;
        scene_.engine.crash_after(cuts);
        try {
          std::ignore = apply();
        } catch (const engine::MemoryEngine::Crash&) {
          is_whole = false;
        }
        scene_.engine.crash_after({});
        if (!is_whole) scene_.reopen();
        if (goes_back) declare("shop", "web:1");
        std::ignore = apply();
        const bool is_shop = goes_back || image == "web:bad";
        ASSERT_TRUE(is_shop ? shop_runs() : store_runs());
        std::ignore = apply();
        ASSERT_TRUE(is_shop ? shop_runs() : store_runs());
        if (is_shop && !goes_back)
          ASSERT_TRUE(is_known("store"));
        else
          ASSERT_FALSE(is_known(is_shop ? "store" : "shop"));
        ASSERT_THAT(scene_.running(), ElementsAre(is_shop ? GetParam().old_container : GetParam().new_container));
        ASSERT_LT(cuts, 200);
      }
      EXPECT_GT(cuts, 10);
    }
}

// Both run, though one may not be started beside the other; and the one that stays is as declared.
TEST_F(RoomScene, ThatNobodyAsksForIsNotTakenForGranted) {
  for (const std::string name : {"shop", "store"})
    write(name + ".json", format(R"({{"name": "{}", "image": "web:1", "mac_address": "02:00:00:00:00:05"}})", name));
  std::ignore = apply();
  ASSERT_THAT(scene_.running(), ElementsAre("shop", "store"));
  fs::remove(definitions_ / "shop.json");
  options_.thorough = true;
  std::vector<std::string> planned;
  const DeclaredHost preview = apply(true);
  for (const auto& action : of(preview, "shop").change.plan.actions) planned.push_back(plan::step_text(action.step));
  EXPECT_THAT(planned, ::testing::Contains("stop shop"));
  const DeclaredHost host = apply();
  EXPECT_EQ(to_text(of(host, "shop").kind), "remove") << of(host, "shop").reason;
  EXPECT_FALSE(is_known("shop"));
  EXPECT_EQ(heard_.steps, planned);
}

// Whoever is at the successor now may come to nothing.
TEST_F(RoomScene, IsKeptAsLongAsTheSuccessorIsLeftOutOfThePass) {
  write("shop.json", R"({"name": "shop", "image": "web:1", "ports": ["8080:80"]})");
  write("store.json", R"({"name": "store", "image": "web:1"})");
  std::ignore = apply();
  fs::remove(definitions_ / "shop.json");
  write("store.json", R"({"name": "store", "image": "web:bad", "ports": ["8080:80"]})");
  options_.leave = {"store"};
  const DeclaredHost left_out = apply();
  EXPECT_EQ(to_text(of(left_out, "shop").kind), "held");
  EXPECT_THAT(of(left_out, "shop").reason, HasSubstr("store, which takes its place, is busy"));
  EXPECT_FALSE(left_out.is_as_declared());
  EXPECT_THAT(heard_.steps, ElementsAre());
  options_.leave = {};
  EXPECT_TRUE(of(apply(), "store").change.failed());
  EXPECT_TRUE(runs("shop", "shop"));
  write("store.json", R"({"name": "store", "image": "web:2", "ports": ["8080:80"]})");
  std::ignore = apply();
  EXPECT_TRUE(runs("store", "store"));
  EXPECT_FALSE(is_known("shop"));
}

// An app of a list that moves up has the place of another one in the file alone.
TEST_F(RoomScene, IsNotAskedForByAnAppThatMovesUpInItsList) {
  const std::string shop = R"({"name": "shop", "image": "web:1", "volumes": ["goods:/data"]})";
  const auto worker = [](const std::string& image) {
    return format(R"({{"name": "worker", "image": "{}", "volumes": ["goods:/data"]}})", image);
  };
  write("all.json", format(R"({{"containers": [{}, {}]}})", shop, worker("web:1")));
  std::ignore = apply();
  ASSERT_THAT(scene_.running(), ElementsAre("shop", "worker"));
  write("all.json", format(R"({{"containers": [{}]}})", worker("web:bad")));
  const DeclaredHost host = apply();
  EXPECT_TRUE(of(host, "worker").change.failed());
  EXPECT_THAT(heard_.steps, ::testing::Contains("stop shop").Times(1));
  EXPECT_THAT(heard_.steps.back(), HasSubstr("shop"));
  EXPECT_EQ(to_text(of(host, "shop").kind), "remove");
  EXPECT_FALSE(is_known("shop"));
  // What is new in the place of another one takes it.
  write("all.json", R"({"containers": [{"name": "porter", "image": "web:bad", "volumes": ["goods:/data"]}]})");
  EXPECT_EQ(to_text(of(apply(), "worker").kind), "held");
  EXPECT_TRUE(runs("worker", "worker"));
  EXPECT_EQ(to_text(of(apply(), "worker").kind), "held");
}

}  // namespace
}  // namespace belay::scene
