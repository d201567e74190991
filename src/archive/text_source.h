#pragma once
// An archive that is in memory, for a reader.

#include <algorithm>
#include <span>
#include <string_view>

#include "base/stream.h"

namespace belay::archive {

// `text` must outlive the source.
inline Source text_source(std::string_view text) {
  return [text](std::span<char> room) mutable {
    const std::size_t size = std::min(room.size(), text.size());
    std::copy_n(text.data(), size, room.data());
    text.remove_prefix(size);
    return size;
  };
}

}  // namespace belay::archive
