#include "change/carry_out.h"

#include "change/data_work.h"

namespace belay::change {

exec::Outcome carry_out(Context& context, const plan::Plan& plan, const CarryOut& how, std::stop_token stop) {
  DataWork work(context.engine, context.report);
  exec::RunOptions options = context.run;
  if (how.data != nullptr) options.data = how.data;
  if (options.data == nullptr) options.data = &work;
  if (how.is_told) context.report.running(plan);
  exec::Listener& listener = how.listener != nullptr ? *how.listener : context.report;
  return exec::run(plan, context.engine, context.clock, listener, options, std::move(stop));
}

exec::Outcome carry_out_whole(Context& context, const plan::Plan& plan, const CarryOut& how, std::stop_token stop) {
  exec::Outcome outcome = carry_out(context, plan, how, std::move(stop));
  if (outcome.error) throw *outcome.error;
  return outcome;
}

}  // namespace belay::change
