#include "archive/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <exception>
#include <utility>

#include "base/errors.h"
#include "base/format.h"

namespace belay::archive {

struct TarWriter::Stream {
  Sink sink;
  // What the sink threw: it must not fly through libarchive's C frames. Nothing is sent after it.
  std::exception_ptr thrown;
  bool cut_off = false;
  std::unique_ptr<::archive, int (*)(::archive*)> handle{archive_write_new(), archive_write_free};
  std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry{archive_entry_new(), archive_entry_free};
  std::string name;

  // Never a failure for libarchive: it leaks its buffers after one.
  static la_ssize_t forward(::archive*, void* self, const void* bytes, size_t size) {
    auto& stream = *static_cast<Stream*>(self);
    if (stream.cut_off) return static_cast<la_ssize_t>(size);
    try {
      stream.sink({static_cast<const char*>(bytes), size});
    } catch (...) {
      stream.thrown = std::current_exception();
      stream.cut_off = true;
    }
    return static_cast<la_ssize_t>(size);
  }

  void check(la_ssize_t result) {
    if (thrown) std::rethrow_exception(std::exchange(thrown, nullptr));
    // A warning is a name that is not text in our locale: its bytes are kept as they are.
    if (result >= ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* reason = archive_error_string(handle.get());
    throw Error(format("writing {} into the tar stream: {}", name, reason != nullptr ? reason : "unknown failure"));
  }
};

TarWriter::TarWriter(Sink sink) : stream_(std::make_unique<Stream>()) {
  stream_->sink = std::move(sink);
  ::archive* handle = stream_->handle.get();
  // By function, not by name or number: a table of all formats would pull in the libraries of each of them.
  stream_->check(archive_write_set_format_pax_restricted(handle));
  // The engine reads this form of extended attributes only; libarchive's own beside it would double them.
  stream_->check(archive_write_set_format_option(handle, "pax", "xattrheader", "SCHILY"));
  stream_->check(archive_write_set_bytes_per_block(handle, 64 << 10));
  stream_->check(archive_write_set_bytes_in_last_block(handle, 1));
  stream_->check(archive_write_open(handle, stream_.get(), nullptr, &Stream::forward, nullptr));
}

TarWriter::~TarWriter() {
  // Freeing the writer closes it, and that writes the end of the archive.
  stream_->cut_off = true;
}

void TarWriter::begin(const TarEntry& entry) {
  archive_entry* header = archive_entry_clear(stream_->entry.get());
  stream_->name = entry.name;
  archive_entry_set_pathname(header, entry.name.c_str());
  archive_entry_set_perm(header, entry.permissions);
  archive_entry_set_mtime(header, entry.modified.time_since_epoch().count(), 0);
  archive_entry_set_size(header, 0);
  switch (entry.kind) {
    case TarEntry::Kind::file:
      archive_entry_set_filetype(header, AE_IFREG);
      archive_entry_set_size(header, entry.size);
      for (const Extent& extent : entry.data) archive_entry_sparse_add_entry(header, extent.offset, extent.length);
      break;
    case TarEntry::Kind::folder:
      archive_entry_set_filetype(header, AE_IFDIR);
      break;
    case TarEntry::Kind::symlink:
      archive_entry_set_filetype(header, AE_IFLNK);
      archive_entry_set_symlink(header, entry.target.c_str());
      break;
    case TarEntry::Kind::hard_link:
      archive_entry_set_filetype(header, AE_IFREG);
      archive_entry_set_hardlink(header, entry.target.c_str());
      break;
    case TarEntry::Kind::character_device:
    case TarEntry::Kind::block_device:
      archive_entry_set_filetype(header, entry.kind == TarEntry::Kind::block_device ? AE_IFBLK : AE_IFCHR);
      archive_entry_set_rdev(header, entry.device);
      break;
  }
  if (!entry.capabilities.empty())
    archive_entry_xattr_add_entry(header, "security.capability", entry.capabilities.data(), entry.capabilities.size());
  stream_->check(archive_write_header(stream_->handle.get(), header));
}

void TarWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const la_ssize_t count = archive_write_data(stream_->handle.get(), bytes.data(), bytes.size());
    stream_->check(count);
    if (count <= 0) throw Error(format("writing {} into the tar stream: it got longer than announced", stream_->name));
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void TarWriter::finish() {
  stream_->check(archive_write_close(stream_->handle.get()));
}

}  // namespace belay::archive
