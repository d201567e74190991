#pragma once
// The one door to the engine: whatever changes something is a plan that goes through here, told before it begins.

#include "change/context.h"

namespace belay::change {

struct CarryOut {
  Report* report = nullptr;        // nullptr: the context's
  exec::Data* data = nullptr;      // nullptr: what copies, exchanges and removes data on this host
  bool is_told = true;             // false: the report does not hear of the plan beforehand
  exec::HostWork* host = nullptr;  // for the steps of services that bring their own commands
};

// Runs the plan. What went wrong is in the outcome.
[[nodiscard]] exec::Outcome carry_out(Context& context, const plan::Plan& plan, const CarryOut& how,
                                      std::stop_token stop);
// The same where the plan must succeed: throws the error that it ends with.
exec::Outcome carry_out_whole(Context& context, const plan::Plan& plan, const CarryOut& how, std::stop_token stop);

// The plan that is to be carried out: the one that was agreed to, where one was, else `now`, which is what would be
// done as things are. Throws Conflict where the two differ.
plan::Plan agreed_plan(const Context& context, const AppName& app, plan::Plan now);

}  // namespace belay::change
