#include "base/errors.h"

#include <cstring>

#include "base/format.h"

namespace belay {

Error::Error(std::string message, std::string hint) : text_(std::move(message)), hint_(std::move(hint)) {}

void Error::add_context(std::string_view activity) {
  text_ = format("{}: {}", activity, text_);
}

void Error::offer_hint(std::string hint) {
  if (hint_.empty()) hint_ = std::move(hint);
}

std::string SourcePosition::text() const {
  if (line == 0) return file;
  return format("{}:{}:{}", file, line, column);
}

ConfigError::ConfigError(const SourcePosition& where, const std::string& message, std::string hint)
    : Error(format("{}: {}", where.text(), message), std::move(hint)), where_(where) {}

Error system_error(std::string_view activity, int error_number) {
  char buffer[256];
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  std::string hint;
  if (error_number == ENOSPC || error_number == EDQUOT)
    hint = "Free some disk space (belay cleanup NAME, docker system df) and run the command again.";
  return Error(format("{}: {}", activity, text), std::move(hint));
}

}  // namespace belay
