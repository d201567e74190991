#pragma once
// What was tried for an app without a user's asking, a row each: from these follow the pauses and the budget of the
// next try. The journal tells of the same, and decides nothing.

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "model/names.h"

namespace belay {

struct Repair {
  enum class Kind {
    repair,   // it was not as its release has it
    healing,  // it was up, and not well
    attempt,  // the host did not let a release be tried to the end
    gave_up,  // its budget was spent, and that was said
  };
  Time at{};
  Kind kind = Kind::repair;
  std::optional<ReleaseNumber> release{};

  bool operator==(const Repair&) const = default;
};

constexpr const char* to_text(Repair::Kind kind) {
  switch (kind) {
    case Repair::Kind::repair:
      return "repair";
    case Repair::Kind::healing:
      return "healing";
    case Repair::Kind::attempt:
      return "attempt";
    case Repair::Kind::gave_up:
      return "gave_up";
  }
  return "";
}

// nullopt: no kind is called so.
inline std::optional<Repair::Kind> repair_kind(std::string_view word) {
  for (const auto kind : {Repair::Kind::repair, Repair::Kind::healing, Repair::Kind::attempt, Repair::Kind::gave_up})
    if (word == to_text(kind)) return kind;
  return {};
}

}  // namespace belay
