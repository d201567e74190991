#pragma once
// A declared host in sentences: what a pass over it planned.

#include <string>
#include <string_view>
#include <vector>

#include "declared/declared.h"

namespace belay::report {

// What a plan means for one app.
struct PlanLine {
  std::string_view sign;  // "+" new, "~" changed or repaired, "-" removed, "=" left as it is, "!" in trouble
  std::string name;
  std::string text;                  // "env.LOG: info → debug (no downtime)"
  std::vector<std::string> details;  // sentences of their own, below it
};
// Without what is unchanged, and what is broken: that is told as an error.
std::vector<PlanLine> plan_lines(const declared::DeclaredHost& host);

// The same with all differences and steps: a block an app, then the sum. `with_unchanged`: those too.
std::string steps_text(const declared::DeclaredHost& host, bool with_unchanged);

// "Plan: 1 new, 2 changed, 3 unchanged"; empty: nothing is declared.
std::string plan_sum(const declared::DeclaredHost& host);

// "takes over 2 containers as they are: shop-db-1, shop-web-1", and what is left over of a project.
std::vector<std::string> lines_about_compose(const declared::DeclaredApp& app);

}  // namespace belay::report
