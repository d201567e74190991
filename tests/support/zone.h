#pragma once
// A time zone for one test.

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include "base/clock.h"

namespace belay {

class Zone {
 public:
  explicit Zone(const char* name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    if (before_) {
      ::setenv("TZ", before_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;

 private:
  std::optional<std::string> before_;
};

// Central Europe by rule, so that no zone files are needed: forward on 2026-03-29 01:00 UTC, back on 2026-10-25.
inline constexpr const char* central_europe = "CET-1CEST,M3.5.0,M10.5.0/3";

inline Time at(const std::string& text) {
  return parse_time(text).value();
}

}  // namespace belay
