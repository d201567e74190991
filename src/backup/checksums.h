#pragma once
// The lists of checksums between the parts of an item: lines as `sha256sum` writes and reads them.

#include <deque>
#include <string>

#include "base/stream.h"

namespace belay::backup {

// "HEX  ./name\n"; a name with a line end, a carriage return or a backslash is escaped, as coreutils do.
std::string checksum_line(const std::string& name, const std::string& digest);

// Compares what was computed from an item's files with what its lists say. Both come in the order of the files, each in
// its own pace; what the other side has not come to yet waits here, which is never more than one list.
class ChecksumLedger {
 public:
  explicit ChecksumLedger(std::string item) : item_(std::move(item)) {}

  void computed(const std::string& name, const std::string& digest);
  // A whole list.
  void listed(std::string_view list);
  // Both sides are at their end. Throws Error where one has more than the other.
  void finish() const;

 private:
  void compare();

  std::string item_;
  std::deque<std::string> computed_, listed_;  // lines, without their ends
};

}  // namespace belay::backup
