#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "base/presence.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/clean.h"
#include "change/file_marks.h"
#include "change/kept_files.h"
#include "declared/hand_over.h"
#include "declared/pass.h"
#include "engine/one_look.h"
#include "formats/mounts.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::declared {

namespace {

// What is up, or was until it was stopped.
const Release* present_release(const std::optional<App>& app) {
  if (!app) return nullptr;
  const Release* present = app->wish.release() ? app->find(*app->wish.release()) : nullptr;
  return present != nullptr ? present : change::ran_until_stopped(*app);
}

const Service* find_service(const Release& release, const std::string& name) {
  const auto& all = release.spec.services;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Service& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// What the files say otherwise. An anonymous volume is the one that is there.
std::vector<std::string> changed_fields(const Service& present, Service wanted) {
  for (auto& mount : wanted.mounts)
    for (const auto& other : present.mounts)
      if (mount.kind == Mount::Kind::volume && mount.source.empty() && other.target == mount.target)
        mount.source = other.source;
  Spec before, after;
  before.services = {present};
  after.services = {std::move(wanted)};
  std::vector<std::string> fields;
  for (const auto& change : differences(before, after)) fields.push_back(change.field);
  return fields;
}

// Those that are kept have the images that they run, and what they are bound to counts as it was.
void keep_images_and_files(const Release& present, const std::set<std::string>& kept, ImageChoices& choices,
                           std::map<std::string, FileMark>& files) {
  for (const auto& name : kept) {
    ImageChoice choice;
    choice.reference = find_service(present, name)->image;
    if (const auto id = present.images.find(name); id != present.images.end()) choice.id = id->second;
    if (const auto digest = present.digests.find(name); digest != present.digests.end()) choice.digest = digest->second;
    choices[name] = std::move(choice);
  }
  if (kept.empty()) return;
  for (auto& [path, mark] : files)
    if (const auto before = present.files.find(path); before != present.files.end()) mark = before->second;
}

// An image that is not here has no id. Of a release that failed and is just this it is known by its digest: it is not
// fetched again to fail again.
void name_images_that_failed(const std::optional<App>& app, const ImageChoices& choices, change::ReleaseDraft& made) {
  if (!app) return;
  for (const Release& failed : app->releases) {
    if (failed.verdict != Verdict::failed) continue;
    change::ReleaseDraft known = made;
    for (auto& [service, image] : known.images) {
      const ImageChoice& choice = choices.at(service);
      const auto digest = failed.digests.find(service);
      const auto id = failed.images.find(service);
      if (!choice.id.empty() || choice.digest.empty() || digest == failed.digests.end() || id == failed.images.end())
        continue;
      if (bare_digest(digest->second) == bare_digest(choice.digest)) image = id->second;
    }
    if (!is_made_so(failed, known)) continue;
    made.images = std::move(known.images);
    return;
  }
}

}  // namespace

DeclaredApp Pass::look_after(const Declaration& declared, state::Store& store) {
  AppReport report(declared.name.text(), listener_, turn_);
  change::Context context = context_for(store, report);
  DeclaredApp result;
  result.name = declared.name.text();
  result.origin = declared.origin;
  if (options_.leave.contains(result.name)) return result;
  telling(result, [&] {
    take_again(declared, context);
    refuse_unknown_ones(declared.name, context);
    take_over_from_compose(declared, context, result);
    // Whoever is to be left alone may be so for an hour; another definition may be just what he needs.
    const bool is_left_alone = !is_well(declared, context, result);
    if (!options_.only_keep_up)
      decide_and_do(declared, context, result);
    else if (!is_left_alone)
      keep_up_only(declared, context, result);
    tell_taken_from_compose(declared, context, result);
    deal_with_orphans(declared, context, result);
  });
  note_trouble(declared.name, store, result);
  const std::lock_guard lock(turn_);
  listener_.ended(result);
  return result;
}

void Pass::refuse_unknown_ones(const AppName& name, change::Context& context) {
  const auto owned = view_.owned.find(name.text());
  if (owned == view_.owned.end()) return;
  const App app = known(name.text()).value_or(App(name));
  if (plan::sort_out(app, owned->second).unknown.empty()) return;
  // The lists and the state are not of one moment: under the app's lock they are.
  change::Context now{engine_,         context.store,         context.clock,    context.report, context.who,
                      context.command, context.wait_for_lock, context.defaults, context.run};
  const FileLock lock = lock_app(now, name, stop_);
  if (const auto fresh = context.store.app(name)) remember(*fresh);
  if (look_ != nullptr) look_->forget();
}

Declaration Pass::with_the_others(Declaration declared, const std::optional<App>& app) {
  if (declared.only.empty()) return declared;
  const Release* present = present_release(app);
  const auto is_asked_for = [&](const Service& service) { return declared.only.contains(service.group_name()); };
  std::vector<Service> services;
  std::vector<Service> others = present == nullptr ? std::vector<Service>{} : present->spec.services;
  std::erase_if(others, is_asked_for);
  // In the order of the files, as the release has it that was made of all of them.
  for (auto& service : declared.spec.services) {
    const auto other =
        std::find_if(others.begin(), others.end(), [&](const Service& each) { return each.name == service.name; });
    if (is_asked_for(service)) {
      services.push_back(std::move(service));
    } else if (other != others.end()) {
      services.push_back(std::move(*other));
      others.erase(other);
    }
  }
  std::move(others.begin(), others.end(), std::back_inserter(services));
  declared.spec.services = std::move(services);
  return declared;
}

Declaration Pass::with_kept_ones(Declaration declared, const std::optional<App>& app, std::set<std::string>& kept,
                                 const change::Context& context) const {
  const Release* present = present_release(app);
  if ((!options_.keeps_containers && !options_.starts_nothing) || present == nullptr) return declared;
  std::set<std::string> present_ones;
  for (const auto& instance : plan::sort_out(*app, view_.containers_of(*app)).instances)
    if (instance.release == present->container_release(instance.service)) present_ones.insert(instance.service);
  for (auto& service : declared.spec.services)
    if (const Service* before = find_service(*present, service.name)) {
      if (options_.starts_nothing && !present_ones.contains(service.name)) continue;
      if (const auto changed = changed_fields(*before, service); !changed.empty())
        context.report.note(format("{} stays as it is{}, though its files say otherwise: {}", service.name,
                                   options_.keeps_containers ? " (--no-recreate)" : "", join(changed, ", ")));
      service = *before;
      kept.insert(service.name);
    }
  return declared;
}

bool Pass::is_made_anew(const Declaration& declared, const Service& service) const {
  const std::string& name = service.group_name();
  if (!declared.only.empty() && !declared.only.contains(name)) return false;
  const auto& named = options_.makes_needs_of_anew;
  return options_.makes_anew || (!named.empty() && !named.contains(name));
}

void Pass::decide_and_do(const Declaration& written, change::Context& context, DeclaredApp& result) {
  std::optional<App> app = known(written.name.text());
  std::set<std::string> kept;
  const Declaration declared = with_kept_ones(with_the_others(written, app), app, kept, context);
  if (app) change::learn_volumes(*app, view_.containers_of(*app), view_.world);
  const bool takes_over = is_to_be_taken_over(declared, app);
  if (takes_over) {
    app = as_taken_over(context, declared, app, stop_);
  } else if (app && app->origin.empty() && !app->wish.is<goal::None>() && !is_recovered(*app)) {
    throw Conflict(
        ErrorCode::declared_elsewhere, format("{} is an app already, and no definition made it", declared.name.text()),
        format("Hand it over: belay apply --take-over {}; or give the definition another name.", declared.name.text()));
  }
  refuse_another_project(declared, app);
  const bool ask = options_.ask_registries || options_.ask_for.contains(result.name);
  ImageChoices choices = choose_images(
      context, declared, app ? &*app : nullptr, view_.images, ask,
      [&](const ImageRef& image, std::stop_token stop) { return tags_of(image, std::move(stop)); }, rest_, stop_);
  std::map<std::string, FileMark> files = change::file_marks(declared.watched);
  if (!kept.empty()) keep_images_and_files(*present_release(app), kept, choices, files);
  for (const auto& [service, choice] : choices)
    if (!choice.trouble.empty()) {
      context.report.note(format("it is not known whether there is a newer image: {}", choice.trouble));
      break;
    }
  note_choices(declared, context.store, choices);
  change::ReleaseDraft made;
  made.spec = declared.spec;
  made.files = std::move(files);
  if (waits_for_files(context, declared, app, made.files, result)) return;
  const Needs needs = needs_now(declared);
  made.needs = needs.releases;
  for (const auto& [need, kind] : needs.tied) made.tied_to.insert(need);
  for (auto& service : made.spec.services) {
    const ImageChoice& choice = choices.at(service.name);
    service.image = choice.reference;
    made.images[service.name] = choice.id.empty() ? choice.reference : choice.id;
    if (!choice.digest.empty()) made.digests[service.name] = choice.digest;
    if (is_made_anew(declared, service)) made.anew.insert(service.name);
  }
  name_all_volumes(declared, app, made);
  name_images_that_failed(app, choices, made);
  if (const auto wait = wait_of_all(choices)) {
    std::vector<std::string> reasons;
    for (const auto& [service, choice] : choices)
      if (!choice.waits_for.empty() && std::find(reasons.begin(), reasons.end(), choice.waits_for) == reasons.end())
        reasons.push_back(choice.waits_for);
    result.reason = join(reasons, "; ");
    result.waits_for = wait->text;
    result.kind = Outcome::held;
  }

  if (takes_over) {
    app = options_.dry_run ? previewed_take_over(std::move(*app), made) : take_over(context, declared, made, stop_);
    remember(*app);
    tell_of_take_over(*app, context);
  }
  // A preview's app is not in the state yet.
  const bool is_previewed = options_.dry_run && (takes_over || result.takes_over);
  const Situation situation = situation_of(app ? &*app : nullptr, made, choices, needs, context);
  const Decision decision = decide(situation);
  note_decision(declared.name, context.store, situation, decision);
  if (const auto* hold = std::get_if<Hold>(&decision)) {
    tell_hold(*hold, situation, result);
    if (hold->keeps_up && !is_previewed) keep_up(declared, *app, context, result);
    return;
  }
  if (std::holds_alternative<KeepUp>(decision)) {
    if (!is_previewed) keep_up(declared, *app, context, result);
    return;
  }
  refuse_missing_containers(declared, context);
  tell_unwatched(declared, context);
  tell_deploy(std::get<Deploy>(decision), result);
  result.only_makes = options_.starts_nothing;
  if (result.is_new) tell_chosen_tags(declared, choices, result);
  make(declared, std::move(app), made, choices, context, result);
  result.as_declared = !options_.dry_run && !result.change.failed() && result.kind != Outcome::held;
  const auto after = options_.dry_run ? std::nullopt : context.store.app(declared.name);
  const Release* tried = after && result.change.is_held ? after->find(*result.change.release) : nullptr;
  if (tried != nullptr) note_failure(*after, context.store, *tried);
  if (result.change.kind == change::Change::Kind::done) clean_up_after(declared.name, context);
}

// Where a release is about to be made, for then it matters that a later change of the file makes none.
void Pass::tell_unwatched(const Declaration& declared, change::Context& context) {
  if (declared.spec.project) return;
  for (const auto& service : declared.spec.services)
    for (const auto& mount : service.mounts) {
      const bool is_watched =
          std::find(declared.watched.begin(), declared.watched.end(), fs::path(mount.source)) != declared.watched.end();
      if (mount.kind == Mount::Kind::bind && mount.read_only && !is_watched && formats::is_temporary(mount.source))
        context.report.note(
            format("{} is not watched for changes, as nothing in /tmp and /var/tmp is, unless "
                   "\"watch\": true asks for it",
                   mount.source));
    }
}

void Pass::refuse_missing_containers(const Declaration& declared, change::Context& context) {
  // Of a project its own services are meant, which its files have been checked for.
  if (declared.spec.project || declared.spec.services.size() != 1) return;
  for (const auto& tie : ties(declared)) {
    if (tie.kind == Tie::Kind::asked_for) continue;
    std::vector<std::string> names;
    {
      const std::lock_guard lock(turn_);
      if (view_.has_container(tie.container)) continue;
      for (const auto& container : view_.world.containers) names.push_back(container.name);
      for (const auto& [name, app] : view_.apps) names.push_back(name);
    }
    // It may have come since the list, or be named by its id.
    if (context.engine.container(tie.container, stop_)) continue;
    const std::string near = did_you_mean(tie.container, names);
    throw NotFound(ErrorCode::container_not_found,
                   format("{} needs the container {} ({}), and there is none", declared.name.text(), tie.container,
                          to_text(tie.kind)),
                   near.empty() ? "docker ps -a lists the containers; or write a definition of that name." : near);
  }
}

Situation Pass::situation_of(const App* app, const change::ReleaseDraft& draft, const ImageChoices& images,
                             const Needs& needs, change::Context& context) const {
  Situation situation{app, draft, images, needs};
  situation.starts_stopped = options_.starts_stopped;
  situation.makes_anew = !draft.anew.empty();
  situation.has_pauses = options_.heal.has_value();
  const Release* present = app != nullptr && app->wish.release() ? app->find(*app->wish.release()) : nullptr;
  situation.has_kept_files = present != nullptr && !change::kept_paths(context.store, *app, *present).empty();
  situation.now = context.clock.now();
  const bool was_cut_short =
      app != nullptr && std::any_of(app->releases.begin(), app->releases.end(), [](const Release& release) {
        return release.verdict == Verdict::pending && !release.reason.empty();
      });
  if (situation.has_pauses && was_cut_short) situation.repairs = context.store.repairs(app->name);
  return situation;
}

void Pass::tell_hold(const Hold& hold, const Situation& situation, DeclaredApp& result) {
  result.kind = Outcome::held;
  result.as_declared = false;
  result.reason = reason_of(hold, situation);
  if (hold.why != Hold::Why::stopped_by_hand && hold.why != Hold::Why::host_pause) result.waits_for = result.reason;
}

void Pass::tell_deploy(const Deploy& deploy, DeclaredApp& result) {
  using Kind = Deploy::Reason::Kind;
  result.kind = Outcome::change;
  result.is_new = !deploy.before;
  bool has_own_reason = false;
  for (const auto& reason : deploy.reasons) {
    has_own_reason = has_own_reason || reason.kind != Kind::tie;
    if (reason.kind == Kind::is_new || reason.kind == Kind::needs || reason.kind == Kind::stopped ||
        reason.kind == Kind::asked)
      result.reason = reason.text;
    else
      result.differences.push_back(reason.text);
  }
  if (!has_own_reason) result.reason.clear();
}

void Pass::tell_chosen_tags(const Declaration& declared, const ImageChoices& choices, DeclaredApp& result) {
  const std::string& pattern = declared.policies.update.pattern;
  if (pattern.empty()) return;
  std::set<std::string> told;
  for (const auto& [service, choice] : choices)
    if (told.insert(choice.reference).second)
      result.differences.push_back(format("image: + {} (chosen by \"{}\")", choice.reference, pattern));
}

bool Pass::is_recovered(const App& app) {
  return keeps_names(app.scheme) &&
         std::none_of(app.releases.begin(), app.releases.end(), [](const Release& release) { return release.adopted; });
}

// Two folders of one name, whose files give no other: the second must not replace what the first one runs. A project
// whose folder was moved is the same one.
void Pass::refuse_another_project(const Declaration& declared, const std::optional<App>& app) const {
  const Release* present = present_release(app);
  if (present == nullptr || !present->spec.project || !declared.spec.project ||
      options_.take_over.contains(declared.name.text()))
    return;
  const std::string& was = present->spec.project->folder;
  std::error_code unknown;
  if (was.empty() || fs::equivalent(was, declared.spec.project->folder, unknown) || is_gone(app->origin)) return;
  const auto place = [](const Project& project) {
    return project.files.empty() ? project.folder : join(project.files, ", ");
  };
  throw Conflict(
      ErrorCode::declared_elsewhere,
      format("{} is the project of {}, {}, and this is {}", declared.name.text(), place(*present->spec.project),
             fs::exists(app->origin, unknown) ? "whose files are still there"
                                              : "whose files may be on a disk that is not mounted",
             place(*declared.spec.project)),
      format("Give this one a name of its own: name: NAME in its file, or belay up -p NAME. If it is to "
             "take the place of the other: belay apply --take-over {}.",
             declared.name.text()));
}

bool Pass::is_to_be_taken_over(const Declaration& declared, const std::optional<App>& app) const {
  return options_.take_over.contains(declared.name.text()) && (!app || app->origin.empty());
}

void Pass::tell_of_take_over(const App& app, change::Context& context) {
  const Release* present = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  std::vector<std::string> containers;
  if (present != nullptr)
    for (const auto& [service, container] : present->containers) containers.push_back(container);
  context.report.note(containers.empty() ? std::string("its definition takes it over; nothing of it runs")
                                         : format("its definition takes over {}, which is {} now",
                                                  join(containers, ", "), present->number.text()));
}

std::vector<std::string> Pass::tags_of(const ImageRef& image, std::stop_token stop) const {
  if (options_.list_tags) return options_.list_tags(image, std::move(stop));
  return declared::list_tags(context_.engine, image, std::move(stop));
}

bool Pass::waits_for_files(change::Context& context, const Declaration& declared, const std::optional<App>& app,
                           const std::map<std::string, FileMark>& now, DeclaredApp& result) const {
  const Release* before = nullptr;
  if (app)
    // What was never up need not have had its paths.
    for (const auto& release : app->releases)
      if ((release.verdict == Verdict::passed || change::what_runs(*app) == release.number) &&
          change::kept_paths(context.store, *app, release).empty())
        before = &release;
  const auto missing = change::missing_paths(declared.spec, before, now);
  if (missing.empty()) return false;
  const bool was_seen = before != nullptr && std::any_of(missing.begin(), missing.end(), [&](const auto& path) {
                          return std::any_of(before->files.begin(), before->files.end(),
                                             [&](const auto& file) { return file.first.starts_with(path); });
                        });
  if (!was_seen && !sees_host_files(context, stop_)) return false;
  result.kind = Outcome::held;
  result.lacks_files = true;
  result.as_declared = false;
  const bool runs = app && app->wish.is<goal::Run>();
  result.reason = format("{} {} missing; {}", join(missing, ", "), missing.size() == 1 ? "is" : "are",
                         runs ? "what runs stays" : "nothing is started");
  return true;
}

void Pass::clean_up_after(const AppName& name, change::Context& context) {
  try {
    const PlannedSteps* steps = steps_for(name.text());
    change::Agreed agreed;
    change::Context cleaning = context;
    if (steps != nullptr) agreed.plan = steps->clean_up;
    if (steps != nullptr) cleaning.agreed = &agreed;
    std::ignore =
        cleanup(cleaning, name, options_.keep, false, [](const change::RemovalPreview&) { return true; }, stop_);
    if (const auto app = context.store.app(name)) remember(*app);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    context.report.warning(format("cleaning up: {}", error.what()));
  }
}

}  // namespace belay::declared
