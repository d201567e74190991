// The work grows with what there is, and no faster. What is counted is what the engine is asked, and what is asked
// of the heap; no timing decides.

#include <fstream>
#include <gtest/gtest.h>

#include "allocations.h"
#include "base/format.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "declared/need_order.h"
#include "look/doctor.h"
#include "look/look.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

struct Work {
  std::uint64_t allocations = 0;
  int questions = 0;  // to the engine
};

// Of twice as much. Where it grew with the square of it, it would be four times.
void expect_no_faster(const Work& once, const Work& twice) {
  EXPECT_GT(once.allocations, 0U);
  EXPECT_LT(static_cast<double>(twice.allocations), 2.5 * static_cast<double>(once.allocations))
      << once.allocations << " → " << twice.allocations;
  EXPECT_LE(twice.questions, 2 * once.questions + 1) << once.questions << " → " << twice.questions;
}

class Growth : public ::testing::Test {
 protected:
  Growth() {
    make_folder(folder_);
    scene_.engine.add_image("web:1", {}, {}, "web:1");
    options_.sources = {folder_.string()};
    options_.workers = 1;
    options_.ask_registries = false;
  }

  static std::string name(int number) { return format("app{:05}", number); }
  void define(int from, int to, bool is_chain) {
    for (int i = from; i < to; ++i) {
      std::ofstream file(folder_ / (name(i) + ".json"));
      file << format(R"({{"name": "{}", "image": "web:1", "volumes": [{{"containerPath": "/data"}}]{}}})", name(i),
                     is_chain && i > 0 ? format(R"(, "links": {{"{}": "before"}})", name(i - 1)) : "");
    }
  }
  DeclaredHost apply(bool dry_run) {
    Context context = scene_.context("belay apply");
    DeclaredOptions options = options_;
    options.dry_run = dry_run;
    return apply_declared(context, read_definitions(folder_, {}), options, quiet_, {});
  }
  template <class Act>
  Work work_of(Act&& act) {
    const std::uint64_t before = testing::allocations();
    const int questions = scene_.engine.calls();
    act();
    return {testing::allocations() - before, scene_.engine.calls() - questions};
  }
  template <class Act>
  void expect_growth(int apps, bool is_chain, bool is_applied, Act&& act) {
    define(0, apps, is_chain);
    if (is_applied) std::ignore = apply(false);
    scene_.clock.advance(Seconds(7200));
    const Work once = work_of(act);
    define(apps, 2 * apps, is_chain);
    if (is_applied) std::ignore = apply(false);
    scene_.clock.advance(Seconds(7200));
    expect_no_faster(once, work_of(act));
  }

  Scene scene_;
  fs::path folder_ = scene_.folder.path() / "containers.d";
  DeclaredOptions options_;
  DeclaredListener quiet_;
};

TEST_F(Growth, OfTheOrderOfAChain) {
  const auto order_of = [&](size_t length) {
    std::vector<Declaration> chain;
    for (size_t i = 0; i < length; ++i) {
      const std::string own = name(static_cast<int>(length - i));
      Declaration& app = chain.emplace_back(AppName(own));
      app.spec.services.emplace_back().name = own;
      if (i + 1 < length) app.needs.push_back(name(static_cast<int>(length - i - 1)));
    }
    return work_of([&] {
      NeedOrder order(chain);
      size_t begun = 0;
      while (const auto app = order.next()) {
        EXPECT_EQ(*app, length - 1 - begun);
        ++begun;
        order.done(*app);
      }
      EXPECT_EQ(begun, length);
      EXPECT_TRUE(order.all_begun());
    });
  };
  expect_no_faster(order_of(2'000), order_of(4'000));
}

TEST_F(Growth, OfAPreviewOfAChainOfNewApps) {
  expect_growth(1'000, true, false, [&] { EXPECT_GE(apply(true).apps.size(), 1'000U); });
}

TEST_F(Growth, OfReadingDefinitions) {
  expect_growth(5'000, false, false, [&] { EXPECT_GE(read_definitions(folder_, {}).apps.size(), 5'000U); });
}

TEST_F(Growth, OfAPreviewOfNewApps) {
  expect_growth(500, false, false, [&] { EXPECT_GE(apply(true).apps.size(), 500U); });
}

TEST_F(Growth, OfAPassOverWhatIsAsDeclared) {
  expect_growth(40, true, true, [&] {
    for (const auto& app : apply(true).apps) EXPECT_EQ(to_text(app.kind), "unchanged") << app.reason;
  });
}

TEST_F(Growth, OfListsAndStatusAndDoctor) {
  expect_growth(125, false, true, [&] {
    Context context = scene_.context("belay ls");
    EXPECT_GE(look::list(context, {}).size(), 125U);
    EXPECT_GE(look::statuses(context, {}).size(), 125U);
  });
}

// A table of apps that stay up is made of one list.
TEST_F(Growth, OfAListIsNoQuestionMore) {
  define(0, 50, false);
  std::ignore = apply(false);
  scene_.clock.advance(Seconds(7200));
  EXPECT_EQ(work_of([&] {
              Context context = scene_.context("belay ls");
              EXPECT_EQ(look::list(context, {}).size(), 50U);
            }).questions,
            1);
}

}  // namespace
}  // namespace belay::scene
