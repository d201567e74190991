#include <algorithm>

#include "base/format.h"
#include "base/identity.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/clean.h"
#include "change/start.h"
#include "declared/job_run.h"
#include "declared/pass.h"
#include "engine/one_look.h"
#include "model/naming.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::declared {

change::ChangeOptions Pass::change_options(const Declaration& declared, const App& app, const Spec& spec) const {
  change::ChangeOptions change = options_.change;
  change.held_down = held_down(declared, app);
  if (options_.starts_nothing) {
    change.makes = made_down(declared, app, *change.held_down);
    // Nothing of it proves itself now.
    change.wait = false;
  } else {
    change.held_down->insert(change.makes.begin(), change.makes.end());
  }
  if (!change.order && spec.order == SwapOrder::by_rule) change.order = options_.order;
  return change;
}

bool Pass::has_moved_on(const std::optional<App>& before, const std::optional<App>& now) {
  if (!before || !now) return before.has_value() != now.has_value();
  return before->wish.since != now->wish.since || before->wish.is_unfinished() != now->wish.is_unfinished() ||
         before->highest_release != now->highest_release || before->releases.size() != now->releases.size();
}

void Pass::make(const Declaration& declared, std::optional<App> known_one, const change::ReleaseDraft& wanted,
                const ImageChoices& choices, change::Context& context, DeclaredApp& result) {
  // In a preview only this pass may know whose the containers are: it has looked at that before.
  const FileLock lock =
      options_.dry_run ? lock_app_as_found(context, declared.name, stop_) : lock_app(context, declared.name, stop_);
  // Under the lock, and not as the pass found it.
  std::optional<App> fresh = context.store.app(declared.name);
  // Nor is what it takes again in a preview.
  const bool is_taken_again = options_.dry_run && known_one && !fresh && declared.scheme == NamingScheme::compose;
  if (known_one && !fresh && !is_taken_again) known_one.reset();
  if (look_ != nullptr && has_moved_on(known(declared.name.text()), fresh)) look_->forget();
  App app = fresh ? std::move(*fresh) : App(declared.name);
  // What a preview takes over is in no state; the pass remembers it.
  if (is_taken_again) app = *known_one;
  if (options_.dry_run && (result.takes_over || options_.take_over.contains(declared.name.text())))
    if (auto previewed = known(declared.name.text())) app = std::move(*previewed);
  if (app.releases.empty() && app.highest_release == 0) {
    app.scheme = declared.scheme;
    app.created = context.clock.now();
  }
  app.origin = declared.origin;
  app.origin_kind = declared.origin_kind;
  learn_volumes_of(context, app, stop_);
  check_spec(wanted.spec);
  change::ReleaseDraft made = wanted;
  refuse_shared_volumes(declared, app, made.spec, context);
  const std::vector<ImageChoice> missing = to_be_made(choices);
  const plan::Plan pulling = plan_of_images(declared, missing);
  if (asks_for_facts()) settle(facts_of_change(declared, app, made, context), result);
  const PlannedSteps* steps = steps_for(result.name);
  if (options_.dry_run) result.planned.identity = steps != nullptr ? steps->identity : new_identity();
  change::Agreed agreed = agreed_on(result.name, result);
  change::Context changing = context;
  changing.agreed = &agreed;
  if (options_.dry_run) {
    const Room room = room_for(declared, context);
    changing.room = room.plan.empty() ? nullptr : &room.plan;
    preview(declared, changing, app, made, pulling, result);
    note_room(room, result.change);
    remember(app);
    return;
  }
  if (steps != nullptr)
    if (const auto other = plan::first_difference(steps->images, pulling))
      throw Conflict(ErrorCode::plan_outdated,
                     format("{} is left as it is, for its plan is out of date: {}", result.name, *other),
                     "Make the plan again, and read it.");
  if (!pulling.empty()) {
    make_images(declared, context, made, missing, steps != nullptr ? steps->images : pulling);
    take_images(agreed, wanted, made);
    for (auto& service : made.spec.services) service.mounts = declared.spec.service(service.name).mounts;
    name_all_volumes(declared, app, made);
    refuse_shared_volumes(declared, app, made.spec, context);
  }
  made.derived = derived_of(app, made.spec, declared);
  if (!is_still_due(app, made, choices, !pulling.empty(), context, result)) return;
  expect_no_job_at_work(context, app, "the change", stop_);
  const Room room = room_for(declared, context);
  changing.room = room.plan.empty() ? nullptr : &room.plan;
  try {
    result.change = start_draft(changing, app, made, change_options(declared, app, made.spec),
                                change::Containers::changed_in_place, "apply", stop_);
  } catch (const Error&) {
    bring_back(room, declared.name, context);
    throw;
  }
  if (result.change.failed()) bring_back(room, declared.name, context);
  note_room(room, result.change);
  remember(app);
  classify(result, app);
  if (result.change.failed()) {
    result.code = error_code(result.change);
    result.reason = result.change.reason;
    result.hint = result.change.hint;
  }
}

