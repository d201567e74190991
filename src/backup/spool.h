#pragma once
// What is read while an app is held still does not wait for what compresses and sends it.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "archive/buffer.h"
#include "backup/spill_file.h"
#include "base/stream.h"

namespace belay::backup {

// A bounded queue in memory, and a file for what does not fit there while spilling is on. A thread of its own, and no
// other until finish() has returned, calls the sinks, in order; what they throw comes out of the next call, once.
// Without finish() they do not get the end. One thread at a time.
class Spool {
 public:
  using Zeros = std::function<void(std::int64_t count)>;

  // `zeros` gets what write_zeros() writes; by default it is bytes like others.
  Spool(SpillPlace place, Sink sink, Zeros zeros = {});
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  // Waits for no more than the call of a sink that goes on.
  ~Spool();

  // Off, as it begins: write() waits where the sink is slower. On: it goes on, as long as the disk has room and takes
  // the bytes faster than the sink does.
  void spill(bool on) { spills_ = on; }
  void write(std::string_view bytes);
  void write_zeros(std::int64_t count);
  // Waits until the sinks have all. Nothing may be written afterwards.
  void finish();

  static constexpr std::size_t block_size = std::size_t{512} << 10;
  static constexpr std::size_t blocks_in_memory = 8;

 private:
  using Clock = std::chrono::steady_clock;
  // One of three: bytes in memory, a piece of the file, zeros.
  struct Entry {
    archive::Buffer bytes = archive::Buffer();
    SpillFile::Piece piece = {};
    std::int64_t zeros = 0;
  };

  void submit();
  bool is_soon_free(std::unique_lock<std::mutex>& lock);
  bool spill_filled(std::unique_lock<std::mutex>& lock);
  void push(Entry entry);
  void refuse_broken();
  void drain(const std::stop_token& stop);
  void give(Entry& entry);
  void took(Entry entry);
  bool has_room() const { return in_memory_ < blocks_in_memory; }

  const Sink sink_;
  const Zeros zeros_;
  // The writer's.
  bool spills_ = false;
  bool broken_ = false;  // finished, or a failure left a gap: nothing may follow
  archive::Buffer filling_;
  Clock::duration spilling_takes_ = std::chrono::milliseconds(1);  // a block, as the last ones did
  // The drain's.
  archive::Buffer from_file_;

  SpillFile file_;  // the writer puts, the drain takes

  std::mutex mutex_;  // guards all below
  std::condition_variable_any entry_waits_, room_came_;
  std::deque<Entry> entries_;
  std::vector<archive::Buffer> free_;
  std::size_t in_memory_ = 0;
  Clock::duration taking_takes_{};  // a block, as the last ones did
  Clock::time_point taking_since_{};
  bool ended_ = false;
  std::exception_ptr failure_;
  std::jthread drain_;  // last: it ends before what it uses
};

}  // namespace belay::backup
