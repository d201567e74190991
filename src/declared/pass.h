#pragma once
// One pass over the definitions of a host: each app is looked at, decided about (declared/decide.h) and dealt with.
// Private to declared.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/lock.h"
#include "change/app_volumes.h"
#include "change/new_release.h"
#include "declared/app_report.h"
#include "declared/compose_project.h"
#include "declared/decide.h"
#include "declared/declared.h"
#include "declared/image_choice.h"
#include "declared/pass_view.h"
#include "declared/plan_rests.h"
#include "engine/engine.h"

namespace belay::engine {
class OneLook;
}
namespace belay::state {
class Store;
}

namespace belay::declared {

bool is_from(const std::string& origin, const std::vector<std::string>& sources);
// What the app's users notice of the change that is planned or done.
void classify(DeclaredApp& result, const App& app);

// Looks after the apps of one pass.
class Pass {
 public:
  // `look`: the engine of the context, where it is one; `engine`: the engine itself.
  Pass(change::Context& context, engine::Engine& engine, engine::OneLook* look, const Declarations& declared,
       const DeclaredOptions& options, DeclaredListener& listener, std::stop_token stop)
      : context_(context),
        engine_(engine),
        look_(look),
        declared_(declared),
        options_(options),
        listener_(listener),
        stop_(std::move(stop)),
        view_(options.only_keep_up ? PassView::of_these(context, declared, options.down, stop_)
                                   : PassView::of_everything(context, stop_)) {}

  DeclaredHost run();

 private:
  using Outcome = DeclaredApp::Kind;

  // pass.cpp: the pass as a whole
  void refuse_to_take_over_what_is_not_declared() const;
  // A network or volume that several apps miss is made by the first of them.
  static void announce_once(DeclaredHost& host);
  void refuse_an_emptied_host() const;
  // What cannot be used, or may be there and cannot be seen.
  void tell_broken(DeclaredHost& host);
  void tell_broken_one(const std::string& name, const std::string& origin, const ConfigError& error,
                       DeclaredHost& host);
  // The app whose project came from a file of the folder; else empty.
  std::string app_of_folder(const std::string& folder) const;
  // Each when those that it needs are done; several at a time.
  void look_after_all(DeclaredHost& host);
  change::Context context_for(state::Store& store, change::Report& report) const;
  std::optional<App> known(const std::string& name);
  Needs needs_now(const Declaration& declared);
  static void tell_unwatched(const Declaration& declared, change::Context& context);
  // Throws NotFound where it is linked to a container, or lives in one, that there is not and that nothing is to make.
  void refuse_missing_containers(const Declaration& declared, change::Context& context);
  // Others that need this app shall see what it is now; in a preview, what it will be.
  void remember(const App& app);

  // One app's trouble is told in its result and blocks nobody else; a stop ends the pass.
  template <class Work>
  static void telling(DeclaredApp& result, Work&& work) {
    try {
      work();
    } catch (const Cancelled&) {
      throw;
    } catch (const LockHeld& held) {
      result.busy = true;
      result.as_declared = false;
      result.kind = Outcome::held;
      result.code = held.code();
      result.reason = held.what();
    } catch (const Error& error) {
      result.kind = Outcome::broken;
      result.as_declared = false;
      result.code = error.code();
      result.reason = error.what();
      result.hint = error.hint();
    }
  }

