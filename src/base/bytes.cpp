#include "base/bytes.h"

#include <charconv>

#include "base/format.h"
#include "base/text.h"

namespace belay {

std::string byte_text(ByteCount size) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (size.value < 1024) return format("{} B", size.value);
  double value = static_cast<double>(size.value);
  size_t unit = 0;
  // Above this it would be written as 1024 of its unit.
  while (value >= 1023.5 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return value < 9.95 ? format("{:.1f} {}", value, units[unit]) : format("{:.0f} {}", value, units[unit]);
}

std::optional<ByteCount> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  // Written so that "nan", which from_chars reads, is refused too.
  if (error != std::errc() || !(number >= 0)) return {};
  std::string unit = lower(text.substr(static_cast<size_t>(end - text.data())));
  if (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  double factor = 1;
  if (!unit.empty() && unit != "b") {
    const size_t power = std::string_view("kmgtp").find(unit[0]);
    const std::string_view rest = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) return {};
    for (size_t i = 0; i <= power; ++i) factor *= 1024;
  }
  const double value = number * factor;
  if (value > 9e18) return {};
  return ByteCount{static_cast<std::int64_t>(value)};
}

}  // namespace belay
