#include "declared/need_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"

namespace belay::declared {
namespace {

using ::testing::ElementsAre;

Declaration app(const std::string& name, std::vector<std::string> needs = {}) {
  Declaration declared{AppName(name)};
  declared.spec.services.emplace_back().name = name;
  declared.needs = std::move(needs);
  return declared;
}

// Each that is handed out is done at once.
std::vector<std::string> one_by_one(const std::vector<Declaration>& apps) {
  NeedOrder order(apps);
  std::vector<std::string> names;
  while (const auto next = order.next()) {
    names.push_back(apps[*next].name.text());
    order.done(*next);
  }
  EXPECT_EQ(order.all_begun(), names.size() == apps.size());
  return names;
}

TEST(NeedOrder, HandsOutWhatIsNeededFirstAndElseAsListed) {
  EXPECT_THAT(one_by_one({app("cc", {"bb"}), app("dd"), app("bb", {"aa"}), app("aa")}),
              ElementsAre("dd", "aa", "bb", "cc"));
}

TEST(NeedOrder, WaitsForAllThatAreNeeded) {
  const std::vector<Declaration> apps{app("aa"), app("bb"), app("web", {"aa", "bb"})};
  NeedOrder order(apps);
  EXPECT_EQ(order.next(), 0U);
  EXPECT_EQ(order.next(), 1U);
  EXPECT_EQ(order.next(), std::nullopt) << "nothing it needs is done";
  order.done(1);
  EXPECT_EQ(order.next(), std::nullopt) << "one of two is done";
  EXPECT_FALSE(order.all_begun());
  order.done(0);
  EXPECT_EQ(order.next(), 2U);
  EXPECT_TRUE(order.all_begun());
}

// A container that is declared nowhere, the app itself, and a name that is given twice.
TEST(NeedOrder, IsNotHeldUpByWhatIsNoOtherApp) {
  EXPECT_THAT(one_by_one({app("web", {"elsewhere", "web"}), app("proxy", {"web", "web"})}),
              ElementsAre("web", "proxy"));
}

// A need names a container: that may be any service of another app.
TEST(NeedOrder, FollowsTheServicesOfAnApp) {
  Declaration shop = app("shop");
  shop.spec.services.emplace_back().name = "shop-db";
  EXPECT_THAT(one_by_one({app("web", {"shop-db"}), shop}), ElementsAre("shop", "web"));
}

// The definitions are refused for it before; here nothing must hang.
TEST(NeedOrder, EndsWhereAppsNeedEachOther) {
  EXPECT_THAT(one_by_one({app("aa", {"bb"}), app("bb", {"aa"}), app("cc")}), ElementsAre("cc"));
}

}  // namespace
}  // namespace belay::declared
