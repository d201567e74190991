#include "backup/verify.h"

#include "archive/tree.h"
#include "backup/reader.h"
#include "base/format.h"

namespace belay::backup {

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
    archive::TreeEvents events;
    events.file = [&](const archive::FileDigest& digest) { item->computed(digest.name, digest.size, digest.sha256); };
    doing(format("checking {}", item->item().source),
          [&] { archive::list_tree([&](std::span<char> room) { return item->read(room); }, {}, events, stop); });
  }
  Verified verified;
  verified.end = reader.finish();
  verified.manifest = reader.manifest();
  verified.encrypted = unsealed.was_encrypted();
  return verified;
}

}  // namespace belay::backup
