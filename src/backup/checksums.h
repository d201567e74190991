#pragma once
// The lists of checksums between the parts of an item: lines as `sha256sum` writes and reads them.

#include <deque>
#include <string>

#include "base/stream.h"

namespace belay::backup {

// "HEX  ./name\n"; a name with a line end, a carriage return or a backslash is escaped, as coreutils do.
// Of a file whose holes are apart from its digest (archive::Holes): "# holes HEX  ./name", a comment to sha256sum.
std::string checksum_line(const std::string& name, const std::string& digest, bool holes_apart = false);

// Compares what was computed from an item's files with what its lists say. Both come in the order of the files, each in
// its own pace; what the other side has not come to yet waits here, which is never more than one list.
class ChecksumLedger {
 public:
  explicit ChecksumLedger(std::string item) : item_(std::move(item)) {}

  // An empty digest was not computed: any fits.
  void computed(const std::string& name, const std::string& digest, bool holes_apart = false);
  // A whole list.
  void listed(std::string_view list);
  // Both sides are at their end. Throws Error where one has more than the other.
  void finish() const;

 private:
  void compare();

  struct Computed {
    std::string line;
    bool is_open = false;  // without its digest
  };

  std::string item_;
  std::deque<Computed> computed_;  // lines, without their ends
  std::deque<std::string> listed_;
};

}  // namespace belay::backup
