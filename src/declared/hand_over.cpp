#include "declared/hand_over.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "change/one_owner.h"
#include "change/start.h"
#include "family/adopting.h"
#include "state/store.h"

namespace belay::declared {

namespace {

std::vector<std::string> containers_for(change::Context& context, const AppName& name, std::stop_token stop) {
  const auto all = context.engine.containers({}, stop);
  std::vector<std::string> found;
  for (const auto& container : all)
    if (!container.owner() && container.name == name.text()) found.push_back(container.name);
  if (found.empty()) found = family::foreign_containers(all, name);
  std::erase_if(found, [&](const std::string& container) { return owner_of(context, container, stop).has_value(); });
  if (found.empty())
    throw NotFound(ErrorCode::app_not_found,
                   format("there is neither an app nor a container called {} that could be taken over", name.text()),
                   "Leave --take-over out: the definition makes it anew. docker ps -a shows the containers.");
  return found;
}

// The same but for the order of what has none.
Spec in_order(Spec spec) {
  for (auto& service : spec.services) {
    std::sort(service.mounts.begin(), service.mounts.end());
    std::sort(service.ports.begin(), service.ports.end());
    std::sort(service.links.begin(), service.links.end());
    std::sort(service.volumes_from.begin(), service.volumes_from.end());
    // A policy that Belay would come to anyway.
    if (service.restart.name == "unless-stopped") service.restart = {};
    // The image is compared by its id.
    service.image.clear();
  }
  return spec;
}

// What runs is what the definition says, in other words: then these count from now on, and nothing is to be done.
// Whether it is so.
bool match(App& app, const change::ReleaseDraft& made) {
  Release* present = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (present == nullptr || present->images != made.images || in_order(present->spec) != in_order(made.spec))
    return false;
  present->spec = made.spec;
  present->digests = made.digests;
  present->files = made.files;
  present->needs = made.needs;
  return true;
}

}  // namespace

App as_taken_over(change::Context& context, const Declaration& declared, const std::optional<App>& known,
                  std::stop_token stop) {
  if (known && !known->origin.empty()) return *known;
  App app = known ? *known : App(declared.name);
  if (app.wish.is<goal::Removed>())
    throw Conflict(ErrorCode::being_removed, format("{} is being removed", app.name.text()),
                   format("belay remove {} finishes it.", app.name.text()));
  if (!known) app.created = context.clock.now();
  if (!known || app.wish.is<goal::None>()) {
    // What a build left without anything that ran is no reason to leave the container of that name alone.
    try {
      const family::TakenIn taken =
          family::adopt_containers(context, app, containers_for(context, declared.name, stop), nullptr, stop);
      if (!taken.lost.empty())
        throw Conflict(ErrorCode::settings_lost,
                       format("Belay has no place for all settings of what is there, and going back to it would be "
                              "without them: {}",
                              join(taken.lost, "; ")),
                       format("belay adopt {} {} --lossy takes it over all the same; then give this command again.",
                              app.name.text(), join(taken.containers, " ")));
      for (const auto& note : taken.notes) context.report.note(note);
      // Nobody said that it must stay down: the definition says that it runs.
      if (app.wish.is<goal::Stopped>()) app.wish = Wish{};
    } catch (const NotFound&) {
      if (!known) throw;
    }
  }
  app.origin = declared.origin;
  app.origin_kind = declared.origin_kind;
  app.scheme = NamingScheme::fixed;
  // A definition says what the next release is, not a build.
  app.builds.clear();
  return app;
}

App take_over(change::Context& context, const Declaration& declared, const change::ReleaseDraft& made,
              std::stop_token stop) {
  const FileLock lock = lock_app(context, declared.name, stop);
  auto fresh = context.store.app(declared.name);
  if (fresh && !fresh->origin.empty()) return *fresh;
  if (fresh) finish_unfinished(context, *fresh, stop);
  App app = as_taken_over(context, declared, fresh, stop);
  const bool is_matched = match(app, made);
  family::run_pins(context, family::pins(context, app, stop), stop);
  if (is_matched)
    keep_files(context, app, *app.find(*app.wish.release()));
  else
    learn_settings_files(context, app, change::Learnt::adopted, stop);
  context.store.save(app, change::to_own_alone(app));
  write_journal(context, app, "take over", "done", declared.origin);
  return app;
}

App previewed_take_over(App app, const change::ReleaseDraft& made) {
  match(app, made);
  return app;
}

}  // namespace belay::declared
