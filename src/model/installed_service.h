#pragma once
// A service that was installed from a self-contained image, which brings its own commands (docs/formats/dr.md). Not a
// `Service`: that is a part of an app.

#include <optional>
#include <string>

#include "base/clock.h"

namespace belay {

// What of an image counts for a service.
struct ServiceVersion {
  std::string reference;  // as the user wrote it
  std::string image;      // its id
  std::string digest;     // of its repository, "sha256:…"; empty: it came from no registry
  std::string scripts;    // the digest of its scripts, under which they are kept
  bool inside = false;    // its scripts run in containers of the image, not on the host
  bool fetched = false;   // Belay brought the image here
  bool operator==(const ServiceVersion&) const = default;
};

struct InstalledService {
  // What a command has begun; the next one on the service finishes it, or takes it back.
  enum class Unfinished { nothing, install, update, restore, destroy };

  std::string name;
  ServiceVersion version;
  std::string launcher;         // absolute; empty: it has none
  std::string launcher_digest;  // of its content as Belay wrote it
  Time installed{}, updated{};
  Unfinished unfinished = Unfinished::nothing;
  // Of an unfinished update or restore: what it goes back to.
  std::optional<ServiceVersion> before = {};
  // The same: what the service had on the engine, as JSON (service_image/belongings.h); the file with its data.
  std::string before_world = {}, before_backup = {};
  bool operator==(const InstalledService&) const = default;
};

}  // namespace belay
