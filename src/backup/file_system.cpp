#include "backup/file_system.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <sys/vfs.h>

namespace belay::backup {

namespace {

// statfs(2) has the numbers.
using Kinds = std::array<std::uint32_t, 6>;

std::optional<std::uint32_t> kind_of(const Fd& file) {
  struct statfs status{};
  if (::fstatfs(file.raw(), &status) != 0) return {};
  return static_cast<std::uint32_t>(status.f_type);
}

}  // namespace

bool is_shared(const Fd& file) {
  constexpr Kinds kinds{0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546};
  const auto kind = kind_of(file);
  return !kind || std::find(kinds.begin(), kinds.end(), *kind) != kinds.end();
}

bool is_in_memory(const Fd& file) {
  constexpr std::uint32_t tmpfs = 0x01021994, ramfs = 0x858458f6, hugetlbfs = 0x958458f6;
  const auto kind = kind_of(file);
  return kind == tmpfs || kind == ramfs || kind == hugetlbfs;
}

}  // namespace belay::backup
