#pragma once
// The configuration directory: where it is, which units it has, what its environment files say.

#include <string>
#include <vector>

#include "document/node.h"
#include "formats/dockerstra/outside.h"

namespace belay::formats::dockerstra {

// UNIT/COMMAND:variant:…
struct Address {
  std::string unit, command = "start";
  std::vector<std::string> variants;
  std::string name() const { return unit + "/" + command; }
  std::string text() const;  // with its variants
};
// "UNIT" is UNIT/start. Throws UsageError for what is no address.
Address parse_address(const std::string& text);

// `asked`, else $DOCKERSTRA_CONF, else the first of ~/.dockerstra, PREFIX/etc/dockerstra and /etc/dockerstra that is
// there. Throws NotFound.
fs::path find_configuration(const std::optional<fs::path>& asked, const Outside& outside);

// A command of a unit that has a file of its own.
struct UnitFile {
  std::string unit, command;
  fs::path path;
};
// units/UNIT/COMMAND.yaml, and units/UNIT.yaml, which is UNIT/start; sorted. Throws ConfigError where both are there.
std::vector<UnitFile> unit_files(const fs::path& configuration, const Outside& outside);

// An image that the directory can build: a folder of services/ or data/ ("services/cgit").
struct ImageFolder {
  std::string name;
  bool has_dockerfile = false;
};
std::vector<ImageFolder> image_folders(const fs::path& configuration, const Outside& outside);

// The readme of a unit or of an image folder; nullopt where it has none.
std::optional<std::string> readme(const fs::path& folder, const Outside& outside);

// What templates see, but for `args`: environments/*.yaml in the order of their names (or those of `chosen` alone),
// maps laid over maps, each file filled in with what those before it say; and DOCKERSTRA_CONF, UID, GID, osenv.
document::Node environment_values(const fs::path& configuration, const std::vector<std::string>& chosen,
                                  const Outside& outside);

}  // namespace belay::formats::dockerstra
