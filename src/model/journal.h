#pragma once
// One line of the journal: what happened to an app. It explains; nothing is ever replayed from it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/names.h"

namespace belay {

// What came of it. Code gives it as a word, which is looked up in the table when that is compiled; the state keeps the
// word.
class JournalOutcome {
 public:
  enum class Kind { started, done, failed, rolled_back, gave_up, other };

  consteval JournalOutcome(const char* word) : kind_(kind_of(word)) {
    if (kind_ == Kind::other) throw "the table has no such outcome";
  }
  // Of a state, which another version may have written: a word that this one does not know stays as it is.
  static JournalOutcome kept(const std::string& word);

  Kind kind() const { return kind_; }
  std::string text() const;
  bool operator==(const JournalOutcome&) const = default;

 private:
  struct Word {
    Kind kind;
    std::string_view text;
  };
  static constexpr std::array words{Word{Kind::started, "started"}, Word{Kind::done, "done"},
                                    Word{Kind::failed, "failed"}, Word{Kind::rolled_back, "rolled_back"},
                                    Word{Kind::gave_up, "gave_up"}};
  static constexpr Kind kind_of(std::string_view word) {
    for (const Word& known : words)
      if (known.text == word) return known.kind;
    return Kind::other;
  }
  explicit JournalOutcome(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::optional<std::string> other_{};
};

struct JournalEntry {
  std::int64_t id = 0;
  Time time{};
  std::string app;
  std::optional<ReleaseNumber> release;
  std::string who;
  std::string verb;  // "deploy", "start", …: for people, nothing is decided by it
  JournalOutcome outcome = "done";
  std::string text;  // one sentence
};

}  // namespace belay
