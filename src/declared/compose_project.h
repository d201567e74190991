#pragma once
// What docker compose made of a project: containers that bear the project's labels and none of Belay's. They become a
// release of the project's app, as they are. Private to declared.

#include <functional>

#include "change/new_release.h"
#include "model/declaration.h"

namespace belay::declared {

// Whether what a label of a container names is gone for sure, as seen from where the engine runs.
using IsGone = std::function<bool(const std::string& path)>;

struct ComposeContainers {
  std::map<std::string, Container> by_service;  // of the declaration
  // Of services that the files no longer have, and what is left over beside a container of Belay's.
  std::vector<Container> orphans;
};

// `app`: as the state has it; nullptr: not yet. One-off containers (docker compose run) are nobody's business, nor are
// those of services that their profiles switch off.
ComposeContainers made_by_compose(const Declaration& declared, const App* app, const std::vector<Container>& all);

// Whether a container of the project's name was made from another folder, which is still there or cannot be looked
// at.
bool is_of_another_folder(const Declaration& declared, const Container& container, const IsGone& is_gone_there);
// Throws Conflict where one of them was made from another folder or other files, which are still there.
void refuse_other_project(const Declaration& declared, const ComposeContainers& found, const IsGone& is_gone_there);

// The app with a new release: the containers that docker compose made, and of the services for which it made none those
// that run already. Its services are as the engine shows them, `compared` puts them into the definition's words. The
// engine is only asked.
App with_containers_of_compose(change::Context& context, const Declaration& declared, App app,
                               const ComposeContainers& found, const World& world, std::stop_token stop);

// In the newest release: each service that docker compose made, in the words of `wanted`, which has names for all
// volumes. The names of the containers that are just what their services ask for.
std::vector<std::string> compared(change::Context& context, App& app, const Spec& wanted,
                                  const ComposeContainers& found, std::stop_token stop);

}  // namespace belay::declared
