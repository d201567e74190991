#include "base/errors.h"

#include <cerrno>
#include <cstring>

#include "base/format.h"

namespace belay {

Error::Error(ErrorCode code, std::string message, std::string hint)
    : code_(code), text_(std::move(message)), hint_(std::move(hint)) {}

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
    : Error(ErrorCode::bad_definition, format("{}: {}", where.text(), message), std::move(hint)), where_(where) {}

namespace {

ErrorCode code_of_engine(int status, EngineError::Cause cause) {
  if (cause == EngineError::Cause::image) return ErrorCode::image_cannot_run;
  if (cause == EngineError::Cause::broken_container) return ErrorCode::container_broken;
  return status == 429 ? ErrorCode::rate_limited : ErrorCode::engine_refused;
}

ErrorCode code_of_system(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::no_space;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::not_allowed;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::file_not_found;
    case ENOMEM:
      return ErrorCode::no_memory;
    case ETIMEDOUT:
      return ErrorCode::timed_out;
    default:
      return ErrorCode::system_failed;
  }
}

}  // namespace

EngineError::EngineError(int status, std::string message, std::string hint, Cause cause)
    : Error(code_of_engine(status, cause), std::move(message), std::move(hint)), status_(status), cause_(cause) {}

EngineError::EngineError(ErrorCode code, int status, std::string message, std::string hint, Cause cause)
    : Error(code, std::move(message), std::move(hint)), status_(status), cause_(cause) {}

Error system_error(std::string_view activity, int error_number) {
  char buffer[256];
  const char* text = strerror_r(error_number, buffer, sizeof buffer);
  std::string hint;
  if (error_number == ENOSPC || error_number == EDQUOT)
    hint = "Free some disk space (belay cleanup NAME, docker system df) and run the command again.";
  return Error(code_of_system(error_number), format("{}: {}", activity, text), std::move(hint));
}

}  // namespace belay
