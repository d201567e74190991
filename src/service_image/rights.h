#pragma once
// What a service may do on a host: what its manifest asks for, as values that can be compared.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/spec.h"
#include "service_image/scripts.h"

namespace belay::service_image {

struct Rights {
  bool inside = false;           // its scripts run in containers of the image; false: on the host
  std::set<std::string> ports;   // "8080:80", as docker run has them
  std::set<std::string> mounts;  // "/srv/media:/media:ro"
  bool privileged = false;
  bool engine_socket = false;
  bool operator==(const Rights&) const = default;
};

// /dr/manifest.json, which an image need not have.
struct ServiceManifest {
  Rights rights;
  // The variables of whoever calls a command that reach it; nullopt: the manifest does not say.
  std::optional<std::set<std::string>> variables;
  std::map<std::string, std::string> commands;  // what each is for, one line
};

// `image_labels` may say where scripts run, too. Throws ConfigError for a manifest that is none.
ServiceManifest manifest_of(const Scripts& scripts, const labels::Labels& image_labels);

// One sentence for each right, for people: "publishes port 8080:80". Never empty.
std::vector<std::string> sentences(const Rights& rights, size_t scripts);
// What `to` may do and `from` may not, in the same sentences; empty: nothing grew.
std::vector<std::string> grown(const Rights& from, const Rights& to);

// The ports and mounts of the rights in a container's form. Throws UsageError for what docker run would not take.
void apply(const Rights& rights, Service& service, const std::string& engine_socket);

}  // namespace belay::service_image
