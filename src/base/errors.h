#pragma once
// Failures. An error is one sentence; each caller that knows the intent adds its part in front, so that the user reads
// "deploying shop: starting web: port 80 is held by nginx", and may add a hint that names the command to run next.

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "base/error_code.h"

namespace belay {

class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {});

  // What kind of failure it is: programs go by this, never by the words.
  ErrorCode code() const noexcept { return code_; }

  // The whole sentence: contexts, outermost first, then the message.
  const char* what() const noexcept override { return text_.c_str(); }
  // What to do next, or empty.
  const std::string& hint() const noexcept { return hint_; }
  void add_context(std::string_view activity);
  // Keeps a hint that is already there: the place nearest to the cause knows best.
  void offer_hint(std::string hint);
  // Where the caller knows better than the place that failed what kind it is.
  void set_code(ErrorCode code) noexcept { code_ = code; }

 private:
  ErrorCode code_;
  std::string text_;
  std::string hint_;
};

// An error that is of one kind unless it says another.
template <ErrorCode usual>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(std::string message, std::string hint = {}) : Error(usual, std::move(message), std::move(hint)) {}
  using Error::Error;
};

// The command line asks for something that makes no sense: exit code 2.
class UsageError : public ErrorOf<ErrorCode::usage> {
  using ErrorOf::ErrorOf;
};

// A place in a user's file; line and column count from 1, column in bytes. line 0: the file as a whole.
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text() const;  // "file:line:column"
  bool operator==(const SourcePosition&) const = default;
};

// A file the user wrote is wrong. The message begins with the position.
class ConfigError : public Error {
 public:
  ConfigError(const SourcePosition& where, const std::string& message, std::string hint = {});
  const SourcePosition& where() const noexcept { return where_; }

 private:
  SourcePosition where_;
};

class NotFound : public ErrorOf<ErrorCode::not_found> {
  using ErrorOf::ErrorOf;
};

// The thing exists already or is in use by another.
class Conflict : public ErrorOf<ErrorCode::conflict> {
  using ErrorOf::ErrorOf;
};

// The engine refused; `status` is the HTTP status, 0 where it did not get that far.
class EngineError : public Error {
 public:
  // Whose trouble a refusal is: of a container that does not start, of a build.
  enum class Cause {
    host,              // the machine, its network, its disks, the engine: another time it may go well
    image,             // what the image or its settings want to run cannot be run
    broken_container,  // this container can never be started again; one made anew can
    stale_cache,       // a build took a cached step for granted that is gone by now; the same build can go well
  };
  // Of the kind `rate_limited` for 429, `image_cannot_run` or `container_broken` by the cause, else `engine_refused`.
  explicit EngineError(int status, std::string message, std::string hint = {}, Cause cause = Cause::host);
  EngineError(ErrorCode code, int status, std::string message, std::string hint = {}, Cause cause = Cause::host);
  int status() const noexcept { return status_; }
  Cause cause() const noexcept { return cause_; }

 private:
  int status_;
  Cause cause_;
};

// The user (or a deadline set by the user) stopped the work.
class Cancelled : public ErrorOf<ErrorCode::stopped> {
 public:
  Cancelled() : ErrorOf("stopped on request") {}
  using ErrorOf::ErrorOf;
};

// Runs `work`; an Error that leaves it gets `activity` in front.
template <class Work>
decltype(auto) doing(std::string_view activity, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.add_context(activity);
    throw;
  }
}

// An Error for a failed system call: "opening /x: Permission denied", and its kind, from errno's value.
Error system_error(std::string_view activity, int error_number);

}  // namespace belay
