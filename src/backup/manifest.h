#pragma once
// What a backup says of itself, before its data: docs/backup-format.md has the fields.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/release.h"

namespace belay::backup {

// How an app is held still while its data is read.
enum class Consistency {
  pause,  // its processes are frozen
  stop,   // its containers are stopped
  live,   // not at all
};
std::string_view to_text(Consistency consistency);
Consistency consistency(std::string_view text);  // throws Error

// One volume or bound path of the app.
struct Item {
  enum class Kind { volume, folder, file };
  // How its data was read: directly from the file system, which keeps everything, or as the engine's archive, which
  // loses extended attributes other than capabilities and fills holes.
  enum class Way { direct, engine };

  std::string id;  // "01-web_data": how its entries in the backup are called
  Kind kind = Kind::volume;
  std::string source;                // the volume's name, or the absolute path on the host
  std::vector<std::string> targets;  // where the containers have it, each once
  bool written = false;              // some container may write to it
  Way way = Way::direct;
  // Of a volume.
  std::string driver;
  std::map<std::string, std::string> options, labels;
  // A file that a Compose project is made of, and no container's data.
  bool of_project = false;
  std::string digest{};  // of such a file's content

  bool operator==(const Item&) const = default;
};

struct Manifest {
  static constexpr int newest_format = 3;
  static constexpr int format_of_apps = 2;
  static constexpr std::size_t most_items = 1000;

  int version = format_of_apps;
  std::string app;
  NamingScheme scheme = NamingScheme::belay;
  std::string origin;  // App::origin
  ReleaseNumber release;
  Spec spec;
  std::map<std::string, std::string> images, digests;  // as in Release
  std::map<std::string, FileMark> files;               // as in Release
  // Of the image of each service that the host had: its own check, or none. Not in older backups.
  std::map<std::string, std::optional<HealthCheck>> health_checks;
  Time release_created{};
  bool was_running = false;
  bool with_image = false;
  std::vector<Item> items;
  std::vector<std::string> left_out;  // what of the app's data is not in the backup, and why, for people
  Consistency consistency = Consistency::live;
  Time taken{};
  std::string who, host;
  std::string belay_version, engine_version;
  // Of a service that brings its own commands (format 3): what it was installed from. Its app is the service's name.
  struct ServiceOrigin {
    std::string reference, image, digest;
    bool inside = false;
    bool operator==(const ServiceOrigin&) const = default;
  };
  std::optional<ServiceOrigin> service{};

  // Throws NotFound.
  const Item& item(const std::string& id) const;
  // Notes that the backup has not got the image, which nobody can pull either. `which`: "of web, db", or its name;
  // `made_from`: folders that it was built from.
  void leave_out_image(const std::string& which, const std::vector<std::string>& made_from = {});
  // Whether that is so of one of them.
  bool lacks_an_image() const;
};

// With the values of environment variables: a backup holds secrets.
std::string manifest_to_json(const Manifest& manifest);
// Throws Error where it is none, or where a newer Belay wrote it.
Manifest manifest_from_json(const std::string& json);

// What only the end of the data tells.
struct End {
  struct Item {
    std::string id;
    std::int64_t files = 0, bytes = 0;  // regular files and the sum of their sizes
    bool operator==(const Item&) const = default;
  };
  std::vector<Item> items;
  std::vector<std::string> warnings;  // for people: a file that grew, a socket that was left out
  std::int64_t files() const;
  std::int64_t bytes() const;
};
std::string end_to_json(const End& end);
End end_from_json(const std::string& json);  // throws Error

// "web-20260131T090507Z.belay.tar.zst": how a backup's file is called.
std::string file_name(const std::string& app, Time taken, bool gzip, bool encrypted);

}  // namespace belay::backup
