#pragma once
// What belongs to a service on the engine, found by labels and by names: for its end, and for the way back.

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "model/installed_service.h"
#include "plan/action.h"

namespace belay::service_image {

// A container as it was, to be made again.
struct KeptContainer {
  std::string created, image;
  Service service;
  labels::Labels labels;
  RestartPolicy restart;
};

struct Belongings {
  std::vector<std::string> containers, volumes, networks;  // by name
  std::set<std::string> running;                           // of the containers
  std::map<std::string, KeptContainer> kept;               // where somebody remembers them
  std::set<std::string> anonymous;                         // of the volumes: those without a name of their own
  // What a change stops for a while, whoever owns it.
  std::set<std::string> stopped;
  // Kept for the way back: nothing of a new version has run yet, and no data was replaced.
  bool untouched = false;
  // All that the engine had before an install, whoever owns it: it stays.
  bool is_before_install = false;

  bool empty() const { return containers.empty() && volumes.empty() && networks.empty(); }
  std::vector<std::string> text() const;  // "container web", …
};

std::string to_json(const Belongings& belongings);
Belongings belongings_from_json(const std::string& json);

// Who asks: its name, the images it has and had, the other services, whose names may be longer ones, and the containers
// that apps have, with labels or without.
struct Owner {
  std::string service;
  std::set<std::string> images;
  std::vector<std::string> others;
  std::set<std::string> of_apps = {};
};
Owner owner_of(const InstalledService& service, const std::vector<InstalledService>& all);

// By label; by the name dr-SERVICE or dr-SERVICE-…; containers also by a volume of the service that they mount, and by
// an image of the service where their name is SERVICE or SERVICE-…. Never what a label gives to somebody else.
Belongings belongings_of(engine::Engine& engine, const Owner& owner, std::stop_token stop);

// All that the engine has.
Belongings everything(engine::Engine& engine, std::stop_token stop);
// Without what was there before an install.
Belongings without(const Belongings& before, Belongings found);
// Removes the container and the volumes without a name that were made with it.
void remove_with_nameless(engine::Engine& engine, const std::string& container, std::stop_token stop);

// Adds how the containers are made, for a way back.
void remember(Belongings& belongings, engine::Engine& engine, std::stop_token stop);

// Those of `now` that were not there before; a container of the same name that was made anew is one of them.
Belongings added_since(const Belongings& before, const Belongings& now);
// Appends their removal, containers first; returns what comes after it must wait for.
std::vector<size_t> add_removal(plan::Plan& plan, const Belongings& belongings, const std::string& reason,
                                std::vector<size_t> last);

}  // namespace belay::service_image
