#pragma once
// Compressed streams in pieces: each piece is a whole zstd frame or gzip member of its own, so that several processors
// share the work and memory stays flat. What comes out is opened by every `zstd -d` and `gzip -d`.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/stream.h"

namespace belay::archive {

enum class Compression { zstd, gzip, none };

struct CompressOptions {
  std::optional<int> level = {};  // as the program of that name takes it; by default 3 for zstd, 6 for gzip
  unsigned workers = 0;           // threads that compress; 0: one a processor, at most three
};

// Threads of its own compress; the sink is only ever called by the thread that calls write() and finish(), in order,
// and what it throws comes out of them. One thread at a time. About 35 MiB with the workers of the default.
class Compressor {
 public:
  // Throws Error for a level that the format does not have.
  Compressor(Compression kind, const CompressOptions& options, Sink sink);
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  // Without finish() the stream stays cut off. Waits for no more than the piece each worker has in hand.
  ~Compressor();

  void write(std::string_view bytes);
  // The same as that many zeros, which are compressed once and not each time: a hole takes a thousandth of its size.
  void write_zeros(std::int64_t count);
  // Writes all that is buffered. Nothing may be written afterwards.
  void finish();

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
  bool broken_ = false;  // finished, or a failure left a gap: nothing may follow
};

// The opposite, for what any program compressed: frames or members one behind the other, skippable frames, windows up
// to 128 MiB; what is neither zstd nor gzip is passed on as it is. A thread of its own decompresses ahead; the source
// is only ever called by the thread that calls read() and kind(). One thread at a time.
class Decompressor {
 public:
  explicit Decompressor(Source source);
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ~Decompressor();

  // How the stream is compressed, by its first bytes.
  Compression kind();
  // Fills the beginning of `room` and says how much of it; 0: the end. Throws Error where the stream is cut off or
  // damaged, or has something else behind its end, but all that came before is given first.
  std::size_t read(std::span<char> room);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace belay::archive
