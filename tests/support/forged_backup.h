#pragma once
// Backups as somebody else could make them.

#include "backup/envelope.h"
#include "backup/plain_tar.h"
#include "base/files.h"

namespace belay::testing {

// The backup in `file` with other images in it: one part of them, whatever the engine saved.
inline void forge_images(const fs::path& file, const std::string& images) {
  const std::string bytes = read_file(file);
  std::size_t at = 0;
  const auto read = [&](std::span<char> room) {
    const std::size_t count = bytes.copy(room.data(), room.size(), at);
    at += count;
    return count;
  };
  const crypto::AgeKeys no_keys;
  backup::Unsealed unsealed(read, no_keys);
  backup::PlainTarReader reader([&](std::span<char> room) { return unsealed.read(room); });
  std::string forged;
  backup::Sealed sealed({}, [&](std::string_view more) { forged += more; });
  backup::PlainTarWriter writer([&](std::string_view more) { sealed.write(more); }, {});
  while (const auto entry = reader.next()) {
    const std::string content = reader.read_all(entry->size);
    writer.add(entry->name, entry->name == "image.tar.000001" ? images : content);
  }
  writer.finish();
  sealed.finish();
  write_file_durably(file, forged);
}

}  // namespace belay::testing
