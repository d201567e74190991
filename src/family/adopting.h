#pragma once
// Containers that were made without Belay become releases of an app. Private to host.

#include "change/context.h"
#include "family/take_over.h"
#include "formats/family_store.h"

namespace belay::family {

// What the store of jockler or dockervisor has of one family.
struct FamilyOfStore {
  fs::path folder;  // /var/jockler/web
  NamingScheme scheme = NamingScheme::jcl;
  formats::StoredFamily marks;
  // The settings file in it, which the tool wrote when it built the image; empty: none is there.
  fs::path settings_file;
  std::string settings_text;
  std::map<std::string, Configuration> configurations;
};

// nullopt where the store has no such family. Throws Error for files that cannot be read or understood.
std::optional<FamilyOfStore> family_of_store(const fs::path& store, NamingScheme scheme, const AppName& name);

// How jockler (jcl_NAME_DATE) and dockervisor (dcv_NAME, dcv_NAME_stable, dcv_NAME_save_…; dcv_NAME_DATE in its first
// versions) call a container of this app; nullopt: neither does.
std::optional<NamingScheme> foreign_scheme(const std::string& container, const AppName& app);
// The containers of nobody that bear such a name, oldest first.
std::vector<std::string> foreign_containers(const std::vector<Container>& all, const AppName& app);

// Adds the containers to the app as its next releases, the oldest first, with the marks of `store` (nullptr: of none)
// where the app has none of its own. The engine is only asked. Throws Conflict where two would run, and what `adopt`
// refuses besides.
struct TakenIn {
  std::vector<std::string> containers;  // in the order of their releases
  std::vector<std::string> warnings, notes;
  std::vector<std::string> lost;  // settings that no release has a place for, as in Adopted
  bool changed = false;           // the app is another than before
};
TakenIn adopt_containers(change::Context& context, App& app, const std::vector<std::string>& containers,
                         const FamilyOfStore* store, std::stop_token stop);

// The tags that keep the images of the app's releases from a prune, as far as they are missing.
plan::Plan pins(change::Context& context, const App& app, std::stop_token stop);
// To be run before the state knows of the releases: what fails on the way can be given again.
void run_pins(change::Context& context, const plan::Plan& plan, std::stop_token stop);

}  // namespace belay::family
