#pragma once
// A tar stream in the pax form, readable by every tar: what does not fit the classic header (long or non-ASCII names,
// large sizes, holes, attributes) goes into pax records, all else stays plain. Written by ourselves: libarchive's
// writer passes every name through the locale, and a volume holds names that are text in none.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "archive/buffer.h"
#include "archive/tar_entry.h"
#include "base/stream.h"

namespace belay::archive {

// Takes so many zeros, as bytes that a sink would get.
using ZeroSink = std::function<void(std::int64_t count)>;

// One thread at a time. The same entries give the same bytes.
class TarWriter {
 public:
  // `zeros` gets what write_zeros() writes, in its place among the bytes; by default they are bytes like others.
  explicit TarWriter(Sink sink, BufferProvider buffers = {}, ZeroSink zeros = {});
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  // Begins an entry. A file's content follows through write(): all of its `size` bytes, of a sparse file only the data
  // between its holes. Throws Error where the content of the entry before is not complete, or the form cannot hold
  // this one.
  void begin(const TarEntry& entry);
  void write(std::string_view bytes);
  // So many zeros of content.
  void write_zeros(std::int64_t count);
  // Where the next `wanted` bytes of content may be put before write() gets them, so that nobody has to copy them; may
  // be fewer. Empty: anywhere.
  std::span<char> room(std::size_t wanted);
  // Writes the end of the archive and all that is buffered. Without it the stream is cut off and shows it.
  void finish();

 private:
  void end_entry();
  void take_from_missing(std::int64_t count);
  void append(std::string_view bytes);
  void append_zeros(std::size_t count);
  void flush();

  Sink sink_;
  BufferProvider buffers_;
  ZeroSink zeros_;
  Buffer buffer_;
  std::string name_;
  std::int64_t missing_ = 0;  // content of the current entry that is still to come
  std::size_t padding_ = 0;   // behind that content
};

}  // namespace belay::archive
