#include <array>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "archive/buffer.h"
#include "archive/compress.h"
#include "base/errors.h"
#include "base/format.h"

namespace belay::archive {

namespace {

constexpr std::size_t input_block = 256 << 10, output_block = 512 << 10;
constexpr std::size_t most_inputs = 4, most_outputs = 4;

bool begins_with(std::string_view bytes, std::initializer_list<unsigned char> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](unsigned char wanted, char found) { return wanted == static_cast<unsigned char>(found); });
}

bool begins_zstd(std::string_view bytes) {
  if (begins_with(bytes, {0x28, 0xb5, 0x2f, 0xfd})) return true;
  // A skippable frame, whose first byte has sixteen values.
  return bytes.size() >= 4 && (static_cast<unsigned char>(bytes[0]) & 0xf0) == 0x50 &&
         begins_with(bytes.substr(1), {0x2a, 0x4d, 0x18});
}

Error cut_off() {
  return Error(ErrorCode::bad_archive, "the compressed data is cut off", "The copy is not complete; fetch it again.");
}
Error damaged(std::string_view reason) {
  return Error(ErrorCode::bad_archive, format("the compressed data is damaged: {}", reason));
}
Error garbage() {
  return Error(ErrorCode::bad_archive, "something follows the end of the compressed data");
}

// Decompresses a stream that comes in pieces.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes what it can of `input` and adds what it can to `output`.
  virtual void decode(std::string_view& input, Buffer& output) = 0;
  // Called behind the last input. False while output is still to come.
  virtual bool at_end() const = 0;
};

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() {
    if (!context_) throw Error(ErrorCode::no_memory, "decompressing: no memory left");
    constexpr int largest_window = 27;  // what the zstd program takes without being asked
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  void decode(std::string_view& input, Buffer& output) override {
    // Asked for more between two frames, the library would take the next one for begun.
    if (input.empty() && !in_frame_) return;
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.rest().data(), output.rest().size(), 0};
    const std::size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(result) != 0) fail(result);
    in_frame_ = result != 0;
    first_ = first_ && in_frame_;
    input.remove_prefix(in.pos);
    output.grow(out.pos);
  }

  bool at_end() const override { return !in_frame_; }

 private:
  [[noreturn]] void fail(std::size_t result) const {
    switch (ZSTD_getErrorCode(result)) {
      case ZSTD_error_prefix_unknown:
        if (!first_) throw garbage();
        throw damaged(ZSTD_getErrorName(result));
      case ZSTD_error_frameParameter_windowTooLarge:
        throw Error(ErrorCode::too_large, "the compressed data needs more than 128 MiB of memory to be opened",
                    "Compress it again without zstd's --long or --ultra.");
      case ZSTD_error_checksum_wrong:
        throw damaged("its checksum is wrong");
      default:
        throw damaged(ZSTD_getErrorName(result));
    }
  }

  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(), ZSTD_freeDCtx};
  bool in_frame_ = false, first_ = true;
};

class GzipDecoder final : public Decoder {
 public:
  GzipDecoder() {
    constexpr int any_gzip_window = 15 + 16;  // zlib's way to say: the largest window, in gzip's format
    if (inflateInit2(&stream_, any_gzip_window) != Z_OK)
      throw Error(ErrorCode::no_memory, "decompressing: no memory left");
  }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  ~GzipDecoder() override { inflateEnd(&stream_); }

  void decode(std::string_view& input, Buffer& output) override {
    if (!in_member_) {
      if (input.empty()) return;
      // A member's header may be split over two pieces of input: its first byte alone has to do here.
      if (!first_ && input.front() != '\x1f') throw garbage();
      inflateReset(&stream_);
      in_member_ = true;
    }
    // zlib takes what it only reads without const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.rest().data());
    stream_.avail_out = static_cast<uInt>(output.rest().size());
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input.remove_prefix(input.size() - stream_.avail_in);
    output.grow(output.rest().size() - stream_.avail_out);
    if (result == Z_STREAM_END) {
      in_member_ = first_ = false;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      throw damaged(stream_.msg != nullptr ? stream_.msg : "it cannot be decompressed");
    }
  }

  bool at_end() const override { return !in_member_; }

 private:
  z_stream stream_{};
  bool in_member_ = false, first_ = true;
};

}  // namespace

struct Decompressor::Stream {
  explicit Stream(Source from) : source(std::move(from)) {}

  std::size_t read(std::span<char> room);

  void fill_head();
  std::size_t read_plain(std::span<char> room);
  void start();
  bool next_block();
  bool wants_input();
  void feed();

  void decompress(const std::stop_token& stop);
  bool next_input(const std::stop_token& stop);
  bool give(Buffer& block, const std::stop_token& stop);

  const Source source;
  // The caller's own.
  Buffer head{0};  // the first bytes, by which the kind is told
  bool head_read = false;
  Compression kind = Compression::none;
  Buffer block{0};  // being read
  std::size_t taken = 0;

  std::mutex mutex;  // guards all up to `worker`
  std::condition_variable_any for_caller, for_worker;
  std::deque<Buffer> inputs, outputs, spare_inputs, spare_outputs;
  bool inputs_ended = false, outputs_ended = false;
  std::exception_ptr failure = nullptr;

  std::jthread worker;  // last: it ends before what it uses
};

