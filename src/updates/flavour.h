#pragma once
// What a tag says beside its version: "1.25.3-alpine" is 1.25.3 in the flavour "alpine". Semantic versioning would call
// that a pre-release; for images it is another build of the same version, and nobody wants to be moved from one flavour
// to another.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "updates/version.h"

namespace belay::updates {

struct FlavouredVersion {
  Version version;                      // with its pre-release: -rc.1, -beta2, …
  std::vector<std::int64_t> revisions;  // counted beside it: the fourth number, "-2", "-r45", "-ls56"
  std::string flavour;                  // "alpine", "debian-12-r#": a revision counts, so '#' stands for its number
  bool has_four_numbers = false;

  // "1.25.3", "v1.5.0-rc.1-alpine", "4.0.9.1044-ls56"; nullopt where the tag begins with no version of two to four
  // numbers. `pre_releases`: words that mean one beside the usual ("rc", "beta", …).
  static std::optional<FlavouredVersion> of_tag(std::string_view tag,
                                                const std::vector<std::string>& pre_releases = {});
  std::strong_ordering operator<=>(const FlavouredVersion& other) const;
  bool operator==(const FlavouredVersion&) const = default;
};

// Also of tags without a version: "alpine", "17-alpine" and "stable-alpine" are "alpine"; "latest" is the plain one,
// "".
std::string flavour_of(std::string_view tag);

}  // namespace belay::updates
