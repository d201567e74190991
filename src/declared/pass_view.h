#pragma once
// One look at the host, shared by all apps of a pass over its definitions. Private to host.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "change/context.h"
#include "declared/image_choice.h"
#include "model/declaration.h"
#include "model/wait.h"

namespace belay::declared {

// What a declared app needs of the others.
struct Needs {
  std::map<std::string, ReleaseNumber> releases;  // app → the release of it that runs, or is to run
  std::map<std::string, Tie::Kind> tied;          // those of them that it must follow when they are replaced
};

// Its apps are brought up to date as the pass goes on, in a preview as they would be: who needs one is planned against
// what will run, not what runs. Not guarded: who shares it among threads does that.
class PassView {
 public:
  // Two lists are all that a pass asks when nothing is to be done. Both come while the state is read: together they
  // cost what the longest does.
  static PassView of_everything(change::Context& context, std::stop_token stop);
  // As much as it takes to keep these up. `down`: containers that are so, whatever the list says.
  static PassView of_these(change::Context& context, const Declarations& declared, const std::set<std::string>& down,
                           std::stop_token stop);

  void remember(const App& app);
  const App* find(const std::string& app) const;
  Needs needs_of(const Declaration& declared) const;
  // Whether there is a container of that name, or is to be one by then.
  bool has_container(const std::string& name) const {
    return provider_of(name) != nullptr || world.find(name) != nullptr;
  }
  // Those that can be the app's, by their labels or by when they were made.
  std::vector<const Container*> containers_of(const App& app) const;

  World world;                                                 // its containers
  std::map<std::string, std::vector<const Container*>> owned;  // those with our labels, by app
  LocalImages images{{}};
  std::map<std::string, App> apps;
  std::map<std::string, std::vector<Wait>> waits;

 private:
  void take_containers(std::vector<Container> containers);
  void index(const App& app);
  // The app that should be up with a container of this name; nullptr: none.
  const App* provider_of(const std::string& container) const;
  // Whether it would go on with other volumes than those that the container gives from now on.
  bool keeps_other_volumes(const Declaration& declared, const App& provider, const std::string& container) const;
  const Container* running(const App& app, const std::string& container) const;

  std::map<std::string, std::string> app_by_container_;
  std::map<std::string, std::vector<const Container*>> made_at_;  // by their creation, as the engine wrote it
};

}  // namespace belay::declared
