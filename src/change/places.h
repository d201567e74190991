#pragma once
// The data of an app: the volumes and bound paths of its services. Private to host.

#include "change/context.h"
#include "data/reserve.h"

namespace belay::change {

struct DataUse {
  DataPlace place;
  std::vector<std::string> targets;  // where the containers have it, each once
  bool written = false;              // some service may write to it
};

struct Places {
  std::vector<DataUse> uses;          // each place once, in the order of the services
  std::vector<std::string> left_out;  // what is none of the app's data, and why, for people
  std::vector<std::string> missing;   // those of them that should be there and are not
};

// Looks at bound paths on this machine. What belongs to the host rather than to the app (/proc, /dev, the engine's
// socket, a whole /etc) and what has no name (anonymous volumes, tmpfs) is left out.
Places places_of(const Spec& spec);

// Those that lie in no other of them: places inside each other are one place, whatever path leads to them. A place is
// written to where one inside it is. `volumes`: as the engine has them.
std::vector<DataUse> outermost(const std::vector<DataUse>& uses, const std::vector<Volume>& volumes,
                               const data::Mounts& mounts = data::Mounts::now());

// The place as it would be exchanged, without links on its path, and what is in the way of that.
struct Exchangeable {
  DataPlace place;
  std::optional<data::Obstacle> obstacle;
};
// Throws Error where this machine cannot reach the place.
Exchangeable exchangeable(const data::Reserves& reserves, const DataPlace& place,
                          const data::Mounts& mounts = data::Mounts::now());

// Why data of the spec could not be restored or exchanged on this machine as it is bound now, one sentence each.
std::vector<std::string> obstacles_of(const Spec& spec, const std::vector<Volume>& volumes,
                                      const data::Mounts& mounts = data::Mounts::now());

// The path belongs to the host as a whole, or to its kernel: nobody's data, wherever it is bound.
bool is_the_hosts(const std::string& path);

// Where the data of the spec would be exchanged, each place that it binds.
std::vector<DataPlace> places_of_exchange(const Spec& spec, const std::vector<Volume>& volumes);

// Why the data of a volume that is there can be read and never be put back in its place, for people: what mounts it is
// its driver. nullopt: it can. `name` and the rest as the engine has them, or a backup.
std::optional<std::string> no_way_back(const Volume& volume);
// The same of each volume of the spec.
std::vector<std::string> no_ways_back(const Spec& spec, const std::vector<Volume>& volumes);

}  // namespace belay::change
