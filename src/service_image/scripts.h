#pragma once
// The files that an image has in /dr, taken out of it without running it, and where they are kept.

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/stream.h"
#include "engine/engine.h"

namespace belay::service_image {

struct ScriptFile {
  enum class Kind { file, folder, link };
  Kind kind = Kind::file;
  bool executable = false;
  std::string content;  // of a link: where it leads
  bool operator==(const ScriptFile&) const = default;
};

// By their paths below /dr: "install", "lib/common.sh". Only what can do no harm where it is unpacked: plain files,
// folders, and links that stay within; names without control characters; nothing with another user's rights.
struct Scripts {
  std::map<std::string, ScriptFile> files;

  // Depends on all that counts: paths, kinds, contents, and whether they can be run.
  std::string digest() const;
  // The file itself, links followed; nullptr where there is none.
  const ScriptFile* find(const std::string& path) const;
  // What can be called: executable files at the top, by name.
  std::vector<std::string> commands() const;
  bool operator==(const Scripts&) const = default;
};

inline constexpr std::size_t largest_file = std::size_t{16} << 20;
inline constexpr std::size_t largest_scripts = std::size_t{64} << 20;
inline constexpr std::size_t most_files = 1000;

// From an archive whose names begin with `root`: "dr/…" as the engine gives /dr, or "./…". Throws Error
// (bad_service_image) that names the file for everything that is not harmless.
Scripts scripts_from_archive(std::string_view tar, std::string_view root = "dr");
// Makes a container of the image, never starts it, reads /dr and removes it. nullopt where the image has no /dr.
// `label`: on the container, for whoever cleans up.
std::optional<Scripts> read_scripts(engine::Engine& engine, const std::string& image,
                                    const std::map<std::string, std::string>& label, std::stop_token stop);

// What differs, by path.
struct ScriptChanges {
  std::vector<std::string> added, removed, changed;
  bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};
ScriptChanges changes(const Scripts& from, const Scripts& to);

// Scripts by their digests in a folder of the state: owned by whom the state belongs to, writable by nobody else.
class ScriptStore {
 public:
  explicit ScriptStore(fs::path folder) : folder_(std::move(folder)) {}

  fs::path folder_of(const std::string& digest) const { return folder_ / digest; }
  // In one step that survives a power cut; what is there already stays.
  void keep(const Scripts& scripts) const;
  // Throws NotFound; Error where somebody changed them.
  Scripts load(const std::string& digest) const;
  // Removes all but these.
  void keep_only(const std::set<std::string>& digests) const;

 private:
  fs::path folder_;
};

}  // namespace belay::service_image
