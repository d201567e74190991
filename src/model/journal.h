#pragma once
// One line of the journal: what happened to an app. It explains; nothing is ever replayed from it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/names.h"

namespace belay {

struct JournalEntry {
  std::int64_t id = 0;
  Time time{};
  std::string app;
  std::optional<ReleaseNumber> release;
  std::string who;
  std::string verb;     // "deploy", "start", …
  std::string outcome;  // "started", "done", "failed", "rolled_back", "gave_up"
  std::string text;     // one sentence
};

}  // namespace belay
