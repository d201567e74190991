#include "archive/compress.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "archive/buffer.h"
#include "base/errors.h"
#include "base/format.h"

namespace belay::archive {

namespace {

// Whoever reads, hashes and writes is one thread: more would wait for it.
constexpr unsigned most_default_workers = 3;
// Pieces do not take equally long: some wait beside those that are filled and compressed.
constexpr std::size_t least_pieces = 6, least_reserve = 1;

// Makes one whole frame or member of `input` in `output`, which is empty and large enough. One a thread.
using Encoder = std::function<void(std::string_view input, Buffer& output)>;

struct Format {
  int default_level, least_level, most_level;
  std::size_t piece;         // what one frame or member holds before it is compressed
  std::size_t output_bound;  // what it takes at most
  Encoder (*encoder)(int level);
};

Encoder zstd_encoder(int level) {
  const std::shared_ptr<ZSTD_CCtx> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) throw Error(ErrorCode::no_memory, "compressing: no memory left");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 1);
  return [context](std::string_view input, Buffer& output) {
    const std::size_t size =
        ZSTD_compress2(context.get(), output.rest().data(), output.rest().size(), input.data(), input.size());
    if (ZSTD_isError(size) != 0) throw Error(ErrorCode::internal, format("compressing: {}", ZSTD_getErrorName(size)));
    output.grow(size);
  };
}

constexpr int gzip_window = 15 + 16;  // zlib's way to say: the largest window, in gzip's format

Encoder gzip_encoder(int level) {
  const std::shared_ptr<z_stream> stream(new z_stream{}, [](z_stream* ended) {
    deflateEnd(ended);
    delete ended;
  });
  if (deflateInit2(stream.get(), level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(ErrorCode::no_memory, "compressing: no memory left");
  return [stream](std::string_view input, Buffer& output) {
    deflateReset(stream.get());
    // zlib takes what it only reads without const.
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream->avail_in = static_cast<uInt>(input.size());
    stream->next_out = reinterpret_cast<Bytef*>(output.rest().data());
    stream->avail_out = static_cast<uInt>(output.rest().size());
    if (deflate(stream.get(), Z_FINISH) != Z_STREAM_END)
      throw Error(ErrorCode::internal, "compressing: a piece does not fit its buffer");
    output.grow(output.rest().size() - stream->avail_out);
  };
}

Format format_of(Compression kind) {
  // Larger ones compress better and take more memory.
  constexpr std::size_t zstd_piece = 3 << 20, gzip_piece = 1 << 20;
  if (kind == Compression::zstd)
    return {3, 1, ZSTD_maxCLevel(), zstd_piece, ZSTD_compressBound(zstd_piece), zstd_encoder};
  // What deflate adds at worst, with a margin for gzip's own header and trailer.
  return {6, 1, 9, gzip_piece, compressBound(gzip_piece) + 64, gzip_encoder};
}

int chosen_level(const Format& format_in_use, const CompressOptions& options) {
  const int level = options.level.value_or(format_in_use.default_level);
  if (level < format_in_use.least_level || level > format_in_use.most_level)
    throw Error(ErrorCode::bad_value, format("there is no compression level {}", level),
                format("Choose one from {} to {}.", format_in_use.least_level, format_in_use.most_level));
  return level;
}

unsigned chosen_workers(const CompressOptions& options) {
  if (options.workers > 0) return options.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1U, most_default_workers);
}

// So many at once are compressed ahead.
constexpr std::int64_t many_zeros = 16 << 20;

void write_in_pieces(std::int64_t zeros, const Sink& sink) {
  static constexpr std::array<char, 64 << 10> piece{};
  for (; zeros > 0; zeros -= static_cast<std::int64_t>(piece.size()))
    sink({piece.data(), static_cast<std::size_t>(std::min(zeros, static_cast<std::int64_t>(piece.size())))});
}

}  // namespace

// A ring of pieces: one is being filled, those behind it are with the workers or wait for their turn at the sink.
struct Compressor::Pool {
  struct Piece {
    Buffer bytes;      // what goes in, then what comes out
    bool done = true;  // nothing is left for a worker to do
    std::exception_ptr failure = nullptr;
  };

  Pool(Format format_in_use, int chosen_level, unsigned worker_count, Sink to);
  ~Pool();
  void write(std::string_view bytes);
  void write_zeros(std::int64_t count);
  void finish();

  void work(const std::stop_token& stop);
  Piece* next_waiting(const std::stop_token& stop);
  void compress(Piece& piece, Encoder& encode, Buffer& spare);
  std::string_view zero_member();
  void submit();
  bool is_done(const Piece& piece);
  void send_oldest();

  const Format form;
  const int level;
  const Sink sink;

  std::vector<Piece> pieces;
  std::size_t filling = 0;  // the piece that is being filled
  std::size_t oldest = 0;   // the next one for the sink; `filling` where none is under way
  bool anything_sent = false;
  Buffer zeros = Buffer();  // a frame or member of `many_zeros` zeros, once there was a hole

  std::mutex mutex;  // guards `waiting` and each piece's `done` and `failure`
  std::condition_variable_any piece_waits, piece_done;
  std::deque<Piece*> waiting;
  std::vector<std::jthread> workers;  // last: they end before what they use
};

