#pragma once
// An app under another name, beside itself: with data of its own, in a network of its own, unseen from outside. Pure.
// Private to host.

#include <map>
#include <set>

#include "model/data.h"
#include "model/spec.h"
#include "model/world.h"

namespace belay::safekeeping {

struct TrialSite {
  std::string name;                   // what the containers, volumes and the network are called, or begin with
  std::vector<std::string> networks;  // of others, joined beside its own
  // What takes the place of the spec's volumes and paths, by their sources.
  std::map<std::string, DataPlace> data;
  // Places that are nobody's to write to: mounted as they are, read-only.
  std::set<std::string> shared;
  // Paths of the host that somebody asked for just here, by service: mounted in it as they are here. What other
  // services have of the same path is not meant.
  std::map<std::string, std::vector<Mount>> given = {};
  // Its ports are published at free ones of the host.
  bool publishes = false;
};

struct Pseudonym {
  Spec spec;
  std::map<std::string, std::string> containers;  // by service
  std::vector<std::string> volumes;               // empty ones, to be made beside the site's data
  std::vector<std::string> notes;                 // for people: what is otherwise than in earnest
};

// `known_as`: what the services' containers are called in earnest, as far as that is known. `images`: by service; their
// mount points get volumes too, so that the engine makes none that nobody would remove.
Pseudonym under_pseudonym(const Spec& spec, const std::map<std::string, std::string>& known_as,
                          const std::map<std::string, Image>& images, const TrialSite& site);

// A bound path as places are called: without "..", "." and a slash at the end.
std::string plain_path(const std::string& path);

}  // namespace belay::safekeeping