  // pass_app.cpp: one app: what its definition asks for, and what comes of it
  DeclaredApp look_after(const Declaration& declared, state::Store& store);
  // Before anything is pulled, healed or repaired for it.
  void refuse_unknown_ones(const AppName& name, change::Context& context);
  // Where only some services are asked for, the others are those of what runs.
  static Declaration with_the_others(Declaration declared, const std::optional<App>& app);
  // Where containers are kept: services that the release has as it has them. `kept`: their names.
  Declaration with_kept_ones(Declaration declared, const std::optional<App>& app, std::set<std::string>& kept,
                             const change::Context& context) const;
  // Whether a service that its files do not change gets a new container all the same.
  bool is_made_anew(const Declaration& declared, const Service& service) const;
  void decide_and_do(const Declaration& written, change::Context& context, DeclaredApp& result);
  Situation situation_of(const App* app, const change::ReleaseDraft& draft, const ImageChoices& images,
                         const Needs& needs, change::Context& context) const;
  static void tell_hold(const Hold& hold, const Situation& situation, DeclaredApp& result);
  static void tell_deploy(const Deploy& deploy, DeclaredApp& result);
  // A first release has nothing that its image could be compared with.
  static void tell_chosen_tags(const Declaration& declared, const ImageChoices& choices, DeclaredApp& result);
  // Only definitions make releases of the schemes that keep names: an app of those without an origin is what recover
  // found of a lost state. What was adopted under that scheme is its user's.
  static bool is_recovered(const App& app);
  void refuse_another_project(const Declaration& declared, const std::optional<App>& app) const;
  bool is_to_be_taken_over(const Declaration& declared, const std::optional<App>& app) const;
  static void tell_of_take_over(const App& app, change::Context& context);
  std::vector<std::string> tags_of(const ImageRef& image, std::stop_token stop) const;
  // What cannot be read changes nothing, and is not to be replaced by a folder that the engine makes.
  bool waits_for_files(change::Context& context, const Declaration& declared, const std::optional<App>& app,
                       const std::map<std::string, FileMark>& now, DeclaredApp& result) const;
  // Never fails the change that it follows.
  void clean_up_after(const AppName& name, change::Context& context);

  // pass_compose.cpp: what docker compose made of a project becomes a release of its app
  // Before anything is decided about it. In a preview only this pass knows the app so.
  void take_over_from_compose(const Declaration& declared, change::Context& context, DeclaredApp& result);
  // The same of one that belay forget let go, where a command names it.
  void take_again(const Declaration& declared, change::Context& context);
  App as_taken_from_compose(const Declaration& declared, const std::optional<App>& known_one, const World& world,
                            const ComposeContainers& found, change::Context& context, DeclaredApp& result);
  // When it is known what comes of it.
  void tell_taken_from_compose(const Declaration& declared, change::Context& context, DeclaredApp& result);
  // After the change, and only where that went well.
  void deal_with_orphans(const Declaration& declared, change::Context& context, DeclaredApp& result) const;

  // pass_notes.cpp: what apps wait for
  // For `belay why`, which asks neither definitions nor registries.
  void note_wait(const AppName& name, state::Store& store, Wait::Topic topic, const std::string& text, Time since,
                 std::optional<Time> until = {}) const;
  void note_trouble(const AppName& name, state::Store& store, const DeclaredApp& result) const;
  void note_choices(const Declaration& declared, state::Store& store, const ImageChoices& choices) const;
  void note_decision(const AppName& name, state::Store& store, const Situation& situation,
                     const Decision& decision) const;
  void note_failure(const App& app, state::Store& store, const Release& tried) const;

  // pass_keep.cpp: what is wished already is kept up
  // What the command is about is started, also what was stopped by its name.
  std::set<std::string> held_down(const Declaration& declared, const App& app) const;
  // Where nothing is to be started: what is down, or new.
  std::set<std::string> down_now(const Declaration& declared, const App& app) const;
  // Of these, the ones that nobody stopped, and that are not asked for or have a container: they are down by
  // themselves, and it stays wished that they are up.
  std::set<std::string> crashed_now(const Declaration& declared, const App& app,
                                    const std::set<std::string>& down) const;
  // Of those that are held down the ones that are to have a container all the same, and those that are left as they are
  // (goal::Run::makes).
  std::set<std::string> made_down(const Declaration& declared, const App& app,
                                  const std::set<std::string>& held_down) const;
  // Where its health is asked for: helps it as far as it may be helped. False: it is to be left alone for now.
  bool is_well(const Declaration& declared, change::Context& context, DeclaredApp& result);
  void keep_up_only(const Declaration& declared, change::Context& context, DeclaredApp& result);
  // By its own name, or by that of one of its containers.
  bool is_asked_for(const App& app) const;
  void keep_up(const Declaration& declared, const App& app, change::Context& context, DeclaredApp& result);
  // The engine starts it again and again: nothing that a start could mend.
  void tell_restart_loop(const App& app, change::Context& context, DeclaredApp& result) const;
  static void tell_repair(DeclaredApp& result, const App& app, bool repairs);

