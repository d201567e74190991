#pragma once
// What the engine shows now. Never stored.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/data.h"
#include "model/labels.h"
#include "model/spec.h"

namespace belay {

enum class ContainerState { created, running, paused, restarting, exited, dead, removing };
std::string_view to_text(ContainerState state);

enum class Health { none, starting, healthy, unhealthy };
std::string_view to_text(Health health);

// One container as a list shows it.
struct Container {
  std::string name;      // without the leading slash
  std::string image;     // the reference it was created from
  std::string image_id;  // "sha256:…"
  std::string created;   // RFC 3339 or seconds, as the engine wrote it: an identity check for adopted ones
  ContainerState state = ContainerState::created;
  Health health = Health::none;
  std::string status;                    // for people: "Up 3 minutes (healthy)"
  std::optional<int> exit_code{};        // of one that has ended
  std::optional<Milliseconds> up_for{};  // of one that is up: in full minutes, later hours, days, …
  labels::Labels labels;
  // Ports published now, with the host ports the engine picked.
  std::vector<PortBinding> ports;
  std::vector<Mount> mounts;
  std::vector<std::string> networks;
  std::string network_mode;

  std::optional<labels::Owner> owner() const { return labels::owner(labels); }
  bool is_up() const {
    return state == ContainerState::running || state == ContainerState::restarting || state == ContainerState::paused;
  }
};

// What only an inspection tells.
struct ContainerDetail {
  Container container;
  Service service;  // its configuration, the image's own defaults subtracted
  int exit_code = 0;
  bool oom_killed = false;
  int restart_count = 0;
  std::string error;  // the engine's own words for a start that failed
  std::optional<Time> started, finished;
  std::string health_output;  // of the last probe
  RestartPolicy restart;      // in force now
  bool has_health_check = false;
  bool tty = false;
  std::map<std::string, std::string> network_addresses;  // network → IPv4
};

struct ImageConfig {
  std::vector<std::string> exposed_ports;  // "8080/tcp", ranges spread out
  std::vector<std::string> volumes;        // mount points
  std::map<std::string, std::string> environment;
  std::vector<std::string> command, entrypoint;
  std::string user, working_dir, stop_signal;
  std::optional<HealthCheck> health;
  labels::Labels labels;
};

struct Image {
  std::string id;
  std::vector<std::string> tags;     // "web:latest"
  std::vector<std::string> digests;  // "repo@sha256:…"
  std::optional<Time> created;
  ByteCount size;
  ImageConfig config;   // a list leaves this empty but for its labels
  bool unseen = false;  // it is still to come: what its configuration will be is not known
};

struct Volume {
  std::string name, driver, mount_point;
  labels::Labels labels;
  std::optional<Time> created;
  std::map<std::string, std::string> options{};  // of the driver
};

struct Network {
  std::string name, driver;
  labels::Labels labels;
  bool internal = false;  // nothing leads in or out of it
  bool attachable = false, enable_ipv6 = false;
  std::map<std::string, std::string> options{};  // of the driver
  std::string ipam_driver{};
  std::vector<AddressPool> pools{};
};

// What the engine shows once it has made that.
Network as_shown(const NetworkRequest& request);
Volume as_shown(const VolumeRequest& request);
// What a network or volume that is there has otherwise than the definition asks for; its labels, which the engine
// cannot change, do not count. A volume without options is no volume with some.
std::vector<FieldChange> differences(const Network& present, const NetworkDefinition& wanted);
std::vector<FieldChange> differences(const Volume& present, const VolumeDefinition& wanted);

// One look at everything a plan for one app needs: all containers (ports and names are shared by the host), the app's
// own in detail, and images, volumes and networks.
struct World {
  std::vector<Container> containers;
  std::map<std::string, ContainerDetail> details;  // by container name: those of the app
  std::map<std::string, Image> images;             // by id: those that the app's releases pin or that were built for it
  std::vector<Volume> volumes;
  std::vector<Network> networks;
  // Containers that are listed as down and may come up at any moment: a start of them was begun, and whether the engine
  // is still at it nobody knows.
  std::set<std::string> starting;
  // What the places and reserves that the wish speaks of hold now. A reserve that is absent, or was not filled to its
  // end, has no entry.
  std::map<DataPlace, std::string> data;
  // Where the sources of mounts (volumes' names, paths) are on their file systems, "DEVICE:/path": equal for whatever
  // ways lead there. Only looked up where the wish exchanges data; what is not on this machine has no entry.
  std::map<std::string, std::string> where;

  const Container* find(const std::string& name) const;
  bool may_be_up(const Container& container) const { return container.is_up() || starting.contains(container.name); }
  const Volume* find_volume(const std::string& name) const;
  const Network* find_network(const std::string& name) const;
};

// Defines the volumes and networks that the spec uses and that have more than the engine gives by itself, as they are:
// for a spec that is made from what runs, so that they can be made again.
void define_what_is_used(Spec& spec, const World& world);

}  // namespace belay
