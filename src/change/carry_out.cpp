#include "change/carry_out.h"

#include "base/format.h"
#include "change/data_work.h"
#include "plan/sequence.h"

namespace belay::change {

namespace {

// Whether a container has a health check is the image's to say, and its image came after the plan.
void learn_health_checks(plan::Plan& agreed, const plan::Plan& now) {
  for (auto& action : agreed.actions) {
    auto* verdict = std::get_if<plan::AwaitVerdict>(&action.step);
    if (verdict == nullptr) continue;
    for (const auto& other : now.actions)
      if (const auto* known = std::get_if<plan::AwaitVerdict>(&other.step);
          known != nullptr && known->name == verdict->name && known->proof == verdict->proof)
        *verdict = *known;
  }
}

}  // namespace

exec::Outcome carry_out(Context& context, const plan::Plan& plan, const CarryOut& how, std::stop_token stop) {
  DataWork work(context.engine, context.report);
  exec::RunOptions options = context.run;
  if (how.data != nullptr) options.data = how.data;
  if (how.host != nullptr) options.host = how.host;
  if (options.data == nullptr) {
    options.data = &work;
    work.measure(plan, stop);
  }
  if (how.is_told) context.report.tell({{}, plan::PlanBegun{&plan}});
  Report& report = how.report != nullptr ? *how.report : context.report;
  return exec::run(plan, context.engine, context.clock, report, options, std::move(stop));
}

exec::Outcome carry_out_whole(Context& context, const plan::Plan& plan, const CarryOut& how, std::stop_token stop) {
  exec::Outcome outcome = carry_out(context, plan, how, std::move(stop));
  if (outcome.error) throw *outcome.error;
  return outcome;
}

plan::Plan agreed_plan(const Context& context, const AppName& app, plan::Plan now) {
  if (context.agreed == nullptr || !context.agreed->plan) return now;
  plan::Plan agreed = *context.agreed->plan;
  if (context.agreed->has_new_images) learn_health_checks(agreed, now);
  if (const auto difference = plan::first_difference(agreed, now))
    throw Conflict(ErrorCode::plan_outdated,
                   format("{} is left as it is, for its plan is out of date: {}", app.text(), *difference),
                   "Make the plan again, and read it.");
  return agreed;
}

}  // namespace belay::change
