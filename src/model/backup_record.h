#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "model/names.h"

namespace belay {

// A backup that this host knows of. The file's own manifest is the truth; this is the index.
struct BackupRecord {
  std::int64_t id = 0;  // 0: not saved yet
  std::string app;
  std::optional<ReleaseNumber> release;
  std::string place, name;  // the folder or the remote place, and the file in it
  Time taken{};
  ByteCount size, data_size;  // of the file, and of what is in it
  std::int64_t files = 0;
  bool encrypted = false, with_image = false;
  std::optional<Time> verified, drilled;  // when every checksum was right; when the app ran with it
  std::string trouble;                    // what the last check found damaged; empty: nothing
  // Why the app did not come up in the last drill: no fault of the file, whose bytes were all right. Empty: it did.
  std::string drill_failure{};
};

}  // namespace belay
