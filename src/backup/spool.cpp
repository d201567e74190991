#include "backup/spool.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "base/errors.h"

namespace belay::backup {

namespace {

// Of so many pieces the list takes 16 MiB; full ones are 128 GiB.
constexpr std::size_t most_entries = std::size_t{1} << 18;
// Fewer are bytes: an entry of their own would cut the block before them short.
constexpr std::int64_t few_zeros = 64 << 10;

// Of the last ones, the newest count most.
template <class Duration>
Duration smoothed(Duration before, Duration now) {
  return before + (now - before) / 8;
}

}  // namespace

Spool::Spool(SpillPlace place, Sink sink, Zeros zeros)
    : sink_(std::move(sink)),
      zeros_(std::move(zeros)),
      file_(std::move(place)),
      drain_([this](const std::stop_token& stop) { drain(stop); }) {}

Spool::~Spool() {
  drain_.request_stop();
}

void Spool::write(std::string_view bytes) {
  refuse_broken();
  while (!bytes.empty()) {
    if (filling_.capacity() == 0) filling_ = archive::Buffer(block_size);
    filling_.take_from(bytes);
    if (filling_.rest().empty()) submit();
  }
}

void Spool::write_zeros(std::int64_t count) {
  static constexpr std::array<char, few_zeros> piece{};
  if (zeros_ && count > few_zeros) {
    refuse_broken();
    if (filling_.size() > 0) submit();
    const std::lock_guard lock(mutex_);
    Entry entry;
    entry.zeros = count;
    push(std::move(entry));
    return;
  }
  for (; count > 0; count -= few_zeros) write({piece.data(), static_cast<std::size_t>(std::min(count, few_zeros))});
}

void Spool::finish() {
  refuse_broken();
  if (filling_.size() > 0) submit();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  entry_waits_.notify_one();
  drain_.join();
  refuse_broken();
  broken_ = true;
}

void Spool::refuse_broken() {
  const std::lock_guard lock(mutex_);
  if (broken_) throw Error(ErrorCode::internal, "the stream is cut off by an earlier failure");
  if (!failure_) return;
  broken_ = true;
  std::rethrow_exception(std::exchange(failure_, nullptr));
}

// The filled block becomes an entry: in memory, in the file, or in memory once there is room again.
void Spool::submit() {
  std::unique_lock lock(mutex_);
  if (!has_room() && spills_ && !is_soon_free(lock) && spill_filled(lock)) return;
  room_came_.wait(lock, [&] { return (has_room() && entries_.size() < most_entries) || failure_; });
  if (failure_) {
    lock.unlock();
    refuse_broken();
  }
  ++in_memory_;
  Entry entry;
  entry.bytes = std::exchange(filling_, archive::Buffer());
  push(std::move(entry));
  if (free_.empty()) return;
  filling_ = std::move(free_.back());
  free_.pop_back();
}

// Where the sink takes a block faster than the disk would, waiting is shorter: so it is with a fast destination, or
// with one that is on that disk.
bool Spool::is_soon_free(std::unique_lock<std::mutex>& lock) {
  if (std::max(taking_takes_, Clock::now() - taking_since_) > spilling_takes_) return false;
  return room_came_.wait_for(lock, spilling_takes_, [&] { return has_room() || failure_; });
}

bool Spool::spill_filled(std::unique_lock<std::mutex>& lock) {
  if (entries_.size() >= most_entries) return false;
  lock.unlock();
  const auto begin = Clock::now();
  auto piece = file_.put(filling_.view());
  spilling_takes_ = smoothed(spilling_takes_, Clock::now() - begin);
  lock.lock();
  if (!piece) return false;
  Entry entry;
  entry.piece = std::move(*piece);
  push(std::move(entry));
  filling_.clear();
  return true;
}

void Spool::push(Entry entry) {
  entries_.push_back(std::move(entry));
  entry_waits_.notify_one();
}

void Spool::drain(const std::stop_token& stop) {
  // As those that compress: what is read while an app is held still goes first.
  constexpr int lower = 5;
  std::ignore = ::nice(lower);
  std::unique_lock lock(mutex_);
  for (;;) {
    entry_waits_.wait(lock, stop, [&] { return !entries_.empty() || ended_; });
    if (stop.stop_requested() || entries_.empty()) return;
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    taking_since_ = Clock::now();
    lock.unlock();
    std::exception_ptr failure;
    try {
      give(entry);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) {
      failure_ = failure;
      room_came_.notify_one();
      return;
    }
    took(std::move(entry));
  }
}

void Spool::give(Entry& entry) {
  if (entry.zeros > 0) return zeros_(entry.zeros);
  if (!entry.piece.file) return sink_(entry.bytes.view());
  file_.take(std::move(entry.piece), from_file_);
  sink_(from_file_.view());
}

void Spool::took(Entry entry) {
  const auto now = Clock::now();
  if (entry.zeros == 0) taking_takes_ = smoothed(taking_takes_, now - std::exchange(taking_since_, now));
  if (entry.bytes.capacity() == 0) return room_came_.notify_one();
  --in_memory_;
  entry.bytes.clear();
  free_.push_back(std::move(entry.bytes));
  room_came_.notify_one();
}

}  // namespace belay::backup
