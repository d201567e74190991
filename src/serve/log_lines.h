#pragma once
// The daemon's log: one line a fact, as the journal and people like to read it.
//
//   2026-01-31T09:05:07Z warning web did not prove itself app=web release=r4

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"

namespace belay::serve {

// The numbers are syslog's.
enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

struct LogField {
  std::string key;
  std::string value;
};

// Thread-safe; each line is written by one call. A line that cannot be written is lost, nothing else.
class LogLines {
 public:
  // journal: "<4>" in front, which the journal takes for the priority; it knows the time itself.
  enum class Style { journal, dated };
  using Sink = std::function<void(std::string_view line)>;  // with its line end

  LogLines(Sink sink, Style style, const Clock& clock);
  // To a descriptor that stays open (2); the style is `style_for` it.
  LogLines(int fd, const Clock& clock);

  void write(LogLevel level, std::string_view text, const std::vector<LogField>& fields = {});
  // Lines of less weight are left out. Everything up to `info` is written unless told otherwise.
  void write_up_to(LogLevel level);

  // journal where $JOURNAL_STREAM names the very stream that `fd` is: a daemon whose output goes elsewhere inherits the
  // variable all the same.
  static Style style_for(int fd);

 private:
  const Sink sink_;
  const Style style_;
  const Clock& clock_;
  Guarded<LogLevel> limit_{LogLevel::info};
};

}  // namespace belay::serve
