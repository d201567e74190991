#pragma once
// A plain .tar.gz with the paths of a container, and what of it belongs to which mount point. Private to host.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive/compress.h"
#include "archive/tree.h"
#include "base/fd.h"
#include "base/stream.h"
#include "model/data.h"

namespace belay::safekeeping {

using ArchivePath = std::vector<std::string>;

// A name in the archive, or a mount point, as the way there: "./" and '/' in front say nothing.
ArchivePath way_in_archive(const std::string& name);
bool leads_into(const ArchivePath& path, const ArchivePath& folder);

// Where the app has a place, and whether the archive brings something there.
struct MountPoint {
  DataPlace place;
  ArchivePath way;
  bool is_there = false;
  std::string name() const;
};

// The archive, decompressed, from its beginning. One thread at a time.
class PlainArchive {
 public:
  // `progress` hears how much of the file was read, and its size.
  using ReadProgress = std::function<void(std::int64_t read, std::int64_t size)>;
  // Throws NotFound, and Error for what is no .tar.gz.
  explicit PlainArchive(const fs::path& path, ReadProgress progress = {});

  static archive::ExtractLimits limits();
  Source source() {
    return [this](std::span<char> room) { return gzip_->read(room); };
  }
  // What is behind the tar's end is compressed data like all before: only its end tells that it is whole.
  void read_to_the_end();

 private:
  std::size_t read(std::span<char> room);

  const fs::path path_;
  const ReadProgress progress_;
  std::int64_t read_ = 0, size_ = 0;
  Fd file_;
  std::unique_ptr<archive::Decompressor> gzip_;
};

}  // namespace belay::safekeeping
