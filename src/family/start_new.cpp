#include "family/start_new.h"

#include <algorithm>

#include "base/format.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/new_release.h"
#include "change/start.h"
#include "family/family_release.h"
#include "family/parameters.h"
#include "family/start_next.h"
#include "state/store.h"

namespace belay::family {

namespace {

void take_scheme(App& app, const StartOptions& options) {
  if (app.releases.empty() && app.highest_release == 0 && options.scheme != NamingScheme::belay)
    app.scheme = options.scheme;
}

void note_news(const NextRelease& next, plan::Plan& plan) {
  plan.notes.insert(plan.notes.end(), next.notes.begin(), next.notes.end());
  if (next.lines.empty()) return;
  plan.notes.push_back(format("the new release does not have all that {} has{}:", next.before.text(),
                              next.asks ? ", and this asks first" : ""));
  for (const auto& line : next.lines) plan.notes.push_back("  " + line);
}

// What failed would only fail again, at the cost of what runs.
void refuse_what_failed(change::Context& context, App& app, const NextRelease& next, bool dry_run,
                        std::stop_token stop) {
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release) {
    if (release->verdict != Verdict::failed || !is_made_so(*release, next.made)) continue;
    const bool is_held = std::any_of(release->images.begin(), release->images.end(),
                                     [&](const auto& image) { return app.is_quarantined(image.second); });
    if (!is_held) continue;
    const std::string why = release->reason.empty() ? "no reason was kept" : release->reason;
    const Conflict refusal(
        ErrorCode::release_failed,
        format("{} failed with just this image and these settings: {}", release->number.text(), why),
        format("belay why {0} explains it; belay retry {0} tries it again, and so does -y.", app.name.text()));
    // The way back from it may have been cut short.
    if (app.wish.is_unfinished() && !dry_run) finish_unfinished(context, app, std::move(stop));
    throw refusal;
  }
}

// What is deployed from `image`. Unchanged where it runs already.
change::Change deploy_image(change::Context& context, App& app, const Image& image, const StartOptions& options,
                            std::stop_token stop) {
  const NextRelease next = next_release(context, app, options, image, stop);
  const auto running = change::what_runs(app);
  const Release* present = running ? app.find(*running) : nullptr;
  // Of one that an earlier Belay made nobody knows what its files were.
  const bool has_same_files = present != nullptr && (present->files == next.made.files || present->files.empty());
  if (!app.wish.is_unfinished() && present != nullptr && present->spec == next.made.spec && has_same_files &&
      present->images == next.made.images)
    return start_known(context, app, *running, options.change, "deploy", stop);
  return start_next(context, app, next, options, change::Containers::changed_in_place, "deploy", stop);
}

// The image is not there yet: what the plan says of it is what is known of the one before, and the notes say so.
change::Change plan_deploy(change::Context& context, App& app, const BuildOutcome& build, const StartOptions& options,
                           std::stop_token stop) {
  Image expected;
  expected.unseen = true;
  std::string source =
      "the image is not here yet: its own ports, volumes and health check are known only when it is here";
  const auto runs_or_ran = change::what_runs(app) ? change::what_runs(app) : app.last;
  const Release* before = runs_or_ran ? app.find(*runs_or_ran) : nullptr;
  if (before != nullptr && !before->images.empty())
    if (auto known = context.engine.image(before->images.begin()->second, stop)) {
      expected.config = std::move(known->config);
      expected.unseen = false;
      source = format("the image is not here yet: its ports, volumes and health check are taken to be those of {}",
                      before->number.text());
    }
  expected.id = build.tag;
  const NextRelease next = next_release(context, app, options, expected, stop);
  change::Change change = plan_draft(context, app, next.made, options.change, build.plan, change::Containers::new_ones,
                                     stop, expected.unseen ? std::nullopt : std::optional(expected.config));
  change.plan.notes.insert(change.plan.notes.begin(), build.plan.notes.begin(), build.plan.notes.end());
  change.plan.notes.push_back(source);
  note_news(next, change.plan);
  return change;
}

change::Change preview_deploy(change::Context& context, const AppName& name, const BuildOutcome& build,
                              StartOptions options, std::stop_token stop) {
  App app = build.app.value_or(App(name));
  learn_volumes_of(context, app, stop);
  take_scheme(app, options);
  options.change.dry_run = true;
  return doing(format("deploying {}", name.text()), [&] {
    const auto image = build.image.empty() ? std::nullopt : context.engine.image(build.image, stop);
    return image ? deploy_image(context, app, *image, options, stop) : plan_deploy(context, app, build, options, stop);
  });
}

}  // namespace

change::Change start_next(change::Context& context, App& app, const NextRelease& next, const StartOptions& options,
                          change::Containers containers, const JournalVerb& verb, std::stop_token stop) {
  if (!options.again) refuse_what_failed(context, app, next, options.change.dry_run, stop);
  if (!options.change.dry_run) agree_to_losses(context, app.name, next, options);
  if (!options.change.dry_run)
    for (const auto& note : next.notes) context.report.note(note);
  if (next.settings) app.builds.push_back(*next.settings);
  change::Change change = start_draft(context, app, next.made, options.change, containers, verb, stop);
  if (options.change.dry_run) note_news(next, change.plan);
  return change;
}

change::Change start_new(change::Context& context, const AppName& name, const StartOptions& options,
                         std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  take_scheme(app, options);
  return doing(format("starting {}", name.text()), [&] {
    const NextRelease next = next_release(context, app, options, last_image(context, app, stop), stop);
    return start_next(context, app, next, options, change::Containers::new_ones, "start new", stop);
  });
}

Deployed deploy(change::Context& context, const AppName& name, const BuildOptions& build_options,
                const StartOptions& options, std::stop_token stop) {
  Deployed deployed;
  const auto known = context.store.app(name);
  if (known) refuse_declared_app(*known, options.again);
  deployed.build = build(context, name, build_options, stop);
  const FileLock lock = lock_app(context, name, stop);
  if (build_options.dry_run) {
    deployed.change = preview_deploy(context, name, deployed.build, options, stop);
    return deployed;
  }
  App app = app_with_volumes(context, name, stop);
  take_scheme(app, options);
  deployed.change = doing(format("deploying {}", name.text()), [&] {
    try {
      return deploy_image(context, app, last_image(context, app, stop), options, stop);
    } catch (const Error&) {
      // Nothing was made for it: a name that came with the refused line is no app.
      const auto left = context.store.app(name);
      if (!known && !build_options.image.empty() && left && left->releases.empty() && left->wish.is<goal::None>())
        context.store.forget(name);
      throw;
    }
  });
  return deployed;
}

}  // namespace belay::family
