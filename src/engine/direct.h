#pragma once
// Whether the files of an engine's volumes can be reached on this machine, without asking the engine for them.

#include <filesystem>
#include <optional>
#include <stop_token>

#include "engine/engine.h"

namespace belay::engine {

// The engine's files are this machine's, with the same owners, and this process gets at them. A local socket says
// nothing about that: it may lead to another machine (ssh -L), or out of a container into which nothing but the socket
// was mounted. So the engine makes an empty volume with a name that nobody could guess, for a moment, and the answer is
// yes where its folder turns up here. No volume is made where the engine's data folder is not even readable here, nor
// where the engine maps user ids: read as files, such volumes would have owners that mean nothing elsewhere.
//
// A crash may leave the empty volume behind; the next call removes it.
[[nodiscard]] bool shares_files(Engine& engine, std::stop_token stop);

// The same before a plan that may only be shown: a dry run makes no volume, and takes what may be so for what is so.
[[nodiscard]] bool shares_files(Engine& engine, bool dry_run, std::stop_token stop);

// Not one of another machine by its name. A socket of this one may still lead there.
[[nodiscard]] bool is_local(const std::string& endpoint);

// What can be known of that without making anything: false where it is no, true where it may be yes.
[[nodiscard]] bool may_share_files(Engine& engine, std::stop_token stop);

// The folder with the volume's files, on an engine that shares them; nullopt for a volume that has to be mounted to
// show its files (another driver, or options: nfs, tmpfs, a device), which the engine does for read_archive only.
[[nodiscard]] std::optional<std::filesystem::path> direct_folder(const Volume& volume);

// The folder of the host that the volume is but another name of (driver local, o=bind): nullopt for every other. What
// is in it is reached there, whether the volume is mounted or not.
[[nodiscard]] std::optional<std::filesystem::path> bound_folder(const Volume& volume);

}  // namespace belay::engine
