#include "plan/sequence.h"

#include <gtest/gtest.h>

namespace belay::plan {
namespace {

TEST(Plan, WithoutSomeOfItsStepsKeepsTheOrderOfTheRest) {
  Plan plan;
  plan.add(CreateNetwork{"back", {}}, "");
  plan.add(CreateVolume{"data", {}}, "", {0});
  plan.add(StartContainer{"web"}, "", {1});
  plan.add(StopContainer{"old", {}}, "", {0, 2});
  plan.notes = {"kept"};
  const Plan rest = without(plan, [](const Step& step) {
    return std::holds_alternative<CreateNetwork>(step) || std::holds_alternative<CreateVolume>(step);
  });
  EXPECT_EQ(plan_text(rest), "  1. start web\n  2. stop old (after 1)\nnote: kept\n");
  const Plan most = without(plan, [](const Step& step) { return std::holds_alternative<CreateVolume>(step); });
  EXPECT_EQ(plan_text(most),
            "  1. create network back\n  2. start web (after 1)\n  3. stop old (after 1, 2)\nnote: kept\n");
}

TEST(Plan, InSequenceBeginsTheSecondWhenTheFirstIsDone) {
  Plan first, second;
  first.add(StartContainer{"a"}, "");
  first.add(StartContainer{"b"}, "");
  second.add(StopContainer{"c", {}}, "");
  second.add(StopContainer{"d", {}}, "", {0});
  second.notes = {"note"};
  EXPECT_EQ(plan_text(in_sequence(first, second)),
            "  1. start a\n  2. start b\n  3. stop c (after 1, 2)\n  4. stop d (after 1, 2, 3)\nnote: note\n");
}

TEST(Plan, WithRoomStopsNothingBeforeTheChangeIsPrepared) {
  Plan room, change;
  room.add(RenameContainer{"front", "front-r1"}, "");
  room.add(StopContainer{"front-r1", {}}, "", {0});
  change.add(CreateNetwork{"back", {}}, "");
  change.add(CreateContainer{"front", "web:1", {}, {}, {}}, "", {0});
  change.add(StopContainer{"old", {}}, "", {1});
  change.add(StartContainer{"front"}, "", {2});
  change.notes = {"note"};
  EXPECT_EQ(plan_text(with_room(room, change)),
            "  1. rename container front to front-r1\n  2. create network back\n"
            "  3. create container front from image web:1 (after 1, 2)\n  4. stop front-r1 (after 1, 2, 3)\n"
            "  5. stop old (after 1, 2, 3, 4)\n  6. start front (after 1, 2, 3, 4, 5)\nnote: note\n");
}

// A name that is given up late is waited for, and by nothing else.
TEST(Plan, WithRoomWaitsForANameThatIsGivenUpAfterAStop) {
  Plan room, change;
  room.add(StopContainer{"front", {}}, "");
  room.add(RenameContainer{"front", "front-r1"}, "", {0});
  change.add(CreateVolume{"data", {}}, "");
  change.add(CreateContainer{"front", "web:1", {}, {}, {}}, "", {0});
  EXPECT_EQ(plan_text(with_room(room, change)),
            "  1. create volume data\n  2. stop front (after 1)\n  3. rename container front to front-r1 (after 1, 2)\n"
            "  4. create container front from image web:1 (after 1, 2, 3)\n");
}

}  // namespace
}  // namespace belay::plan
