#pragma once
// What the daemon tells others that it did. docs/json.md has the JSON.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "document/node.h"
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

// What came of a notice at one of the places that are told.
struct Delivery {
  std::string to;
  std::optional<bool> delivered;  // nullopt: it was not tried
  std::string reason;             // why not
};
// The list `notices`.
document::Node deliveries_json(const std::vector<Delivery>& deliveries);

}  // namespace belay::report