void Decompressor::Stream::fill_head() {
  if (head_read) return;
  head = Buffer(input_block);
  constexpr std::size_t enough = 4;
  while (head.size() < enough) {
    const std::size_t count = source(head.rest());
    if (count == 0) break;
    head.grow(count);
  }
  head_read = true;
  if (begins_zstd(head.view())) kind = Compression::zstd;
  if (begins_with(head.view(), {0x1f, 0x8b})) kind = Compression::gzip;
  if (kind != Compression::none) start();
}

void Decompressor::Stream::start() {
  inputs.push_back(std::exchange(head, Buffer(0)));
  worker = std::jthread([this](const std::stop_token& stop) { decompress(stop); });
}

std::size_t Decompressor::Stream::read(std::span<char> room) {
  fill_head();
  if (kind == Compression::none) return read_plain(room);
  if (taken == block.size() && !next_block()) return 0;
  const std::size_t count = std::min(room.size(), block.size() - taken);
  std::copy_n(block.view().data() + taken, count, room.data());
  taken += count;
  return count;
}

std::size_t Decompressor::Stream::read_plain(std::span<char> room) {
  if (taken == head.size()) return source(room);
  const std::size_t count = std::min(room.size(), head.size() - taken);
  std::copy_n(head.view().data() + taken, count, room.data());
  taken += count;
  return count;
}

// Gets the next decompressed block, and on the way gives the worker enough to do until the caller comes again.
bool Decompressor::Stream::next_block() {
  if (block.capacity() > 0) {
    const std::lock_guard lock(mutex);
    block.clear();
    spare_outputs.push_back(std::exchange(block, Buffer(0)));
  }
  taken = 0;
  for (;;) {
    while (wants_input()) feed();
    std::unique_lock lock(mutex);
    for_caller.wait(
        lock, [&] { return !outputs.empty() || outputs_ended || (!inputs_ended && inputs.size() < most_inputs); });
    if (!outputs.empty()) {
      block = std::move(outputs.front());
      outputs.pop_front();
      for_worker.notify_one();
      return true;
    }
    if (failure) std::rethrow_exception(failure);
    if (outputs_ended) return false;
  }
}

bool Decompressor::Stream::wants_input() {
  const std::lock_guard lock(mutex);
  return !inputs_ended && !outputs_ended && inputs.size() < most_inputs;
}

void Decompressor::Stream::feed() {
  Buffer input(0);
  {
    const std::lock_guard lock(mutex);
    if (!spare_inputs.empty()) {
      input = std::move(spare_inputs.front());
      spare_inputs.pop_front();
    }
  }
  if (input.capacity() == 0) input = Buffer(input_block);
  // Not more than one call where it gives plenty: a slow source shall not hold up what is there.
  bool ended = false;
  constexpr std::size_t plenty = 16 << 10;
  while (!ended && input.size() < plenty) {
    const std::size_t count = source(input.rest());
    input.grow(count);
    ended = count == 0;
  }
  const std::lock_guard lock(mutex);
  if (input.size() > 0) inputs.push_back(std::move(input));
  inputs_ended = ended;
  for_worker.notify_one();
}

void Decompressor::Stream::decompress(const std::stop_token& stop) {
  Buffer output(0);
  std::exception_ptr thrown;
  try {
    std::unique_ptr<Decoder> decoder;
    if (kind == Compression::zstd) {
      decoder = std::make_unique<ZstdDecoder>();
    } else {
      decoder = std::make_unique<GzipDecoder>();
    }
    bool full = false;
    while (next_input(stop)) {
      std::string_view input;
      {
        const std::lock_guard lock(mutex);
        input = inputs.front().view();
      }
      while (!input.empty() || full) {
        if (output.capacity() > 0 && output.rest().empty() && !give(output, stop)) return;
        if (output.capacity() == 0) output = Buffer(output_block);
        decoder->decode(input, output);
        // With its room used up, the decoder may hold back more, even if it took all the input.
        full = output.rest().empty();
      }
      const std::lock_guard lock(mutex);
      inputs.front().clear();
      spare_inputs.push_back(std::move(inputs.front()));
      inputs.pop_front();
      for_caller.notify_one();
    }
    if (stop.stop_requested()) return;
    if (!decoder->at_end()) throw cut_off();
  } catch (...) {
    thrown = std::current_exception();
  }
  if (output.size() > 0 && !give(output, stop)) return;
  const std::lock_guard lock(mutex);
  failure = thrown;
  outputs_ended = true;
  for_caller.notify_one();
}

// Waits for input; false at its end and on stop.
bool Decompressor::Stream::next_input(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  for_worker.wait(lock, stop, [&] { return !inputs.empty() || inputs_ended; });
  return !stop.stop_requested() && !inputs.empty();
}

// Hands a block to the caller and takes a used one for it where there is one; false on stop.
bool Decompressor::Stream::give(Buffer& output, const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  for_worker.wait(lock, stop, [&] { return outputs.size() < most_outputs; });
  if (stop.stop_requested()) return false;
  outputs.push_back(std::exchange(output, Buffer(0)));
  if (!spare_outputs.empty()) {
    output = std::move(spare_outputs.front());
    spare_outputs.pop_front();
  }
  for_caller.notify_one();
  return true;
}

Decompressor::Decompressor(Source source) : stream_(std::make_unique<Stream>(std::move(source))) {}
Decompressor::~Decompressor() = default;

Compression Decompressor::kind() {
  stream_->fill_head();
  return stream_->kind;
}

std::size_t Decompressor::read(std::span<char> room) {
  return stream_->read(room);
}

}  // namespace belay::archive
