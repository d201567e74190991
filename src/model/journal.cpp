#include "model/journal.h"

namespace belay {

JournalVerb JournalVerb::kept(const std::string& text) {
  JournalVerb verb;
  // The longest that fits: "start new" is a verb of its own, and "start r3" is not.
  for (const std::string_view word : all) {
    const bool fits = text == word || (text.starts_with(word) && text[word.size()] == ' ');
    if (fits && word.size() > verb.word_.size()) verb.word_ = word;
  }
  if (verb.word_.empty())
    verb.detail_ = text;
  else if (text.size() > verb.word_.size())
    verb.detail_ = text.substr(verb.word_.size() + 1);
  return verb;
}

JournalVerb JournalVerb::of(const std::string& detail) const {
  JournalVerb verb = *this;
  verb.detail_ = detail;
  return verb;
}

std::string JournalVerb::text() const {
  if (!detail_) return std::string(word_);
  return word_.empty() ? *detail_ : std::string(word_) + " " + *detail_;
}

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
