#pragma once
// The data of an app: the volumes and bound paths of its services. Private to host.

#include "host/context.h"

namespace belay::host {

struct PlaceUse {
  DataPlace place;
  std::vector<std::string> targets;  // where the containers have it, each once
  bool written = false;              // some service may write to it
};

struct Places {
  std::vector<PlaceUse> uses;         // each place once, in the order of the services
  std::vector<std::string> left_out;  // what is none of the app's data, and why, for people
  std::vector<std::string> missing;   // those of them that should be there and are not
};

// Looks at bound paths on this machine. What belongs to the host rather than to the app (/proc, /dev, the engine's
// socket, a whole /etc) and what has no name (anonymous volumes, tmpfs) is left out.
Places places_of(const Spec& spec);

}  // namespace belay::host
