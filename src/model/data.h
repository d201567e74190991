#pragma once
// The data of an app as it is kept, copied and exchanged. These are facts whose home is the state; the
// bytes are the business of the module data.

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/names.h"

namespace belay {

// Where data lives on the host.
struct DataPlace {
  enum class Kind { volume, folder, file };
  Kind kind = Kind::volume;
  std::string source;  // a volume's name, or an absolute path
  auto operator<=>(const DataPlace&) const = default;
};
std::string_view to_text(DataPlace::Kind kind);
DataPlace::Kind data_kind(std::string_view text);  // throws Error
// "volume web_data", "folder /srv/web".
std::string text_of(const DataPlace& place);
// Where content for a place, or out of it, is kept: beside it, so that both can be exchanged in one step. `tag` tells
// the reserves of one place apart ("s3").
DataPlace reserve_of(const DataPlace& place, const std::string& tag);

// Wished: that a place holds this content, which is in the reserve until the two are exchanged.
struct DataExchange {
  DataPlace place, reserve;
  std::string content;  // how the module data knows a content wherever it is: never empty
  bool operator==(const DataExchange&) const = default;
};

// A copy of an app's data, or what was displaced by other data.
struct Snapshot {
  struct Item {
    DataPlace place, kept;
    bool operator==(const Item&) const = default;
  };

  int number = 0;                        // s1, s2, …: never used twice in an app
  std::optional<ReleaseNumber> release;  // the one that worked with this data
  Time taken{};
  std::string why;  // "before r8", "replaced by the backup of 2026-01-31T09:05:07Z"
  std::vector<Item> items;
  // False: the wish is saved, the data may not be there yet.
  bool complete = false;

  std::string text() const { return "s" + std::to_string(number); }
  bool operator==(const Snapshot&) const = default;
};

}  // namespace belay
