#pragma once
// The hooks of services as steps of a plan: commands in their containers after each start and before each stop.

#include <vector>

#include "plan/planner.h"

namespace belay::plan {

// What a command that fails means for the plan.
enum class HookFailure { fails_the_verdict, is_told };

// Appends them after `last`, one after the other. Returns what comes after them must wait for.
std::vector<size_t> add_post_start(Plan& plan, const Service& service, const std::string& container,
                                   Milliseconds time_for_each, HookFailure failure, std::vector<size_t> last);

// As its app last wished it, which may be younger than the container: what changes in place needs no other one.
// nullptr: no release has it.
const Service* service_of(const App& app, const Instance& instance);

// What they do must not keep the container from stopping: a failure is told, no more, and each has the container's
// grace period, or what was `asked` for; with none there are no hooks. Nor are there where the container does not run.
std::vector<size_t> add_pre_stop(Plan& plan, const App& app, const Instance& instance, const std::string& name,
                                 std::optional<Seconds> asked, std::vector<size_t> last);

}  // namespace belay::plan
