#pragma once
// Is a backup whole and right? Every byte is decrypted, decompressed and read, every file's checksum is compared. Needs
// no engine and writes nothing.

#include <functional>
#include <stop_token>

#include "backup/envelope.h"
#include "backup/manifest.h"

namespace belay::backup {

struct Verified {
  Manifest manifest;
  End end;
  bool encrypted = false;
};

// Whether the error tells of the backup itself: it is damaged, cut off or none. A missing key, a place that does not
// answer or a full disk say nothing about it.
bool tells_of_damage(const Error& error);

// Throws Error with the first thing that is wrong, Cancelled on stop. `progress` gets bytes of the file as they are
// read.
Verified verify(const Source& file, const crypto::AgeKeys& keys, const std::function<void(std::int64_t)>& progress,
                std::stop_token stop);

}  // namespace belay::backup
