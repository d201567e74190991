#pragma once
// Sizes in bytes, as people write and read them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belay {

struct ByteCount {
  std::int64_t value = 0;
  auto operator<=>(const ByteCount&) const = default;
};

// "512 B", "1.5 KiB", "24 MiB": powers of 1024, one decimal below 10.
std::string byte_text(ByteCount size);
// "512m", "2g", "64KiB", "1048576", "1.5g": a number with an optional unit (b k m g t, powers of 1024, any case, with
// or without "b" or "ib" behind), as `docker run --memory` takes it; nullopt when it is none of these.
std::optional<ByteCount> parse_bytes(std::string_view text);

}  // namespace belay
