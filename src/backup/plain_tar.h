#pragma once
// The outer archive of a backup: plain files with short names, nothing else, in the ustar form (POSIX 1003.1-1988).
// Strict on purpose: what such an archive cannot hold is damage, or somebody's trick.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/stream.h"

namespace belay::backup {

class PlainTarWriter {
 public:
  // All files get this time, the mode 0600 and the owner 0.
  PlainTarWriter(Sink sink, Time time) : sink_(std::move(sink)), time_(time) {}

  // A whole file; its name has at most 100 bytes.
  void add(const std::string& name, std::string_view content);
  void finish();

 private:
  Sink sink_;
  Time time_;
};

class PlainTarReader {
 public:
  explicit PlainTarReader(Source source) : source_(std::move(source)) {}

  struct File {
    std::string name;
    std::int64_t size = 0;
  };
  // The next file, after what is left of the one before; nullopt at the end of the archive, behind which nothing but
  // zeros may stand. Throws Error where the archive is cut off or damaged, or does not begin as one.
  std::optional<File> next();
  // The content of the file that next() gave; 0: its end.
  std::size_t read(std::span<char> room);
  // The whole content; throws Error where it has more bytes than `limit`.
  std::string read_all(std::int64_t limit);

 private:
  void fill(std::span<char> room);
  std::size_t fill_partly(std::span<char> room);

  Source source_;
  bool is_begun_ = false;
  std::int64_t left_ = 0, padding_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace belay::backup
