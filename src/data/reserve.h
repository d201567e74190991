#pragma once
// Reserves: content for a place, or out of it, that is kept beside it. A reserve is filled in a folder of its own and
// put in place when it is whole and on the disk, so that a reserve that counts as there is always a whole one.

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <vector>

#include "data/place.h"

namespace belay::data {

// Everything here works on files of this machine. Errors name the place.
class Reserves {
 public:
  // `volumes`: as the engine has them now, with those that are asked for.
  explicit Reserves(std::vector<Volume> volumes) : volumes_(std::move(volumes)) {}

  // What the places hold, and the reserves that are whole; absent ones have no entry.
  std::map<DataPlace, std::string> contents(const std::vector<DataPlace>& places,
                                            const std::vector<DataPlace>& reserves) const;

  // Fills the reserve, which is not whole yet. `fill` gets where to: for folders and volumes an empty folder, for a
  // file a path in one where nothing is. What an earlier try left behind is removed first.
  void fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into) const;

  // Fills the reserve with a copy of the place, with all that Linux keeps of a file; blocks are shared where the file
  // system can (reflink). Runs `cp`. `progress` hears now and then how many bytes were written so far; shared blocks
  // and holes are none. Throws NotFound where the place holds nothing.
  void copy(const DataPlace& from, const DataPlace& reserve, const std::function<void(std::int64_t)>& progress,
            std::stop_token stop) const;

  // Exchanges what both hold in one step, unless the place holds `content` already. Throws Error where neither does,
  // and where the kernel cannot: a place that is a mount point of its own.
  void exchange(const DataPlace& place, const DataPlace& reserve, const std::string& content) const;

  // Removes a reserve of a folder or file with what it holds and what an unfinished fill left. Volumes are the engine's
  // to remove.
  static void remove(const DataPlace& reserve);

  // Why what the place holds could not be exchanged; nullopt: nothing is known to be in the way. For people. Throws
  // Error where this machine cannot reach it.
  std::optional<std::string> obstacle(const DataPlace& place) const;

  // Where the place's data is. Throws Error where this machine cannot reach it.
  fs::path path(const DataPlace& place) const;

 private:
  std::vector<Volume> volumes_;
};

}  // namespace belay::data
