#include "model/journal.h"

namespace belay {

JournalOutcome JournalOutcome::kept(const std::string& word) {
  // Entries of earlier versions have other words for the same.
  const Kind kind = word == "taken back" ? Kind::rolled_back : word == "gave up" ? Kind::gave_up : kind_of(word);
  JournalOutcome outcome(kind);
  if (kind == Kind::other) outcome.other_ = word;
  return outcome;
}

std::string JournalOutcome::text() const {
  for (const Word& known : words)
    if (known.kind == kind_) return std::string(known.text);
  return other_.value_or("");
}

}  // namespace belay
