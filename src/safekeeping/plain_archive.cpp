#include "safekeeping/plain_archive.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"

namespace belay::safekeeping {

ArchivePath way_in_archive(const std::string& name) {
  ArchivePath way;
  for (const auto& part : split(name, '/'))
    if (!part.empty() && part != ".") way.emplace_back(part);
  return way;
}

bool leads_into(const ArchivePath& path, const ArchivePath& folder) {
  return path.size() >= folder.size() && std::equal(folder.begin(), folder.end(), path.begin());
}

std::string MountPoint::name() const {
  return join(way, "/");
}

PlainArchive::PlainArchive(const fs::path& path, ReadProgress progress) : path_(path), progress_(std::move(progress)) {
  file_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_ && errno == ENOENT)
    throw NotFound(ErrorCode::file_not_found, format("there is no file {}", printable(path.string())));
  if (!file_) throw system_error(format("opening {}", printable(path.string())), errno);
  struct stat status{};
  if (::fstat(file_.raw(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(ErrorCode::bad_archive, format("{} is not a file", printable(path.string())));
  size_ = status.st_size;
  gzip_ = std::make_unique<archive::Decompressor>([this](std::span<char> room) { return read(room); });
  if (gzip_->kind() != archive::Compression::gzip)
    throw Error(ErrorCode::bad_archive, format("{} is not a .tar.gz file", printable(path.string())),
                "What belay backup makes is restored with: belay restore NAME FILE");
}

std::size_t PlainArchive::read(std::span<char> room) {
  for (;;) {
    const ssize_t count = ::read(file_.raw(), room.data(), room.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(format("reading {}", printable(path_.string())), errno);
    read_ += count;
    if (progress_) progress_(read_, size_);
    return static_cast<std::size_t>(count);
  }
}

archive::ExtractLimits PlainArchive::limits() {
  archive::ExtractLimits allowed;
  allowed.absolute_names = true;
  return allowed;
}

void PlainArchive::read_to_the_end() {
  std::vector<char> room(64 << 10);
  while (gzip_->read(room) > 0) {
  }
}

}  // namespace belay::safekeeping
