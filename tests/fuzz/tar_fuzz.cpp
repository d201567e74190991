// Whatever the bytes are: entries or an Error, and never more content than was announced.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "archive/tar_reader.h"
#include "archive/tree.h"
#include "base/errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  using namespace belay;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Source source = [rest = bytes](std::span<char> room) mutable {
    const size_t count = std::min(room.size(), rest.size());
    std::copy_n(rest.data(), count, room.data());
    rest.remove_prefix(count);
    return count;
  };
  archive::TreeEvents events;
  std::int64_t content = 0;
  events.progress = [&](std::int64_t more) { content += more; };
  try {
    const archive::TreeTotals totals = archive::list_tree(source, {}, events, {});
    if (totals.bytes != content) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
