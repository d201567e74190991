#pragma once
// Writes a backup's layout (docs/backup-format.md) into a stream: manifest, items in parts, the image, the end.

#include <span>
#include <string>

#include "archive/buffer.h"
#include "backup/manifest.h"
#include "backup/plain_tar.h"

namespace belay::backup {

// Memory: one part, whatever the data's size. Without finish() the file is visibly cut off. One thread at a time.
class BackupWriter {
 public:
  // `sink` gets the outer archive; compression and encryption are whose it is.
  BackupWriter(const Manifest& manifest, Sink sink);

  // The items of the manifest, in its order: begin, the bytes of its tar, a checksum for each regular file as soon as
  // all its bytes are written, end.
  void begin_item(const std::string& id);
  void write(std::string_view tar);
  // Where write() likes its next bytes (BufferProvider).
  std::span<char> room(std::size_t wanted);
  void checksum(const std::string& name, std::int64_t size, const std::string& digest, bool holes_apart = false);
  void end_item();

  // What the engine gives of the images, after the items.
  void begin_image();
  void write_image(std::string_view tar) { write(tar); }
  void end_image();

  // For people; told again by whoever reads the backup.
  void warn(const std::string& warning) { end_.warnings.push_back(warning); }
  // Writes the end. Throws Error where an item is missing.
  const End& finish();

 private:
  void flush_part();
  void flush_list();

  const size_t items_wanted_;
  PlainTarWriter tar_;
  End end_;
  std::string stem_;  // "data/01-web"
  archive::Buffer part_;
  std::string list_;
  int parts_ = 0, lists_ = 0;
};

inline constexpr std::size_t part_size = std::size_t{8} << 20;
inline constexpr std::size_t list_size = std::size_t{4} << 20;
inline constexpr const char* manifest_entry = "belay-backup.json";
inline constexpr const char* end_entry = "belay-end.json";

}  // namespace belay::backup
