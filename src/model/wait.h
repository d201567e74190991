#pragma once
// What a declared app waits for, as the last look at it found: for `belay why`, which asks neither definitions nor
// registries.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace belay {

struct Wait {
  enum class Topic {
    update,      // something newer: its window, its turn, its age, its quarantine
    registry,    // the registry cannot be asked
    definition,  // its definition cannot be used, or cannot be done
    held,        // what somebody did by hand is respected
    health,      // it is not well, and may not be helped yet
  };
  Topic topic = Topic::update;
  std::string text;           // how a sentence begins, without times: "1.3@cd34ef567890 is new and waits for its turn"
  Time since{};               // of an update: when it was first seen
  std::optional<Time> until;  // nullopt: nobody can tell

  bool operator==(const Wait&) const = default;
};

constexpr const char* to_text(Wait::Topic topic) {
  switch (topic) {
    case Wait::Topic::update:
      return "update";
    case Wait::Topic::registry:
      return "registry";
    case Wait::Topic::definition:
      return "definition";
    case Wait::Topic::held:
      return "held";
    case Wait::Topic::health:
      return "health";
  }
  return "";
}

// nullopt: no topic is called so.
inline std::optional<Wait::Topic> wait_topic(std::string_view word) {
  for (const auto topic :
       {Wait::Topic::update, Wait::Topic::registry, Wait::Topic::definition, Wait::Topic::held, Wait::Topic::health})
    if (word == to_text(topic)) return topic;
  return {};
}

}  // namespace belay
