#pragma once
// A terminal for commands that nobody watches.

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/guarded.h"
#include "engine/engine.h"

namespace belay::engine {

// Has no input and no window; keeps the last of what was written, both streams in the order of arrival, for a message
// about a command that failed. Thread-safe.
class CapturedOutput final : public Terminal {
 public:
  explicit CapturedOutput(ByteCount limit = {64 << 10}) : limit_(static_cast<std::size_t>(limit.value)) {}

  std::string text() const {
    return kept_.with([](const Kept& kept) { return kept.text; });
  }
  // There was more than `limit`: the text lacks its beginning.
  bool is_cut() const {
    return kept_.with([](const Kept& kept) { return kept.cut; });
  }

  std::string read(std::stop_token) override { return {}; }
  void write(OutputStream, std::string_view bytes) override {
    kept_.with([&](Kept& kept) {
      kept.text += bytes;
      if (kept.text.size() <= limit_) return;
      kept.text.erase(0, kept.text.size() - limit_);
      kept.cut = true;
    });
  }
  std::optional<Size> size() override { return {}; }
  std::shared_ptr<void> on_resize(std::function<void(Size)>) override { return {}; }

 private:
  struct Kept {
    std::string text;
    bool cut = false;
  };
  const std::size_t limit_;
  Guarded<Kept> kept_;
};

}  // namespace belay::engine
