#pragma once
// A console whose streams are files in memory, and a clock that stands still until it is moved.

#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cli/console.h"

namespace belay::cli {

class MemoryFile {
 public:
  explicit MemoryFile(const std::string& content = {}) : fd_(::memfd_create("test", MFD_CLOEXEC)) {
    if (!content.empty() && ::pwrite(fd_.raw(), content.data(), content.size(), 0) < 0) fd_.close();
  }
  int raw() const { return fd_.raw(); }
  std::string text() const {
    std::string all(1 << 20, '\0');
    const ssize_t size = ::pread(fd_.raw(), all.data(), all.size(), 0);
    all.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return all;
  }

 private:
  Fd fd_;
};

struct Capture {
  explicit Capture(const ConsoleSettings& settings = {}, const std::string& input = {})
      : in(input), console(settings, in.raw(), out.raw(), err.raw()) {}
  // What was written so far, buffers included.
  std::string output() {
    console.finish();
    return out.text();
  }
  std::string errors() const { return err.text(); }

  MemoryFile in, out, err;
  Console console;
};

class StillClock final : public Clock {
 public:
  Time now() const override { return Time(Seconds(1'700'000'000)); }
  Ticks ticks() const override { return ticks_; }
  bool sleep(Milliseconds, std::stop_token stop) override { return !stop.stop_requested(); }
  void move(Milliseconds time) { ticks_ += time; }

 private:
  Ticks ticks_{};
};

}  // namespace belay::cli
