#pragma once
// What the daemon tells others that it did. docs/json.md has the JSON.

#include <string>

#include "base/clock.h"

namespace belay::report {

struct Notice {
  Time time{};
  // deployed, rolled_back, quarantined, drift, repaired, backup_failed, recovered, …: one word for machines.
  std::string kind;
  std::string app, release;  // "web", "r4"; empty where it is about none
  std::string text;          // one sentence for people
  std::string reason, log_tail;
  std::string host;
};
// One object on one line.
std::string notice_json(const Notice& notice);

}  // namespace belay::report
