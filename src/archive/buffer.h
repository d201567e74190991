#pragma once
// Room for bytes that is not cleared first: much of it is never touched, and then costs nothing.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace belay::archive {

class Buffer {
 public:
  explicit Buffer(std::size_t capacity = 0)
      : bytes_(capacity == 0 ? nullptr : std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  // The part not yet used; grow() says how much of it is now.
  std::span<char> rest() const { return {bytes_.get() + size_, capacity_ - size_}; }
  void grow(std::size_t count) { size_ += count; }
  void clear() { size_ = 0; }
  // Takes as many bytes as fit and removes them from `bytes`.
  void take_from(std::string_view& bytes) {
    const std::size_t count = std::min(bytes.size(), capacity_ - size_);
    std::copy_n(bytes.data(), count, bytes_.get() + size_);
    size_ += count;
    bytes.remove_prefix(count);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, size_ = 0;
};

}  // namespace belay::archive