  // pass_volumes.cpp: each volume has a name, and an owner
  // Each mount point of the image has a volume with a name: the one that the release before has there, else one by the
  // app's scheme. The image is asked for only where something may be missing.
  void name_all_volumes(const Declaration& declared, const std::optional<App>& known_one, change::ReleaseDraft& made);
  static std::vector<change::DerivedVolume> derived_of(const App& app, const Spec& spec, const Declaration& declared);
  // What the definitions ask for without a name, and what apps had when the pass began; found once for all apps.
  struct DeclaredUse {
    const Declaration* by;
    std::string target;
  };
  const std::vector<DeclaredUse>& declared_uses_of(const std::string& volume);
  const change::VolumeUses& earlier_uses();
  // A volume whose name nobody gave must not be another's: neither what the state and the engine know, nor what another
  // definition of this pass asks for.
  void refuse_shared_volumes(const Declaration& declared, const App& app, const Spec& spec, change::Context& context);

  // pass_make.cpp: a new release
  // What the settings of this host say, where nobody else does.
  change::ChangeOptions change_options(const Declaration& declared, const App& app, const Spec& spec) const;
  // Another command changed the app since the pass began.
  static bool has_moved_on(const std::optional<App>& before, const std::optional<App>& now);
  void make(const Declaration& declared, std::optional<App> known_one, const change::ReleaseDraft& wanted,
            const ImageChoices& choices, change::Context& context, DeclaredApp& result);
  // By the same rules as before, now under the lock and with what a pull brought. What a command left unfinished is
  // gone on with, whatever it was.
  bool is_still_due(const App& app, const change::ReleaseDraft& made, const ImageChoices& images, bool is_pulled,
                    change::Context& context, DeclaredApp& result) const;

  // pass_room.cpp: what is no longer declared makes room for what is
  // Whether it goes at the end of this pass, if nothing speaks against it.
  bool is_to_be_removed(const App& app) const;
  // Whether its definition stands where this app's was.
  bool is_written_in_its_stead(const Declaration& declared, const App& app) const;
  // Whether the declared app cannot come up beside this one: both need a port, an address, a name or, as two
  // names of one definition, the same data.
  bool stands_in_the_way(const App& app, const Declaration& declared) const;
  // Whether the declared app takes the place of this one: by its definition, or because it needs its room.
  bool takes_the_place_of(const Declaration& declared, const App& app) const;
  static bool is_in_trouble(const DeclaredHost& host, const Declaration& declared);
  // The declared app that takes its place and does not run, or is left out of this pass, so that nobody knows;
  // nullptr: none, so that it can go.
  const Declaration* awaited_successor(const DeclaredHost& host, const App& app) const;
  // Apps that stopped for another one, or would: each with its lock.
  struct Room {
    std::vector<App> apps;
    std::vector<FileLock> locks;
    std::map<std::string, plan::Plan> parts;  // by app
    plan::Plan plan;
  };
  Room room_for(const Declaration& declared, change::Context& context);
  // A change that came to nothing, or for which nothing was to be done, has moved nobody.
  void note_room(const Room& room, const change::Change& change);
  // Those that made room are as they are wished to be. Never throws but for a stop: the change has its own trouble.
  void bring_back(const Room& room, const AppName& successor, change::Context& context);
  change::Change bring_back(change::Context& context, const AppName& name, const AppName& successor, bool dry_run,
                            std::stop_token stop) const;
  DeclaredApp kept_for_now(const App& app, const Declaration& successor);

