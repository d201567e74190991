#pragma once
// Follows the content of one file after the other, as it passes through a stream, and tells its listeners.

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string_view>
#include <utility>

#include "archive/tree.h"
#include "crypto/sha256.h"

namespace belay::archive {

// One thread at a time. Computes digests only where somebody listens.
class ContentDigest {
 public:
  ContentDigest(const TreeEvents& events, std::stop_token stop) : events_(events), stop_(std::move(stop)) {}

  // The entry stays where it is until finish().
  void begin(const TarEntry& entry);
  // The file's bytes in their order, of a sparse file only its data.
  void add(std::string_view bytes);
  // So many zeros of it; of a sparse file they are added by themselves.
  void add_hole(std::int64_t length);
  // All of its content was added.
  void finish();

 private:
  bool is_apart() const { return entry_->sparse && events_.holes == Holes::apart; }
  void add_number(std::int64_t number);

  const TreeEvents& events_;
  const std::stop_token stop_;  // a hole may be as large as a number can be
  const TarEntry* entry_ = nullptr;
  std::size_t extent_ = 0;      // of a sparse file: which piece comes next
  std::int64_t in_extent_ = 0;  // and how much of it was added
  std::int64_t at_ = 0;         // the end of what was added, in the file
  bool has_digest_ = true;      // false: the file has more zeros than its listener wants hashed
  crypto::Sha256 digest_;
};

}  // namespace belay::archive
