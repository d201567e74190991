#pragma once
// What of a backup goes where on this host. Private to host.

#include "backup/manifest.h"
#include "base/files.h"
#include "change/data_swap.h"

namespace belay::safekeeping {

// An item of the backup and where it goes.
struct Target {
  backup::Item item;
  DataPlace place;
};

// The items that are asked for by their sources, paths in the containers, or ids; nothing asked for: all. Throws
// NotFound for a word that fits none.
std::vector<backup::Item> wanted_items(const backup::Manifest& manifest, const std::vector<std::string>& only);

// Where the items of an app that is not there go: to the places they had, or to those of the other app that they are
// restored as. The names of those depend on all the items of a backup: give them all, and take what is wanted.
std::vector<Target> targets_of(const std::vector<backup::Item>& items, const AppName& from, const AppName& to);

// The backup as if its project had always been in this folder: with all that lies in the one it was in. Throws
// UsageError where it is of no Compose project.
backup::Manifest in_folder(backup::Manifest manifest, const fs::path& folder);

// Whether the place holds just what the backup has of this file of a project.
bool is_there_already(const Target& target);

// The files of a project and the folders above targets that are not there, from the top down.
std::vector<fs::path> absent_paths(const std::vector<Target>& targets);
// Takes back what was made for files that never came, as far as there is nothing in it.
void remove_empty_ones(const std::vector<fs::path>& paths);

// Takes those out of the targets whose volumes only the engine reaches, and which are to be made as they were or were
// made so for this app already. Not what is in memory: nothing stays in it.
std::vector<Target> take_engine_only(std::vector<Target>& targets, const AppName& name,
                                     const std::vector<Volume>& volumes);

// A volume that is but a name of a folder gets its data there. Throws Error for one that only the engine reaches, and
// where the folder is not there: a disk may not be mounted.
void find_folders(std::vector<Target>& targets, bool as_other, const std::vector<Volume>& volumes);

// The volumes among the items that are missing and more than a folder of the engine's: how they have to be made, so
// that none is made without its driver and options. Another app gets plain ones, which is said in `notes`.
std::vector<plan::CreateVolume> special_volumes(const std::vector<backup::Item>& items, const AppName& name,
                                                bool as_other, const std::vector<Volume>& volumes,
                                                std::vector<std::string>& notes);

std::vector<change::DataSource> sources_of_data(const std::vector<Target>& targets);

// The spec for another app beside the first: its own places, no host port, address or name that both could need.
Spec spec_as(Spec spec, const std::vector<Target>& places, const AppName& from, const AppName& to,
             std::vector<std::string>& notes);

}  // namespace belay::safekeeping
