#include "model/data.h"

#include <array>

#include "base/format.h"

namespace belay {

namespace {

constexpr std::array kinds{"volume", "folder", "file"};

}  // namespace

std::string_view to_text(DataPlace::Kind kind) {
  return kinds.at(static_cast<size_t>(kind));
}

DataPlace::Kind data_kind(std::string_view text) {
  for (size_t i = 0; i < kinds.size(); ++i)
    if (text == kinds[i]) return static_cast<DataPlace::Kind>(i);
  throw Error(ErrorCode::bad_value, format("'{}' is not a kind of data", text));
}

std::string text_of(const DataPlace& place) {
  return format("{} {}", to_text(place.kind), place.source);
}

DataPlace reserve_of(const DataPlace& place, const std::string& tag) {
  DataPlace reserve{place.kind, {}};
  if (place.kind == DataPlace::Kind::volume) {
    reserve.source = format("{}.belay-{}", place.source, tag);
  } else {
    // Hidden, and in the same folder: on the same file system.
    const auto slash = place.source.find_last_of('/');
    reserve.source = format("{}/.{}.belay-{}", place.source.substr(0, slash), place.source.substr(slash + 1), tag);
  }
  return reserve;
}

}  // namespace belay
