#pragma once
// Files without a name for bytes that wait for their turn: nothing of them stays, whatever ends the program.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "archive/buffer.h"
#include "backup/place.h"
#include "base/fd.h"
#include "base/files.h"
#include "crypto/primitives.h"

namespace belay::backup {

struct SpillPlace {
  std::vector<fs::path> folders;  // the first that fits is used, once there is something to write
  // What is written is encrypted, with a key that only this process has: the disk must not keep what only the holder
  // of a key may read.
  bool secret = false;
  // Of the file system, both stay free for others.
  std::int64_t bytes_left_free = std::int64_t{1} << 30;
  int percent_left_free = 5;
  // A file that was read is dropped with all that is not on the disk yet, which then need not get there. Giving room
  // back within a file would write that first (ext4).
  std::int64_t file_size = std::int64_t{512} << 20;
};

// Where what goes to `destination` may wait: in its folder where that is here, for a backup has to fit there anyway;
// else in the folder that a system has for large temporary files, and last beside the state, which is worth more than
// speed.
SpillPlace spill_place(const Place& destination, const fs::path& state, bool secret);

// put() is for one thread, take() for one other.
class SpillFile {
 public:
  struct Piece {
    std::shared_ptr<const Fd> file = {};
    std::int64_t offset = 0;
    std::size_t size = 0;
  };

  explicit SpillFile(SpillPlace place) : place_(std::move(place)) {}

  // nullopt where it does not fit now, or nothing can be written: never an error.
  std::optional<Piece> put(std::string_view bytes);
  // Each piece once, in the order of put(). Throws Error where the disk does not give what it took.
  void take(Piece piece, archive::Buffer& into);

 private:
  bool open();
  bool open_next();
  bool fits(std::size_t size) const;
  bool write(std::string_view bytes);

  const SpillPlace place_;
  fs::path folder_;  // the one that is used
  std::shared_ptr<const Fd> file_;
  bool failed_ = false;
  std::int64_t end_ = 0;  // of the file
  crypto::Key key_;
  std::optional<crypto::Aead> sealer_, opener_;
  archive::Buffer sealed_, taken_;
  std::uint64_t put_ = 0, given_ = 0;  // pieces
};

}  // namespace belay::backup