bool Pass::is_still_due(const App& app, const change::ReleaseDraft& made, const ImageChoices& images, bool is_pulled,
                        change::Context& context, DeclaredApp& result) const {
  const Needs none;
  const Situation situation = situation_of(&app, made, images, none, context);
  const Decision decision = decide(situation);
  if (const auto* hold = std::get_if<Hold>(&decision)) {
    tell_hold(*hold, situation, result);
    if (is_pulled && hold->release)
      result.reason = format("what the pull brought is {}, which was tried before", hold->release->text());
    return false;
  }
  if (!std::holds_alternative<KeepUp>(decision) || app.wish.is_unfinished()) return true;
  result.kind = Outcome::unchanged;  // another digest of the very image that runs
  return false;
}

Facts Pass::facts_of_change(const Declaration& declared, const App& app, const change::ReleaseDraft& made,
                            change::Context& context) const {
  // Under the lock: what was seen before it does not count.
  if (look_ != nullptr && !options_.dry_run) look_->forget();
  Facts facts = facts_of(declared);
  facts.merge(facts_of(app, context.engine.containers({}, stop_)));
  facts.merge(facts_of_images(made.images));
  return facts;
}

namespace {

// What nobody knows of an image before it is here.
void note_unseen(const plan::Step& step, plan::Plan& plan) {
  std::string image;
  if (const auto* pull = std::get_if<plan::PullImage>(&step)) image = pull->reference;
  if (const auto* build = std::get_if<plan::BuildImage>(&step)) image = join(build->tags, ", ");
  if (!image.empty())
    plan.notes.push_back(format("{} is not here yet: its own volumes and health check are known once it is", image));
}

}  // namespace

void Pass::preview(const Declaration& declared, change::Context& context, App& app, const change::ReleaseDraft& made,
                   const plan::Plan& pulling, DeclaredApp& result) {
  change::ChangeOptions dry = change_options(declared, app, made.spec);
  dry.dry_run = true;
  result.change = pulling.empty()
                      ? start_draft(context, app, made, dry, change::Containers::changed_in_place, "apply", stop_)
                      : plan_draft(context, app, made, dry, {}, change::Containers::changed_in_place, stop_);
  for (const auto& action : pulling.actions) note_unseen(action.step, result.change.plan);
  result.planned.images = pulling;
  note_steps(result);
  result.change.plan = plan::in_sequence(pulling, result.change.plan);
  classify(result, app);
  preview_clean_up(context, app, result);
}

void Pass::preview_clean_up(change::Context& context, App app, DeclaredApp& result) {
  if (result.change.kind != change::Change::Kind::planned) return;
  app.last = app.wish.release();
  app.find(*app.last)->verdict = Verdict::passed;
  app.wish.progress = Wish::Progress::fulfilled;
  const World world = plan::as_planned(change::observe(context.engine, app, stop_), result.change.plan);
  const plan::Cleanup cleaning = plan::plan_cleanup({app, world, context.clock.now(), context.defaults}, options_.keep);
  result.planned.clean_up = cleaning.plan;
  result.change.plan = plan::in_sequence(std::move(result.change.plan), cleaning.plan);
}

}  // namespace belay::declared
