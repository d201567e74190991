#pragma once
// A Source that can be read by lines and by whole blocks, with a small buffer between.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/stream.h"

namespace belay::crypto {

class Input {
 public:
  explicit Input(Source source) : source_(std::move(source)) {}

  // The next byte, which stays where it is; nullopt at the end.
  std::optional<char> peek();
  // The next line without its line feed into `text`. False when the input ends, or `limit` bytes are read, before a
  // line feed comes; `text` holds what there is.
  [[nodiscard]] bool line(std::string& text, std::size_t limit);
  // Fills `room` and says how much of it; less than all only at the end.
  std::size_t fill(std::span<char> room);

 private:
  std::size_t pull(std::span<char> room);

  Source source_;
  std::vector<char> buffer_;
  std::span<const char> pending_;  // within buffer_
  bool ended_ = false;
};

}  // namespace belay::crypto
