#include "archive/content_digest.h"

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace belay::archive {

void ContentDigest::begin(const TarEntry& entry) {
  entry_ = &entry;
  extent_ = 0;
  in_extent_ = 0;
  at_ = 0;
  has_digest_ = true;
}

void ContentDigest::add(std::string_view bytes) {
  while (!bytes.empty()) {
    std::string_view piece = bytes;
    if (entry_->sparse) {
      const Extent& extent = entry_->data[extent_];
      if (in_extent_ == 0) {
        add_hole(extent.offset - at_);
        if (is_apart() && extent.length > 0) {
          add_number(extent.offset);
          add_number(extent.length);
        }
      }
      piece = bytes.substr(
          0, static_cast<std::size_t>(std::min(extent.length - in_extent_, static_cast<std::int64_t>(bytes.size()))));
      in_extent_ += static_cast<std::int64_t>(piece.size());
      if (in_extent_ == extent.length) {
        ++extent_;
        in_extent_ = 0;
      }
    }
    at_ += static_cast<std::int64_t>(piece.size());
    if (events_.file) digest_.add(piece);
    if (events_.progress) events_.progress(static_cast<std::int64_t>(piece.size()));
    bytes.remove_prefix(piece.size());
  }
}

void ContentDigest::finish() {
  add_hole(entry_->size - at_);
  if (!events_.file) return;
  if (is_apart()) add_number(entry_->size);
  std::string digest = digest_.finish();
  if (!has_digest_) digest.clear();
  events_.file({entry_->name, entry_->size, std::move(digest), is_apart()});
}

void ContentDigest::add_number(std::int64_t number) {
  if (!events_.file) return;
  std::array<char, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (bytes.size() - 1 - i)));
  digest_.add({bytes.data(), bytes.size()});
}

void ContentDigest::add_hole(std::int64_t length) {
  static constexpr std::array<char, 64 << 10> zeros{};
  at_ += length;
  if (events_.file && length > 0 && !is_apart()) {
    if (has_digest_ && events_.hashes_zeros) has_digest_ = events_.hashes_zeros(length);
    for (std::int64_t rest = has_digest_ ? length : 0; rest > 0;) {
      if (stop_.stop_requested()) throw Cancelled();
      const auto count = std::min(rest, static_cast<std::int64_t>(zeros.size()));
      digest_.add({zeros.data(), static_cast<std::size_t>(count)});
      rest -= count;
    }
  }
  if (events_.progress && length > 0) events_.progress(length);
}

}  // namespace belay::archive
