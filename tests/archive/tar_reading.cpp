#include "tar_reading.h"

#include <archive.h>
#include <archive_entry.h>
#include <memory>
#include <stdexcept>

namespace belay::archive {

namespace {

char type_of(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) return 'h';
  switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
      return 'd';
    case AE_IFLNK:
      return 'l';
    case AE_IFCHR:
      return 'c';
    case AE_IFBLK:
      return 'b';
    default:
      return '-';
  }
}

std::string text(const char* chars) {
  return chars != nullptr ? chars : "";
}

// The reader gives no bytes for a hole at the end: it is filled up with zeros here.
std::string content_of(::archive* reader, long long size, bool with_holes) {
  std::string content(static_cast<size_t>(size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const la_ssize_t count = archive_read_data(reader, content.data() + filled, content.size() - filled);
    if (count < 0) throw std::runtime_error(archive_error_string(reader));
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  if (!with_holes) content.resize(filled);
  return content;
}

}  // namespace

std::vector<ReadEntry> read_tar(const std::string& bytes) {
  const std::unique_ptr<::archive, int (*)(::archive*)> reader(archive_read_new(), archive_read_free);
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    throw std::runtime_error(archive_error_string(reader.get()));
  std::vector<ReadEntry> entries;
  for (;;) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) throw std::runtime_error(archive_error_string(reader.get()));
    ReadEntry read;
    read.name = text(archive_entry_pathname(entry));
    read.type = type_of(entry);
    read.permissions = archive_entry_perm(entry);
    read.uid = static_cast<long>(archive_entry_uid(entry));
    read.gid = static_cast<long>(archive_entry_gid(entry));
    read.owner_name = text(archive_entry_uname(entry)) + text(archive_entry_gname(entry));
    read.modified = archive_entry_mtime(entry);
    read.nanoseconds = archive_entry_mtime_nsec(entry);
    read.size = archive_entry_size(entry);
    read.target = read.type == 'h' ? text(archive_entry_hardlink(entry)) : text(archive_entry_symlink(entry));
    read.holes = archive_entry_sparse_count(entry);
    if (read.type == '-') read.content = content_of(reader.get(), read.size, read.holes > 0);
    entries.push_back(std::move(read));
  }
  // The reader takes the mere end of the bytes for the end of the archive; a whole one ends with zeros.
  if (bytes.size() < 1024 || bytes.find_first_not_of('\0', bytes.size() - 1024) != std::string::npos)
    throw std::runtime_error("the end of the archive is missing");
  return entries;
}

}  // namespace belay::archive
