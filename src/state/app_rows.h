#pragma once
// Apps as rows. Private to state.

#include <map>
#include <optional>

#include "model/release.h"
#include "state/connection.h"
#include "state/store.h"

namespace belay::state {

// Works inside the caller's transaction.
class AppRows {
 public:
  explicit AppRows(Connection& connection) : connection_(connection) {}

  std::optional<App> load(const std::string& name);
  void save(const App& app);
  std::vector<Outline> outlines();

 private:
  using AppId = std::int64_t;
  using SpecId = std::int64_t;

  std::optional<AppId> id_of(const std::string& name);
  App load(AppId id, const std::string& name);
  Wish load_wish(AppId id);
  std::vector<Release> load_releases(AppId id);
  void load_services(AppId id, std::vector<Release>& releases);
  std::vector<Build> load_builds(AppId id);
  std::vector<Quarantine> load_quarantine(AppId id);

  AppId save_app(const App& app);
  void save_wish(AppId id, const Wish& wish);
  void insert(AppId id, const Release& release);
  void insert(AppId id, const Build& build);
  void save_quarantine(AppId id, const std::vector<Quarantine>& quarantine);
  void remove_unused_specs(AppId id);

  const Spec& spec(SpecId id);
  SpecId id_of_spec(AppId app, const Spec& spec);

  Connection& connection_;
  // Specs by their id, read once: the row of an id never changes.
  std::map<SpecId, Spec> specs_;
};

}  // namespace belay::state
