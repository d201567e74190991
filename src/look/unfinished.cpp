#include "look/unfinished.h"

#include <set>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/lock.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "change/clean.h"
#include "change/clear_up.h"
#include "look/left_overs.h"
#include "look/look.h"
#include "safekeeping/restore.h"
#include "state/store.h"

namespace belay::look {

std::string finishing_command(const AppHead& app) {
  const std::string& name = app.name.text();
  if (app.wish.is_rolling_back()) return format("belay rollback {}", name);
  return std::visit(
      Overloaded{[&](const goal::None&) { return format("belay status {}", name); },
                 [&](const goal::Run& run) { return format("belay start {} {}", name, run.release.text()); },
                 [&](const goal::Stopped&) { return format("belay stop {}", name); },
                 [&](const goal::Removed& removed) {
                   return format("belay remove {}{}", name, removed.with_data ? " --volumes" : "");
                 }},
      app.wish.goal);
}

std::string steps_left(const plan::Plan& plan, const std::string& app) {
  constexpr size_t most_told = 4;
  std::vector<std::string> steps;
  for (const auto& action : plan.actions) {
    const plan::Step& step = action.step;
    const bool is_noticed =
        !std::holds_alternative<plan::AwaitVerdict>(step) && !std::holds_alternative<plan::SetRestartPolicy>(step) &&
        !std::holds_alternative<plan::TagImage>(step) && !std::holds_alternative<plan::ExchangeData>(step);
    if (is_noticed) steps.push_back(plan::step_text(step));
  }
  if (steps.size() <= most_told) return join(steps, ", ");
  const size_t more = steps.size() - most_told + 1;
  steps.resize(most_told - 1);
  return format("{} and {} more steps (belay plan {})", join(steps, ", "), more, app);
}

plan::Plan plan_or_none(const state::Store& store, const App& app, const World& world, Time now,
                        const plan::Defaults& defaults) {
  try {
    return change::plan_left(store, app, world, now, defaults);
  } catch (const Error&) {
    return {};
  }
}

std::string left_over(const App& app) {
  const std::string& name = app.name.text();
  if (safekeeping::is_barely_begun(app))
    return format(
        "a restore of {0} was cut off before anything of it ran: what it had unpacked does not count, and the same "
        "belay restore begins again without it",
        name);
  std::vector<std::string> places;
  for (const auto& action : change::plan_of_unused(app).actions)
    if (const auto* removal = std::get_if<plan::RemoveData>(&action.step)) places.push_back(text_of(removal->reserve));
  if (places.empty()) return {};
  return format(
      "a command that was cut off left {0}, beside the data of {1}, which is as it was: the next change of {1} takes "
      "that away, and so does belay cleanup {1}",
      join(places, ", "), name);
}

std::map<std::string, std::string> left_overs(change::Context& context) {
  constexpr int newer_history = 1000;
  std::set<std::string> cut_off;
  for (const auto& past : history(context, {}, newer_history))
    if (past.cut_off && AppName::is_valid(past.entry.app)) cut_off.insert(past.entry.app);
  std::map<std::string, std::string> left;
  for (const auto& name : cut_off) {
    const auto app = context.store.app(AppName(name));
    if (!app || FileLock::holder_of(state::lock_path(context.store.folder(), app->name))) continue;
    if (std::string text = left_over(*app); !text.empty()) left[name] = std::move(text);
  }
  return left;
}

}  // namespace belay::look
