#pragma once
// Reserves: content for a place, or out of it, that is kept beside it. A reserve is filled in a folder of its own and
// put in place when it is whole and on the disk, so that a reserve that counts as there is always a whole one.

#include <functional>
#include <map>
#include <stop_token>
#include <vector>

#include "data/place.h"
#include "data/tree.h"

namespace belay::data {

// What is in the way of an exchange.
struct Obstacle {
  enum class Kind {
    of_the_place,  // it can never be exchanged as it is bound: a mount point of its own, a link
    mount,         // what is mounted within it, or shows it elsewhere, would move with it or be left behind
  };
  Kind kind = Kind::of_the_place;
  std::string text;  // for people: what, and the way out
};

// When what a reserve is filled with is written to the disk.
enum class Sync {
  at_once,  // before it counts as there
  later,    // by whoever needs it to be there after a power cut: until then nothing may depend on it
};

// Everything here works on files of this machine, by descriptors: a folder above a place may belong to somebody who
// exchanges names in it meanwhile; the worst that comes of it is an error. Errors name the place.
class Reserves {
 public:
  // `volumes`: as the engine has them now, with those that are asked for.
  explicit Reserves(std::vector<Volume> volumes) : volumes_(std::move(volumes)) {}

  // What the places hold, and the reserves that are whole; absent ones have no entry.
  std::map<DataPlace, std::string> contents(const std::vector<DataPlace>& places,
                                            const std::vector<DataPlace>& reserves) const;

  // Fills the reserve, which is not whole yet. `into` gets where to: for folders and volumes an empty folder, for a
  // file a path in one where nothing is. It lies in a folder that only this user can enter, and leads there by its
  // descriptor. What an earlier try left behind is removed first.
  void fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into) const;

  // Fills the reserve with a copy of the place, as copy_tree. Throws NotFound where the place holds nothing.
  void copy(const DataPlace& from, const DataPlace& reserve, const CopyOptions& options, Sync sync,
            std::stop_token stop) const;

  // Writes all of the file system that the place is on to the disk, be it there yet or not.
  void sync(const DataPlace& place) const;

  // Exchanges what both hold in one step, unless the place holds `content` already. Throws Error where neither does,
  // where there is an obstacle, and where the file system cannot.
  void exchange(const DataPlace& place, const DataPlace& reserve, const std::string& content) const;

  // Removes a reserve of a folder or file with what it holds and what an unfinished fill left. Volumes are the engine's
  // to remove.
  static void remove(const DataPlace& reserve);

  // The mount that a removal of the place would run into, for people; nullopt: there is none, or the place is not here.
  std::optional<std::string> mount_in(const DataPlace& place) const;

  // Why what the place holds could not be exchanged; nullopt: nothing is known to be in the way. Throws Error where
  // this machine cannot reach it.
  std::optional<Obstacle> obstacle(const DataPlace& place, const Mounts& mounts = Mounts::now()) const;

  // Makes an empty folder or file where the place is to be and nothing is; not for volumes.
  static void make(const DataPlace& place);

  // Makes two empty folders beside the place, exchanges them and removes them. Throws Error where the file system
  // cannot exchange two names in one step.
  void try_exchange(const DataPlace& place) const;

  // Where the place's data is. Throws Error where this machine cannot reach it.
  fs::path path(const DataPlace& place) const;

 private:
  void fill(const DataPlace& reserve, const std::function<void(const fs::path&)>& into, Sync sync) const;
  const MountPoint* removed_mount(const DataPlace& place, const Mounts& mounts) const;
  std::optional<std::string> moved_mount(const DataPlace& place, const DataPlace& reserve) const;

  std::vector<Volume> volumes_;
};

}  // namespace belay::data
