#pragma once
// Whose a place is: asked of the state, the engine and this host before other data is put there. Private to host.

#include <map>
#include <set>
#include <tuple>

#include "change/context.h"
#include "change/whereabouts.h"

namespace belay::change {

// Folders of this machine with backups that the state knows and that are still there.
class BackupFolders {
 public:
  explicit BackupFolders(state::Store& store);
  // "a backup of web is in /data/backups", where that folder is the given one or in it.
  std::optional<std::string> within(const fs::path& folder, const Whereabouts& ground) const;

 private:
  std::map<std::string, std::string> apps_;  // by folder
};

// Who has which place: made once, asked often. What a backup's manifest says of it counts for nothing: what counts is
// what the state has of the apps, the labels of volumes, and which containers there are.
class Claims {
 public:
  // `apps`, all there are, and `world` outlive it.
  Claims(engine::Engine& engine, state::Store& store, const std::vector<App>& apps, const World& world,
         std::stop_token stop);

  // Why the app may not have other data put there, for people; nullopt: it may. `own`: places that are known to be the
  // app's by other means.
  std::optional<std::string> against(const AppName& name, const DataPlace& place,
                                     const std::vector<DataPlace>& own = {}) const;
  // The same, and what Belay itself keeps there and would lose with it.
  std::optional<std::string> against_exchange(const AppName& name, const DataPlace& place,
                                              const std::vector<DataPlace>& own = {}) const;

 private:
  // Somebody's hold on a place.
  struct Claim {
    std::string whose;  // "the app shop's (r3)"
    DataPlace place;
    bool writes = true;
    std::string app{};     // counts against every other one; empty: against all
    std::string volume{};  // the place is the folder of this volume: does not count against those that it belongs to
    bool is_strangers = false;
  };
  using Own = std::set<std::string>;  // names of volumes, paths
  enum class Where { same, in_it, around_it };

  void add(Claim claim);
  void take(const App& app);
  void take(const Container& container);
  void take(const Volume& volume);
  Own own_of(const std::string& name) const;
  std::optional<std::string> against_volume(const std::string& name, const DataPlace& place, const Own& own) const;
  std::optional<std::string> against_path(const std::string& name, const DataPlace& place, const Own& own) const;
  std::optional<std::string> against_others(const std::string& name, const DataPlace& place, const Own& own,
                                            bool strangers) const;
  std::vector<std::pair<Where, const Claim*>> about(const DataPlace& place) const;
  bool counts_against(const Claim& claim, const std::string& name, const Own& own) const;

  const std::vector<App>& apps_;
  const World& world_;
  const fs::path state_folder_;
  std::string engine_folder_;
  const Whereabouts ground_;
  const BackupFolders backups_;
  std::vector<Claim> claims_;
  std::set<std::tuple<std::string, DataPlace, bool, std::string, bool>> seen_;
  std::multimap<std::string, std::size_t> by_volume_, by_where_, by_app_;
  std::set<std::string> known_;  // apps
  mutable std::map<std::string, Own> own_;
};

// Throws Conflict for the first of the places that is not the app's own, nor free: another app's, be that down or up; a
// stranger's; the host's own, by the list that backups go by; Belay's own. `own`: as Claims::against.
void refuse_what_is_others(Context& context, const AppName& name, const World& world,
                           const std::vector<DataPlace>& places, const std::vector<DataPlace>& own,
                           std::stop_token stop);

// The same for what a release that a backup brings would only mount, without data from the backup: what it would write
// into. Of the host's own folders none is refused here: what bound them had them before.
void refuse_to_mount_what_is_others(Context& context, const AppName& name, const World& world, const Spec& spec,
                                    const std::vector<DataPlace>& filled, std::stop_token stop);

// Why data of the spec could not be restored in place for what others have there, one sentence each: known before it is
// needed. Bound paths are those of the host.
std::vector<std::string> claimed_by_others(const Claims& claims, const AppName& name, const Spec& spec,
                                           const std::vector<Volume>& volumes,
                                           const data::Mounts& mounts = data::Mounts::now());

// Why data of the spec could not be restored in place on this machine as things are now, one sentence each: all but
// what no_way_back says.
std::vector<std::string> restore_refusals(Context& context, const AppName& name, const Spec& spec, const World& world,
                                          std::stop_token stop);

// The first of the places that the file or folder of this machine is in, or is itself, however it is reached: through
// links, "..", or a second mount of the same folder. It need not be there yet.
std::optional<DataPlace> place_around(const fs::path& path, const std::vector<DataPlace>& places,
                                      const std::vector<Volume>& volumes);

// What Belay itself keeps in the place and would lose with an exchange of it: "Belay's own state is in /data/belay",
// "a backup of web is in /data/backups". nullopt: nothing that is known.
std::optional<std::string> kept_by_belay_in(Context& context, const DataPlace& place,
                                            const std::vector<Volume>& volumes);

}  // namespace belay::change