  // pass_plans.cpp: what was planned earlier
  // nullptr: nothing was, for any app. Throws Conflict where only this one is missing.
  const PlannedSteps* steps_for(const std::string& app) const;
  // Whether anybody asks what a plan rests on.
  bool asks_for_facts() const { return options_.dry_run || options_.plans != nullptr; }
  // A preview notes the facts; else, just before the first effect, they must be those of the plan made earlier.
  void settle(const Facts& facts, DeclaredApp& result) const;
  // What a change of the app is held to.
  change::Agreed agreed_on(const std::string& app, const DeclaredApp& result) const;
  // A preview's, in its parts.
  static void note_steps(DeclaredApp& result);
  // What came with the images that were pulled or built for the plan made earlier.
  static void take_images(change::Agreed& agreed, const change::ReleaseDraft& before, const change::ReleaseDraft& now);

  // pass_make.cpp, continued
  Facts facts_of_change(const Declaration& declared, const App& app, const change::ReleaseDraft& made,
                        change::Context& context) const;
  // The plan as it would be with the image here already, behind its pull.
  void preview(const Declaration& declared, change::Context& context, App& app, const change::ReleaseDraft& made,
               const plan::Plan& pulling, DeclaredApp& result);
  // What the clean-up behind the change would remove, when that has succeeded.
  void preview_clean_up(change::Context& context, App app, DeclaredApp& result);

  // pass_images.cpp: images are pulled and built
  // A pull that fills the disk takes the whole host down with it, the apps that run included.
  void refuse_a_full_disk(const std::string& reference) const;
  // The pulls and builds that come before anything stops; they do not wait for each other.
  static plan::Plan plan_of_images(const Declaration& declared, const std::vector<ImageChoice>& missing);
  void make_images(const Declaration& declared, change::Context& context, change::ReleaseDraft& made,
                   const std::vector<ImageChoice>& missing, const plan::Plan& plan);
  // What a pull or a build has brought.
  void take_image(change::Context& context, change::ReleaseDraft& made, const ImageChoice& choice);
  static bool bears_digest(const Image& image, const std::string& wanted);

  // pass_others.cpp: what is not declared
  static bool bears(const Declaration& declared, const std::string& container);
  // Its definition is there, or may be, and cannot be read: that is no wish to remove it.
  bool is_out_of_sight(const App& app) const;
  void remove_undeclared(DeclaredHost& host);
  DeclaredApp remove_one(const App& app);
  // Whatever else runs, whoever made it. What bears a declared name is left alone: it is the declared one, or the
  // trouble of its definition is told already.
  void stop_strangers(DeclaredHost& host);
  bool is_declared(const std::string& name) const;
  // The app of this state that the container belongs to; nullptr: none.
  const App* app_of(const Container& container) const;
  bool is_copy(const Container& container, const labels::Owner& owner) const;
  // Another Belay would start it again, and each would stop what the other starts.
  static DeclaredApp of_another_state(const Container& container, const labels::Owner& owner);
  static DeclaredApp stranger(const std::string& name);
  // One that another way than a definition made: it is stopped as its user would, and can be started again.
  DeclaredApp stop_app(const App& app);
  DeclaredApp stop_container(const std::string& name);
  std::string container_mark(const std::string& name) const;

  change::Context& context_;
  engine::Engine& engine_;
  engine::OneLook* const look_;  // nullptr: what is seen may change, by our own doing
  const Declarations& declared_;
  const DeclaredOptions& options_;
  DeclaredListener& listener_;
  const std::stop_token stop_;
  RegistryBackoff rest_of_this_pass_;
  RegistryBackoff& rest_ = options_.rest != nullptr ? *options_.rest : rest_of_this_pass_;
  PassView view_;                                       // its apps are guarded by turn_ while the workers run
  std::mutex turn_;                                     // also of the listener's calls
  std::map<std::string, plan::Plan> rooms_;             // by the app that made, or would make, room; guarded by turn_
  std::optional<std::vector<std::string>> leaving_;     // apps that are to be removed; guarded by turn_
  std::map<std::string, std::string> claimed_volumes_;  // → the app that is to have it; guarded by turn_
  // Guarded by turn_ until they are there.
  std::optional<std::map<std::string, std::vector<DeclaredUse>>> declared_uses_;  // by volume
  std::optional<change::VolumeUses> earlier_uses_;
};

}  // namespace belay::declared
