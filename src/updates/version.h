#pragma once
// Versions as tags name them and ranges of versions, after the rules of semantic versioning.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay::updates {

struct Version {
  std::array<std::int64_t, 3> numbers{};
  std::vector<std::string> pre_release;  // "rc.1": {"rc", "1"}; empty: a release

  // "1.4", "v1.4.2", "1.4.2-rc.1+build"; nullopt for anything else.
  static std::optional<Version> of_tag(std::string_view tag);
  // Identifiers of digits compare as numbers and stand below words; a pre-release stands below its release.
  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version&) const = default;
};

// "^1.4", "~1.4.2", ">=1.2 <2", "1.x", "^1 || ^2"
class VersionRange {
 public:
  // Throws Error that says which part is wrong.
  static VersionRange parse(std::string_view text);
  bool contains(const Version& version) const;
  // The words that its pre-releases begin with: "rc" of "^1.5.0-rc.1".
  std::vector<std::string> pre_release_words() const;
  // It says itself how far the first number may go: one of four digits or more is in it.
  bool names_years() const;

 private:
  // from <= version < below
  struct Span {
    Version from;
    std::optional<Version> below;
  };
  // All of its parts must hold.
  struct Conjunction {
    std::vector<Span> spans;
    std::vector<Version> named;  // versions that the text names with their pre-release
  };
  static void add_part(Conjunction& to, std::string_view part);

  std::vector<Conjunction> alternatives_;
};

}  // namespace belay::updates
