#pragma once
// A tar stream in the pax form, readable by every tar: what does not fit the classic header (long or non-ASCII names,
// large sizes, holes, capabilities) goes into pax records, all else stays plain.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/clock.h"
#include "base/stream.h"

namespace belay::archive {

struct Extent {
  std::int64_t offset = 0, length = 0;
};

struct TarEntry {
  enum class Kind { file, folder, symlink, hard_link, character_device, block_device };
  Kind kind = Kind::file;
  std::string name;    // as bytes, relative
  std::string target;  // of a link
  mode_t permissions = 0644;
  std::chrono::sys_seconds modified{};
  std::int64_t size = 0;          // of a file
  std::vector<Extent> data{};     // where a file with holes has its data; empty: everywhere
  dev_t device = 0;               // of a device
  std::string capabilities = {};  // the extended attribute security.capability, or empty
};

// Owners are written as 0:0 without names. One thread at a time.
class TarWriter {
 public:
  explicit TarWriter(Sink sink);
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;
  // Without finish() the stream stays cut off: nobody can take it for a whole one.
  ~TarWriter();

  // Begins an entry. A file's content follows through write(), exactly `size` bytes, holes included as zeros.
  void begin(const TarEntry& entry);
  void write(std::string_view bytes);
  // Writes the end of the archive and all that is buffered.
  void finish();

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace belay::archive
