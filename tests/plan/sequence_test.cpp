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

}  // namespace
}  // namespace belay::plan
