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

// What was done, in the word or the words of a table that is looked up when the code is compiled. The state keeps the
// text.
class JournalVerb {
 public:
  // In the order in which docs/state-format.md has them.
  static constexpr std::array<std::string_view, 48> all{"build",
                                                        "deploy",
                                                        "start new",
                                                        "start",
                                                        "stop",
                                                        "restart",
                                                        "create",
                                                        "rollback",
                                                        "retry",
                                                        "apply",
                                                        "repair",
                                                        "finish",
                                                        "soak",
                                                        "heal",
                                                        "job",
                                                        "pause",
                                                        "unpause",
                                                        "signal",
                                                        "set",
                                                        "stable",
                                                        "autostart",
                                                        "adopt",
                                                        "take over",
                                                        "import",
                                                        "recover",
                                                        "forget",
                                                        "cleanup",
                                                        "down",
                                                        "remove",
                                                        "rm",
                                                        "rmi",
                                                        "backup",
                                                        "backups",
                                                        "restore",
                                                        "drill",
                                                        "try",
                                                        "snapshot",
                                                        "snapshots",
                                                        "copy",
                                                        "volumes backup",
                                                        "volumes restore",
                                                        "render",
                                                        "update",
                                                        "service install",
                                                        "service update",
                                                        "service destroy",
                                                        "service backup",
                                                        "service restore"};

  consteval JournalVerb(const char* word) : word_(find(word)) {
    if (word_.empty()) throw "the table has no such verb";
  }
  // Of a state, which another version may have written: what this one does not know stays as it is.
  static JournalVerb kept(const std::string& text);
  // The same verb of something: "start r3", "signal HUP".
  JournalVerb of(const std::string& detail) const;

  // As the table has it; empty: it is another version's.
  std::string_view word() const { return word_; }
  std::string text() const;
  bool operator==(const JournalVerb&) const = default;

 private:
  JournalVerb() = default;
  static constexpr std::string_view find(std::string_view text) {
    for (const std::string_view word : all)
      if (word == text) return word;
    return {};
  }

  std::string_view word_;
  // Behind the word; without one the whole text. A string alone is no constant that a compiler could keep.
  std::optional<std::string> detail_{};
};

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
  JournalVerb verb = JournalVerb::kept("");
  JournalOutcome outcome = "done";
  std::string text;  // one sentence
};

}  // namespace belay
