#include "backup/verify.h"

#include "archive/tree.h"
#include "backup/reader.h"
#include "base/format.h"

namespace belay::backup {

bool tells_of_damage(const Error& error) {
  // What is written in a manifest is a file's content too.
  return error.code() == ErrorCode::bad_backup || error.code() == ErrorCode::bad_archive ||
         dynamic_cast<const ConfigError*>(&error) != nullptr;
}

Verified verify(const Source& file, const crypto::AgeKeys& keys, const std::function<void(std::int64_t)>& progress,
                std::stop_token stop) {
  Unsealed unsealed(
      [&](std::span<char> room) {
        if (stop.stop_requested()) throw Cancelled();
        const std::size_t got = file(room);
        if (progress) progress(static_cast<std::int64_t>(got));
        return got;
      },
      keys);
  BackupReader reader([&](std::span<char> room) { return unsealed.read(room); });
  while (auto* item = reader.next_item()) {
    const archive::TreeEvents events = item->events();
    doing(format("checking {}", item->item().source),
          [&] { archive::list_tree([&](std::span<char> room) { return item->read(room); }, {}, events, stop); });
  }
  Verified verified;
  verified.end = reader.finish();
  verified.end.warnings.insert(verified.end.warnings.end(), reader.warnings().begin(), reader.warnings().end());
  verified.manifest = reader.manifest();
  verified.encrypted = unsealed.was_encrypted();
  return verified;
}

}  // namespace belay::backup
