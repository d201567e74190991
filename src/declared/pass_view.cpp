#include "declared/pass_view.h"

#include <algorithm>
#include <future>

#include "plan/adopted.h"
#include "state/store.h"

namespace belay::declared {

namespace {

// As the engine calls a volume that nobody named.
bool is_name_of_anonymous(const std::string& volume) {
  constexpr size_t length = 64;
  return volume.size() == length && volume.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool has_release_up(const App& app) {
  return app.wish.is<goal::Run>() && app.wish.release() && app.find(*app.wish.release()) != nullptr;
}

}  // namespace

void PassView::take_containers(std::vector<Container> containers) {
  world.containers = std::move(containers);
  for (const auto& container : world.containers) {
    if (const auto owner = container.owner()) owned[owner->app].push_back(&container);
    made_at_[container.created].push_back(&container);
  }
}

PassView PassView::of_everything(change::Context& context, std::stop_token stop) {
  auto images = std::async(std::launch::async, [&] { return context.engine.images({}, stop); });
  auto containers = std::async(std::launch::async, [&] { return context.engine.containers({}, stop); });
  PassView view;
  for (const auto& app : context.store.apps()) view.remember(app);
  view.waits = context.store.waits();
  view.take_containers(containers.get());
  view.images = LocalImages(images.get());
  return view;
}

PassView PassView::of_these(change::Context& context, const Declarations& declared, const std::set<std::string>& down,
                            std::stop_token stop) {
  PassView view;
  std::vector<Container> containers = context.engine.containers({}, stop);
  for (auto& container : containers)
    if (container.is_up() && down.contains(container.name)) container.state = ContainerState::exited;
  view.take_containers(std::move(containers));
  for (const auto& declaration : declared.apps)
    if (const auto app = context.store.app(declaration.name)) view.remember(*app);
  view.waits = context.store.waits();
  return view;
}

void PassView::remember(const App& app) {
  apps.insert_or_assign(app.name.text(), app);
  index(app);
}

const App* PassView::find(const std::string& app) const {
  const auto found = apps.find(app);
  return found == apps.end() ? nullptr : &found->second;
}

void PassView::index(const App& app) {
  app_by_container_.insert_or_assign(app.name.text(), app.name.text());
  if (!has_release_up(app)) return;
  for (const auto& [service, container] : app.find(*app.wish.release())->containers)
    if (!apps.contains(container) || container == app.name.text())
      app_by_container_.insert_or_assign(container, app.name.text());
}

std::vector<const Container*> PassView::containers_of(const App& app) const {
  std::set<const Container*> found;
  if (const auto labelled = owned.find(app.name.text()); labelled != owned.end())
    found.insert(labelled->second.begin(), labelled->second.end());
  // Adopted ones have no labels of ours.
  for (const auto& release : app.releases)
    for (const auto& [service, created] : release.container_created)
      if (const auto same = made_at_.find(created); plan::may_be_adopted(release, service) && same != made_at_.end())
        found.insert(same->second.begin(), same->second.end());
  // In the order of the list.
  return {found.begin(), found.end()};
}

const App* PassView::provider_of(const std::string& container) const {
  const auto known = app_by_container_.find(container);
  const App* app = known == app_by_container_.end() ? nullptr : find(known->second);
  if (app == nullptr || !has_release_up(*app)) return nullptr;
  if (app->name.text() == container) return app;
  const auto& containers = app->find(*app->wish.release())->containers;
  const bool is_its = std::any_of(containers.begin(), containers.end(),
                                  [&](const auto& service) { return service.second == container; });
  return is_its ? app : nullptr;
}

const Container* PassView::running(const App& app, const std::string& container) const {
  const auto of_app = owned.find(app.name.text());
  if (of_app == owned.end()) return nullptr;
  for (const Container* each : of_app->second)
    if (each->name == container) return each;
  return nullptr;
}

bool PassView::keeps_other_volumes(const Declaration& declared, const App& provider,
                                   const std::string& container) const {
  const Container* theirs = running(provider, container);
  const bool has_anonymous =
      theirs != nullptr && std::any_of(theirs->mounts.begin(), theirs->mounts.end(), [](const Mount& mount) {
        return mount.kind == Mount::Kind::volume && is_name_of_anonymous(mount.source);
      });
  if (has_anonymous) return true;
  const Release& release = *provider.find(*provider.wish.release());
  const auto of_app = owned.find(declared.name.text());
  if (of_app == owned.end()) return true;
  for (const auto& service : release.spec.services) {
    const auto name = release.containers.find(service.name);
    if (name == release.containers.end() || (name->second != container && service.name != container)) continue;
    for (const auto& mount : service.mounts) {
      if (!mount.keeps_data() || mount.source.empty()) continue;
      const bool is_had = std::any_of(of_app->second.begin(), of_app->second.end(), [&](const Container* own) {
        const auto& mounts = own->mounts;
        return own->is_up() && std::any_of(mounts.begin(), mounts.end(), [&](const Mount& its) {
                 return its.target == mount.target && its.source == mount.source;
               });
      });
      if (!is_had) return true;
    }
  }
  return false;
}

namespace {

// The release that the container of that name was made for.
ReleaseNumber made_for(const Release& release, const std::string& container) {
  for (const auto& service : release.spec.services) {
    const auto name = release.containers.find(service.name);
    if (service.name == container || (name != release.containers.end() && name->second == container))
      return release.container_release(service.name);
  }
  return release.number;
}

}  // namespace

Needs PassView::needs_of(const Declaration& declared) const {
  Needs needs;
  const auto needed = [&](const std::string& container) -> const App* {
    const App* app = provider_of(container);
    return app == nullptr || app->name == declared.name ? nullptr : app;
  };
  for (const auto& need : declared.needs)
    if (const App* app = needed(need)) {
      ReleaseNumber& newest = needs.releases[app->name.text()];
      newest = std::max(newest, made_for(*app->find(*app->wish.release()), need));
    }
  for (const auto& tie : ties(declared)) {
    const App* app = needed(tie.container);
    if (app == nullptr || !needs.releases.contains(app->name.text())) continue;
    if (tie.kind == Tie::Kind::volumes && !keeps_other_volumes(declared, *app, tie.container)) continue;
    needs.tied.try_emplace(app->name.text(), tie.kind);
  }
  return needs;
}

}  // namespace belay::declared