Compressor::Pool::Pool(Format format_in_use, int chosen_level, unsigned worker_count, Sink to)
    : form(format_in_use), level(chosen_level), sink(std::move(to)) {
  // None compressed: no pieces either.
  if (worker_count == 0) return;
  pieces.resize(std::max(least_pieces, worker_count + 1 + least_reserve));
  for (unsigned i = 0; i < worker_count; ++i) workers.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Compressor::Pool::~Pool() {
  // All at once, or those that end later would go on with what waits.
  for (std::jthread& worker : workers) worker.request_stop();
}

void Compressor::Pool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    // A full piece stays here until more comes: without finish() its lack shows that the stream is cut off.
    if (pieces[filling].bytes.size() == form.piece) submit();
    Piece& piece = pieces[filling];
    if (piece.bytes.capacity() == 0) piece.bytes = Buffer(form.output_bound);
    std::string_view fitting = bytes.substr(0, form.piece - piece.bytes.size());
    bytes.remove_prefix(fitting.size());
    piece.bytes.take_from(fitting);
  }
}

// A frame or member of zeros as often as it fits. What is left over is a piece like any other, so that the stream does
// not end whole before finish().
void Compressor::Pool::write_zeros(std::int64_t count) {
  if (count > many_zeros) {
    if (pieces[filling].bytes.size() > 0) submit();
    while (oldest != filling) send_oldest();
    for (; count > many_zeros; count -= many_zeros) sink(zero_member());
    anything_sent = true;
  }
  write_in_pieces(count, [&](std::string_view bytes) { write(bytes); });
}

std::string_view Compressor::Pool::zero_member() {
  if (zeros.size() == 0) {
    const std::string content(static_cast<std::size_t>(many_zeros), '\0');
    // Zeros take far less than this.
    zeros = Buffer(form.output_bound);
    form.encoder(level)(content, zeros);
  }
  return zeros.view();
}

void Compressor::Pool::finish() {
  // An empty stream is one empty frame: no bytes at all would be no zstd file.
  if (pieces[filling].bytes.size() > 0 || (!anything_sent && oldest == filling)) submit();
  while (oldest != filling) send_oldest();
}

// Hands the filled piece to the workers, and makes the next one free.
void Compressor::Pool::submit() {
  {
    const std::lock_guard lock(mutex);
    pieces[filling].done = false;
    waiting.push_back(&pieces[filling]);
  }
  piece_waits.notify_one();
  filling = (filling + 1) % pieces.size();
  if (oldest == filling) send_oldest();
  while (oldest != filling && is_done(pieces[oldest])) send_oldest();
}

bool Compressor::Pool::is_done(const Piece& piece) {
  const std::lock_guard lock(mutex);
  return piece.done;
}

void Compressor::Pool::send_oldest() {
  Piece& piece = pieces[oldest];
  {
    std::unique_lock lock(mutex);
    piece_done.wait(lock, [&] { return piece.done; });
    if (piece.failure) std::rethrow_exception(piece.failure);
  }
  sink(piece.bytes.view());
  anything_sent = true;
  piece.bytes.clear();
  oldest = (oldest + 1) % pieces.size();
}

void Compressor::Pool::work(const std::stop_token& stop) {
  // The thread that reads and hashes is the one that all wait for: where processors are few, it goes first. On Linux
  // the niceness is the thread's own.
  constexpr int lower = 5;
  std::ignore = ::nice(lower);
  Encoder encode;
  Buffer spare;
  while (Piece* piece = next_waiting(stop)) {
    std::exception_ptr failure;
    try {
      compress(*piece, encode, spare);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    piece->failure = failure;
    piece->done = true;
    piece_done.notify_one();
  }
}

Compressor::Pool::Piece* Compressor::Pool::next_waiting(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  piece_waits.wait(lock, stop, [&] { return !waiting.empty(); });
  if (stop.stop_requested()) return nullptr;
  Piece* piece = waiting.front();
  waiting.pop_front();
  return piece;
}

// From the piece into the spare buffer, and that one takes the place of the piece's.
void Compressor::Pool::compress(Piece& piece, Encoder& encode, Buffer& spare) {
  if (!encode) encode = form.encoder(level);
  if (spare.capacity() == 0) spare = Buffer(form.output_bound);
  spare.clear();
  encode(piece.bytes.view(), spare);
  std::swap(piece.bytes, spare);
}

Compressor::Compressor(Compression kind, const CompressOptions& options, Sink sink) {
  const bool compresses = kind != Compression::none;
  const unsigned workers = compresses ? chosen_workers(options) : 0;
  const Format form = format_of(kind);
  pool_ = std::make_unique<Pool>(form, compresses ? chosen_level(form, options) : 0, workers, std::move(sink));
}

Compressor::~Compressor() = default;

void Compressor::write(std::string_view bytes) {
  if (broken_) throw Error(ErrorCode::internal, "the compressed stream is cut off by an earlier failure");
  broken_ = true;
  if (pool_->pieces.empty()) {
    pool_->sink(bytes);
  } else {
    pool_->write(bytes);
  }
  broken_ = false;
}

void Compressor::write_zeros(std::int64_t count) {
  if (broken_) throw Error(ErrorCode::internal, "the compressed stream is cut off by an earlier failure");
  broken_ = true;
  if (pool_->pieces.empty()) {
    write_in_pieces(count, pool_->sink);
  } else {
    pool_->write_zeros(count);
  }
  broken_ = false;
}

void Compressor::finish() {
  if (broken_) throw Error(ErrorCode::internal, "the compressed stream is cut off by an earlier failure");
  broken_ = true;
  if (!pool_->pieces.empty()) pool_->finish();
}

}  // namespace belay::archive
