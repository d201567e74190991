#include "crypto/input.h"

#include <algorithm>

namespace belay::crypto {

std::size_t Input::pull(std::span<char> room) {
  if (ended_ || room.empty()) return 0;
  const std::size_t size = source_(room);
  ended_ = size == 0;
  return size;
}

std::optional<char> Input::peek() {
  if (pending_.empty()) {
    buffer_.resize(4096);
    pending_ = std::span<const char>(buffer_).first(pull(buffer_));
  }
  if (pending_.empty()) return {};
  return pending_.front();
}

bool Input::line(std::string& text, std::size_t limit) {
  text.clear();
  while (peek()) {
    const auto end = std::find(pending_.begin(), pending_.end(), '\n');
    const bool found = end != pending_.end();
    const auto size = static_cast<std::size_t>(end - pending_.begin());
    const std::size_t taken = std::min(size, limit - text.size());
    text.append(pending_.data(), taken);
    pending_ = pending_.subspan(taken);
    if (taken < size) return false;
    if (!found) continue;
    pending_ = pending_.subspan(1);
    return true;
  }
  return false;
}

std::size_t Input::fill(std::span<char> room) {
  const std::size_t kept = std::min(pending_.size(), room.size());
  std::copy_n(pending_.begin(), kept, room.begin());
  pending_ = pending_.subspan(kept);
  std::size_t filled = kept;
  while (filled < room.size()) {
    const std::size_t size = pull(room.subspan(filled));
    if (size == 0) break;
    filled += size;
  }
  return filled;
}

}  // namespace belay::crypto
