#pragma once
// Where backups are kept, as people write it.

#include <optional>
#include <string>
#include <string_view>

namespace belay::backup {

struct Place {
  enum class Kind { local, sftp, rclone };

  Kind kind = Kind::local;
  // local: as given; sftp: on the server, relative to the account's home unless it begins with '/', empty: that home;
  // rclone: in the remote.
  std::string path;
  std::string user, host;  // sftp; no user: what ssh's configuration says
  int port = 0;            // sftp; 0: what ssh's configuration says
  std::string remote;      // rclone

  // As parse_place reads it.
  std::string text() const;
  bool operator==(const Place&) const = default;
};

// "/srv/backups", "backups", "~/backups"; "sftp://[USER@]HOST[:PORT]/PATH", with "/~/PATH" for one below the account's
// home; "rclone:REMOTE:PATH" with a remote of rclone's configuration. Throws UsageError for everything else.
Place parse_place(std::string_view text);

// A file in a folder that is a place.
struct FilePlace {
  Place folder;
  std::string name;
  std::string text() const;
  bool operator==(const FilePlace&) const = default;
};

// The place taken as one file, where it is one: by its name (….tar, .tar.zst, .tar.gz, .tgz, each also with .age), and
// a local one by what is there. nullopt: a folder.
std::optional<FilePlace> as_file(const Place& place);

}  // namespace belay::backup
