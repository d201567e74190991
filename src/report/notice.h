#pragma once
// What the daemon tells others that it did. docs/json.md has the JSON.

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/notice_form.h"

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

// Something is wrong, and somebody should look: not only that something was done.
bool is_alarm(const Notice& notice);

// What is sent of a notice, for whoever reads it.
struct Letter {
  std::string method = "POST";
  std::string suffix;  // behind the address; empty: nothing
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
Letter letter(const Notice& notice, NoticeForm form);

}  // namespace belay::report
